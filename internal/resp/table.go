package resp

import "strings"

// command is a row of the table: what COMMAND tells of it, and what answers it.
type command struct {
	name  string
	arity int    // how many words it takes, its name included; negative: at least that many
	keys  span3  // where its keys stand
	flags string // Redis's, separated by spaces
	group string // Redis's
	about string // one line for people
	open  bool   // answered before the password is given
	do    func(c *client, args [][]byte)
}

// span3 tells where keys stand in a command: the first, the last (negative: from the end), each how many words. The
// zero value: nowhere.
type span3 struct{ first, last, step int }

var (
	oneKey   = span3{1, 1, 1}
	allKeys  = span3{1, -1, 1}
	keyPairs = span3{1, -1, 2}
)

func (d *command) takes(words int) bool {
	return words == d.arity || d.arity < 0 && words >= -d.arity
}

// commands by name, in lower case; subcommands by "name|sub". Filled at start because COMMAND answers from it.
var commands = map[string]*command{}

func init() {
	for _, rows := range [][]command{stringCommands, keyCommands, expiryCommands, connectionCommands, serverCommands} {
		for i := range rows {
			commands[rows[i].name] = &rows[i]
		}
	}
}

var stringCommands = []command{
	{name: "get", arity: 2, keys: oneKey, flags: "readonly fast", group: "string", do: get,
		about: "The value of a key, from here or the nearest peer."},
	{name: "set", arity: -3, keys: oneKey, flags: "write denyoom", group: "string", do: set,
		about: "Sets a key; without a time it lives as long as the cache allows."},
	{name: "setex", arity: 4, keys: oneKey, flags: "write denyoom", group: "string", do: setex,
		about: "Sets a key and its life in seconds."},
	{name: "psetex", arity: 4, keys: oneKey, flags: "write denyoom", group: "string", do: setex,
		about: "Sets a key and its life in milliseconds."},
	{name: "getex", arity: -2, keys: oneKey, flags: "write fast", group: "string", do: getex,
		about: "The value of a key, after changing its life."},
	{name: "getdel", arity: 2, keys: oneKey, flags: "write fast", group: "string", do: getdel,
		about: "The value of a key, after deleting it."},
	{name: "mget", arity: -2, keys: allKeys, flags: "readonly fast", group: "string", do: mget,
		about: "The values of keys; one round to peers for all that are missing."},
	{name: "mset", arity: -3, keys: keyPairs, flags: "write denyoom", group: "string", do: mset,
		about: "Sets keys, one after the other."},
}

var keyCommands = []command{
	{name: "del", arity: -2, keys: allKeys, flags: "write", group: "generic", do: del,
		about: "Deletes keys on every node; counts those that were held here."},
	{name: "unlink", arity: -2, keys: allKeys, flags: "write fast", group: "generic", do: del,
		about: "The same as DEL."},
	{name: "exists", arity: -2, keys: allKeys, flags: "readonly fast", group: "generic", do: exists,
		about: "How many of the keys GET would find."},
	{name: "type", arity: 2, keys: oneKey, flags: "readonly fast", group: "generic", do: kind,
		about: "string, or none."},
	{name: "dbsize", arity: 1, flags: "readonly fast", group: "server", do: dbsize,
		about: "How many entries are held here."},
	{name: "scan", arity: -2, flags: "readonly", group: "generic", do: scan,
		about: "Some of the keys held here, and where to go on."},
	{name: "keys", arity: 2, flags: "readonly", group: "generic", do: keys,
		about: "The keys held here that match."},
	{name: "flushdb", arity: -1, flags: "write", group: "server", do: flush,
		about: "Drops everything written before it, on every node."},
	{name: "flushall", arity: -1, flags: "write", group: "server", do: flush,
		about: "The same as FLUSHDB."},
}

var expiryCommands = []command{
	{name: "expire", arity: -3, keys: oneKey, flags: "write fast", group: "generic", do: expire,
		about: "Gives a key this many seconds from now."},
	{name: "pexpire", arity: -3, keys: oneKey, flags: "write fast", group: "generic", do: expire,
		about: "Gives a key this many milliseconds from now."},
	{name: "expireat", arity: -3, keys: oneKey, flags: "write fast", group: "generic", do: expire,
		about: "Ends a key at a Unix time in seconds."},
	{name: "pexpireat", arity: -3, keys: oneKey, flags: "write fast", group: "generic", do: expire,
		about: "Ends a key at a Unix time in milliseconds."},
	{name: "ttl", arity: 2, keys: oneKey, flags: "readonly fast", group: "generic", do: ttl,
		about: "The life that a key has left, in seconds."},
	{name: "pttl", arity: 2, keys: oneKey, flags: "readonly fast", group: "generic", do: ttl,
		about: "The life that a key has left, in milliseconds."},
	{name: "expiretime", arity: 2, keys: oneKey, flags: "readonly fast", group: "generic", do: ttl,
		about: "The Unix time in seconds at which a key ends."},
	{name: "pexpiretime", arity: 2, keys: oneKey, flags: "readonly fast", group: "generic", do: ttl,
		about: "The Unix time in milliseconds at which a key ends."},
}

var connectionCommands = []command{
	{name: "ping", arity: -1, flags: "fast", group: "connection", do: ping, about: "PONG, or what was sent."},
	{name: "echo", arity: 2, flags: "fast", group: "connection", do: echo, about: "What was sent."},
	{name: "hello", arity: -1, flags: "noscript fast no_auth", group: "connection", open: true, do: hello,
		about: "Chooses RESP2 or RESP3, and tells who answers."},
	{name: "auth", arity: -2, flags: "noscript fast no_auth", group: "connection", open: true, do: auth,
		about: "Gives the password."},
	{name: "select", arity: 2, flags: "fast", group: "connection", do: selectDB, about: "There is database 0."},
	{name: "quit", arity: -1, flags: "fast no_auth", group: "connection", open: true, do: quit,
		about: "Closes the connection."},
	{name: "client", arity: -2, flags: "noscript", group: "connection", do: subcommand,
		about: "ID, INFO, SETNAME, GETNAME, SETINFO."},
	{name: "client|id", arity: 2, flags: "fast", group: "connection", do: clientID, about: "The number of this connection."},
	{name: "client|info", arity: 2, flags: "fast", group: "connection", do: clientInfo, about: "This connection, in a line."},
	{name: "client|getname", arity: 2, flags: "fast", group: "connection", do: clientGetName, about: "The name of this connection."},
	{name: "client|setname", arity: 3, flags: "fast", group: "connection", do: clientSetName, about: "Names this connection."},
	{name: "client|setinfo", arity: 4, flags: "fast", group: "connection", do: clientSetInfo, about: "Accepts what a client library says of itself."},
}

var serverCommands = []command{
	{name: "command", arity: -1, flags: "loading", group: "server", do: subcommand, about: "COUNT, DOCS, INFO, LIST."},
	{name: "command|count", arity: 2, group: "server", do: commandCount, about: "How many commands there are."},
	{name: "command|docs", arity: -2, group: "server", do: commandDocs, about: "What commands do."},
	{name: "command|info", arity: -2, group: "server", do: commandInfo, about: "How commands are called."},
	{name: "command|list", arity: 2, group: "server", do: commandList, about: "The names of the commands."},
	{name: "info", arity: -1, flags: "loading", group: "server", do: info, about: "The state of the node, as text."},
	{name: "wait", arity: 3, flags: "noscript", group: "generic", do: wait,
		about: "Waits until so many other nodes have all that was written here, at most so many milliseconds."},
	{name: "geolru", arity: -2, flags: "readonly", group: "server", do: subcommand,
		about: "PEERS, ADDRS, STATS, EXPLAIN key."},
	{name: "geolru|peers", arity: 2, group: "server", do: geoPeers, about: "The other nodes, nearest first."},
	{name: "geolru|addrs", arity: 2, group: "server", do: geoAddrs, about: "Where this node can be dialled."},
	{name: "geolru|stats", arity: 2, group: "server", do: geoStats, about: "What this cache has done."},
	{name: "geolru|explain", arity: 3, group: "server", do: geoExplain, about: "What each reachable node knows of a key."},
}

// subcommand answers NAME SUB …, and for COMMAND alone everything.
func subcommand(c *client, args [][]byte) {
	if len(args) == 1 {
		commandInfo(c, append(args, nil))
		return
	}
	name := c.cmd.name + "|" + strings.ToLower(string(args[1]))
	sub, ok := commands[name]
	switch {
	case !ok:
		sub := string(args[1][:min(len(args[1]), 128)])
		c.out.error("ERR unknown subcommand '" + sub + "'. Try COMMAND DOCS " + strings.ToUpper(c.cmd.name) + ".")
	case !sub.takes(len(args)):
		c.out.error("ERR wrong number of arguments for '" + name + "' command")
	default:
		c.cmd = sub
		sub.do(c, args)
	}
}
