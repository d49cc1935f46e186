package resp

import (
	"fmt"
	"strings"
)

// redisVersion is the Redis whose texts and options are answered: clients look at it to know what they may ask.
const redisVersion = "7.0.15"

func ping(c *client, args [][]byte) {
	switch len(args) {
	case 1:
		c.out.status("PONG")
	case 2:
		c.out.bulk(args[1])
	default:
		c.out.error("ERR wrong number of arguments for 'ping' command")
	}
}

func echo(c *client, args [][]byte) { c.out.bulk(args[1]) }

func quit(c *client, _ [][]byte) {
	c.out.ok()
	c.gone = true
}

func selectDB(c *client, args [][]byte) {
	switch n, ok := parseInt(args[1]); {
	case !ok:
		c.out.error(errInteger)
	case n != 0:
		c.out.error("ERR DB index is out of range")
	default:
		c.out.ok()
	}
}

func auth(c *client, args [][]byte) {
	user, password := []byte("default"), args[1]
	if len(args) == 3 {
		user, password = args[1], args[2]
	}
	switch {
	case len(args) > 3:
		c.out.error(errSyntax)
	case len(args) == 2 && c.Password == "":
		c.out.error("ERR AUTH <password> called without any password configured for the default user. " +
			"Are you sure your configuration is correct?")
	case !c.admits(user, password):
		c.out.error(errPassword)
	default:
		c.out.ok()
	}
}

const errPassword = "WRONGPASS invalid username-password pair or user is disabled."

// greeting is what a HELLO asks for.
type greeting struct {
	proto          int
	user, password []byte // nil: no AUTH
	name           []byte // nil: no SETNAME
}

func hello(c *client, args [][]byte) {
	g, problem := parseHello(args[1:], c.out.proto)
	switch {
	case problem != "":
		c.out.error(problem)
	case g.user != nil && !c.admits(g.user, g.password):
		c.out.error(errPassword)
	case !c.known:
		c.out.error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO " +
			"<proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol " +
			"version at the same time")
	case g.name != nil && !validName(g.name):
		c.out.error(errName)
	default:
		if g.name != nil {
			c.name = string(g.name)
		}
		c.out.proto = g.proto
		c.introduce()
	}
}

func parseHello(words [][]byte, proto int) (g greeting, problem string) {
	g.proto = proto
	if len(words) == 0 {
		return g, ""
	}
	switch n, ok := parseInt(words[0]); {
	case !ok:
		return g, "ERR Protocol version is not an integer or out of range"
	case n < 2 || n > 3:
		return g, "NOPROTO unsupported protocol version"
	default:
		g.proto = int(n)
	}
	for words = words[1:]; len(words) > 0; {
		switch word := strings.ToLower(string(words[0])); {
		case word == "auth" && len(words) >= 3:
			g.user, g.password, words = words[1], words[2], words[3:]
		case word == "setname" && len(words) >= 2:
			g.name, words = words[1], words[2:]
		default:
			return g, "ERR Syntax error in HELLO option '" + string(words[0]) + "'"
		}
	}
	return g, ""
}

// introduce answers HELLO.
func (c *client) introduce() {
	c.out.fields(7)
	for _, f := range [][2]string{{"server", "geolru"}, {"version", redisVersion}, {"mode", "standalone"}, {"role", "master"}} {
		c.out.text(f[0])
		c.out.text(f[1])
	}
	c.out.text("proto")
	c.out.int(int64(c.out.proto))
	c.out.text("id")
	c.out.int(c.id)
	c.out.text("modules")
	c.out.array(0)
}

const errName = "ERR Client names cannot contain spaces, newlines or special characters."

// validName: the printable part of ASCII, for names stand in lists that people read.
func validName(name []byte) bool {
	for _, b := range name {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

func clientID(c *client, _ [][]byte) { c.out.int(c.id) }

func clientInfo(c *client, _ [][]byte) {
	c.out.verbatim(fmt.Sprintf("id=%d addr=%s laddr=%s name=%s db=0 resp=%d\n",
		c.id, c.conn.RemoteAddr(), c.conn.LocalAddr(), c.name, c.out.proto))
}

func clientGetName(c *client, _ [][]byte) { c.out.bulkOrNull([]byte(c.name), c.name != "") }

func clientSetName(c *client, args [][]byte) {
	if !validName(args[2]) {
		c.out.error(errName)
		return
	}
	c.name = string(args[2])
	c.out.ok()
}

func clientSetInfo(c *client, args [][]byte) {
	switch strings.ToLower(string(args[2])) {
	case "lib-name", "lib-ver":
		c.out.ok()
	default:
		c.out.error("ERR Unrecognized option '" + string(args[2]) + "'")
	}
}
