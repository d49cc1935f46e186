package resp

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	ok   = "+OK\r\n"
	null = "$-1\r\n"
	zero = ":0\r\n"
	yes  = ":1\r\n"
)

// line and answer, in turn.
type talk [][2]string

func TestConversations(t *testing.T) {
	conversations := map[string]talk{
		"strings": {
			{"get a", null},
			{"set a 1", ok},
			{"get a", "$1\r\n1\r\n"},
			{`set "k\r\n" "\x00\xff"`, ok},
			{`get "k\r\n"`, "$2\r\n\x00\xff\r\n"},
			{`set e ""`, ok},
			{"get e", "$0\r\n\r\n"},
			{"setex a 100 2", ok},
			{"psetex a 100000 3", ok},
			{"get a", "$1\r\n3\r\n"},
			{"mset a 1 b 2 a 3", ok},
			{"mget a nope b a", "*4\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n$1\r\n3\r\n"},
			{"getdel a", "$1\r\n3\r\n"},
			{"getdel a", null},
			{"GET a", null},
		},
		"conditions": {
			{"set a 1 xx", null},
			{"set a 1 nx", ok},
			{"set a 2 NX", null},
			{"get a", "$1\r\n1\r\n"},
			{"set a 2 xx get", "$1\r\n1\r\n"},
			{"set a 3 nx get", "$1\r\n2\r\n"},
			{"get a", "$1\r\n2\r\n"},
			{"set b 1 get", null},
			{"get b", "$1\r\n1\r\n"},
			{"set c 1 exat 1", ok},
			{"get c", null},
			{"set a 1 exat 1 xx", ok},
			{"exists a", zero},
		},
		"keys": {
			{"mset a 1 b 2 c 3", ok},
			{"exists a b nope a", ":3\r\n"},
			{"type a", "+string\r\n"},
			{"type nope", "+none\r\n"},
			{"dbsize", ":3\r\n"},
			{"del a nope", yes},
			{"unlink b c", ":2\r\n"},
			{"dbsize", zero},
			{"set a 1", ok},
			{"flushdb", ok},
			{"get a", null},
			{"set a 1", ok},
			{"flushall async", ok},
			{"keys *", "*0\r\n"},
		},
		"expiry": {
			{"ttl nope", ":-2\r\n"},
			{"pttl nope", ":-2\r\n"},
			{"expiretime nope", ":-2\r\n"},
			{"expire nope 10", zero},
			{"set a 1", ok},
			{"expire a 10", yes},
			{"expire a 20 nx", zero},
			{"expire a 20 xx", yes},
			{"expire a 5 gt", zero},
			{"expire a 100 lt", zero},
			{"get a", "$1\r\n1\r\n"},
			{"expire a 0", yes},
			{"get a", null},
			{"set a 1", ok},
			{"pexpire a -1", yes},
			{"exists a", zero},
			{"set a 1", ok},
			{"expireat a 1", yes},
			{"expireat a 1", zero},
			{"set a 1", ok},
			{"pexpireat a -9223372036854775808", yes},
			{"getex nope ex 0", null},
			{"set a 1", ok},
			{"getex a", "$1\r\n1\r\n"},
			{"getex a ex 10", "$1\r\n1\r\n"},
			{"getex a pxat 1", "$1\r\n1\r\n"},
			{"getex a", null},
		},
		"connection": {
			{"ping", "+PONG\r\n"},
			{"PING hi", "$2\r\nhi\r\n"},
			{"echo 'a b'", "$3\r\na b\r\n"},
			{"select 0", ok},
			{"client getname", null},
			{"client setname me", ok},
			{"client getname", "$2\r\nme\r\n"},
			{"client setinfo lib-name x", ok},
			{"client id", yes},
			{"command info nope", "*1\r\n$-1\r\n"},
			{"command info get", "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*0\r\n*0\r\n*0\r\n*0\r\n"},
			{"wait 0 1", zero},
			{"geolru peers", "*0\r\n"},
			{"geolru addrs", "*0\r\n"},
			{"hello 2 setname you", "*14\r\n$6\r\nserver\r\n$6\r\ngeolru\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n" +
				"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:1\r\n$7\r\nmodules\r\n*0\r\n"},
			{"client getname", "$3\r\nyou\r\n"},
		},
		"RESP3": {
			{"hello 3", "%7\r\n$6\r\nserver\r\n$6\r\ngeolru\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n" +
				"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n$7\r\nmodules\r\n*0\r\n"},
			{"get nope", "_\r\n"},
			{"mget nope nope", "*2\r\n_\r\n_\r\n"},
			{"set a 1 xx", "_\r\n"},
			{"client getname", "_\r\n"},
			{"command info nope", "*1\r\n_\r\n"},
			{"command docs echo", "%1\r\n$4\r\necho\r\n%2\r\n$7\r\nsummary\r\n$14\r\nWhat was sent.\r\n$5\r\ngroup\r\n$10\r\nconnection\r\n"},
			{"info nope", "=4\r\ntxt:\r\n"},
		},
	}
	for name, lines := range conversations {
		t.Run(name, func(t *testing.T) {
			_, addr := start(t, Config{})
			w := dial(t, addr)
			for _, l := range lines {
				w.want(l[0], l[1])
			}
		})
	}
}

// The texts are those of Redis 7.0.15, but for "not supported", the bound of the cache and where help is found.
func TestErrorTexts(t *testing.T) {
	_, addr := start(t, Config{})
	w := dial(t, addr)
	for _, l := range (talk{
		{"foo a b", "ERR unknown command 'foo', with args beginning with: 'a' 'b' "},
		{`foo "a\r\nb" ` + strings.Repeat("y", 200) + " zz", "ERR unknown command 'foo', with args beginning with: 'a  b' '" + strings.Repeat("y", 121) + "' "},
		{`""`, "ERR unknown command '', with args beginning with: "},
		{"get", "ERR wrong number of arguments for 'get' command"},
		{"GET a b", "ERR wrong number of arguments for 'get' command"},
		{"set a", "ERR wrong number of arguments for 'set' command"},
		{"ping a b", "ERR wrong number of arguments for 'ping' command"},
		{"mset a 1 b", "ERR wrong number of arguments for 'mset' command"},
		{"client", "ERR wrong number of arguments for 'client' command"},
		{"client setname", "ERR wrong number of arguments for 'client|setname' command"},
		{"client foo", "ERR unknown subcommand 'foo'. Try COMMAND DOCS CLIENT."},
		{"command foo", "ERR unknown subcommand 'foo'. Try COMMAND DOCS COMMAND."},
		{"geolru foo", "ERR unknown subcommand 'foo'. Try COMMAND DOCS GEOLRU."},
		{"set a b c", "ERR syntax error"},
		{"set a b nx xx", "ERR syntax error"},
		{"set a b ex 1 px 1", "ERR syntax error"},
		{"set a b keepttl ex 1", "ERR syntax error"},
		{"set a b ex", "ERR syntax error"},
		{"set a b persist", "ERR syntax error"},
		{"set a b ex x", "ERR value is not an integer or out of range"},
		{"set a b ex 01", "ERR value is not an integer or out of range"},
		{"set a b px 99999999999999999999", "ERR value is not an integer or out of range"},
		{"set a b ex 0", "ERR invalid expire time in 'set' command"},
		{"set a b ex -1", "ERR invalid expire time in 'set' command"},
		{"set a b pxat 0", "ERR invalid expire time in 'set' command"},
		{"set a b ex 9223372036854775807", "ERR invalid expire time in 'set' command"},
		{"setex a 0 b", "ERR invalid expire time in 'setex' command"},
		{"setex a x b", "ERR value is not an integer or out of range"},
		{"psetex a -5 b", "ERR invalid expire time in 'psetex' command"},
		{"expire a x", "ERR value is not an integer or out of range"},
		{"expire a 9223372036854775807", "ERR invalid expire time in 'expire' command"},
		{"expire a 10 nx xx", "ERR NX and XX, GT or LT options at the same time are not compatible"},
		{"expire a 10 gt lt", "ERR GT and LT options at the same time are not compatible"},
		{"expire a 10 foo", "ERR Unsupported option foo"},
		{"getex a foo", "ERR syntax error"},
		{"getex a ex 1 persist", "ERR syntax error"},
		{"select x", "ERR value is not an integer or out of range"},
		{"select 1", "ERR DB index is out of range"},
		{"scan x", "ERR invalid cursor"},
		{"scan 0 count 0", "ERR syntax error"},
		{"scan 0 count x", "ERR value is not an integer or out of range"},
		{"scan 0 match", "ERR syntax error"},
		{"flushall foo", "ERR syntax error"},
		{"flushdb async sync", "ERR syntax error"},
		{"wait x 1", "ERR value is not an integer or out of range"},
		{"wait 1 x", "ERR timeout is not an integer or out of range"},
		{"wait 1 -1", "ERR timeout is negative"},
		{"auth x", "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"},
		{"auth a b c", "ERR syntax error"},
		{"hello 4", "NOPROTO unsupported protocol version"},
		{"hello x", "ERR Protocol version is not an integer or out of range"},
		{"hello 2 foo", "ERR Syntax error in HELLO option 'foo'"},
		{`client setname "a b"`, "ERR Client names cannot contain spaces, newlines or special characters."},
		{"incr a", "ERR 'incr' is not supported: a counter needs a merge that adds, and here the last writer wins: " +
			"concurrent increments in two regions would be lost"},
		{"persist a", "ERR 'persist' is not supported: every entry expires"},
		{"set a b ex 3601", "ERR invalid expire time in 'set' command: this cache keeps nothing longer than 1h0m0s"},
		{"setex a 3601 b", "ERR invalid expire time in 'setex' command: this cache keeps nothing longer than 1h0m0s"},
		{"expire a 3601", "ERR invalid expire time in 'expire' command: this cache keeps nothing longer than 1h0m0s"},
	}) {
		w.want(l[0], "-"+l[1]+"\r\n")
	}
	w.want("exists a", zero)
	w.want("ping", "+PONG\r\n")
}

func TestBoundsOfKeysAndValues(t *testing.T) {
	_, addr := start(t, Config{Node: join(t)})
	w := dial(t, addr)
	for _, words := range [][]string{
		{"set", "", "v"}, {"set", strings.Repeat("k", 1025), "v"}, {"set", "k", strings.Repeat("v", 8<<20+1)},
	} {
		w.send(bulks(words...))
		if got := w.answer(); !strings.HasPrefix(got, "-ERR ") || !strings.Contains(got, "1 to 1024 bytes") {
			t.Errorf("set %d B key, %d B value: got %q", len(words[1]), len(words[2]), got)
		}
	}
	value := strings.Repeat("v", 8<<20)
	w.send(bulks("set", strings.Repeat("k", 1024), value) + bulks("get", strings.Repeat("k", 1024)))
	if got := w.answer(); got != ok {
		t.Errorf("largest: got %q", got)
	}
	if got := w.answer(); got != fmt.Sprintf("$%d\r\n%s\r\n", len(value), value) {
		t.Errorf("largest comes back as %d bytes", len(got))
	}
}

func TestLivesAreWhatWasAskedFor(t *testing.T) {
	_, addr := start(t, Config{})
	w := dial(t, addr)
	in := func(line string, low, high int64) {
		t.Helper()
		if got := w.number(line); got < low || got > high {
			t.Errorf("%s: got %d, want %d to %d", line, got, low, high)
		}
	}
	// deadline asserts that the key ends life ms after a moment between two readings of the clock.
	deadline := func(life int64, line string) {
		t.Helper()
		before := time.Now().UnixMilli()
		w.ask(line)
		after := time.Now().UnixMilli()
		in("pexpiretime a", before+life, after+life+1)
	}
	// The usual life begins by a clock that is a millisecond old, or as old as a starved machine lets it become.
	w.ask("set a 1")
	in("pttl a", 3_540_000, 3_600_000)
	deadline(100_000, "set a 1 ex 100")
	deadline(100_001, "set a 1 px 100001")
	deadline(90_000, "expire a 90")
	deadline(200_000, "expire a 200")
	deadline(150_500, "pexpire a 150500")
	deadline(60_000, "getex a ex 60")
	at := time.Now().Add(30 * time.Minute).Truncate(time.Second)
	for _, line := range []string{
		fmt.Sprintf("set a 1 exat %d", at.Unix()), fmt.Sprintf("set a 1 pxat %d", at.UnixMilli()),
		fmt.Sprintf("pexpireat a %d", at.UnixMilli()), fmt.Sprintf("expireat a %d", at.Unix()),
	} {
		began := time.Now()
		w.ask(line)
		in("pexpiretime a", at.UnixMilli(), at.UnixMilli()+1+time.Since(began).Milliseconds())
	}
	was := w.number("pexpiretime a")
	w.want("set a 2 keepttl", ok)
	in("pexpiretime a", was, was)
	in("pttl a", 1, was-time.Now().UnixMilli()+time.Hour.Milliseconds())
	in("expiretime a", (was+500)/1000, (was+500)/1000)
	in("ttl a", 0, 1801)
}

func TestAnEntryEnds(t *testing.T) {
	_, addr := start(t, Config{})
	w := dial(t, addr)
	w.want("set a 1 px 1", ok)
	for w.ask("get a") != null {
	}
	w.want("exists a", zero)
	w.want("ttl a", ":-2\r\n")
}

func TestScanReturnsEveryKey(t *testing.T) {
	_, addr := start(t, Config{})
	w := dial(t, addr)
	for i := range 1000 {
		w.want(fmt.Sprintf("set k%d 1", i), ok)
	}
	w.want("set other 1", ok)
	seen := map[string]bool{}
	cursor := "0"
	for {
		lines := strings.Split(w.ask("scan "+cursor+" match k[0-9]* count 17"), "\r\n")
		cursor = lines[2] // *2, $n, cursor, *n, then $n and a key each
		for i := 5; i < len(lines); i += 2 {
			seen[lines[i]] = true
		}
		if cursor == "0" {
			break
		}
	}
	if len(seen) != 1000 || seen["other"] {
		t.Errorf("saw %d keys, want 1000", len(seen))
	}
	if got := w.ask("keys k99?"); !strings.HasPrefix(got, "*10\r\n") {
		t.Errorf("keys k99?: got %q", got)
	}
	if got := w.ask("scan 0 type list count 5000"); got != "*2\r\n$1\r\n0\r\n*0\r\n" {
		t.Errorf("scan of lists: got %q", got)
	}
}

func TestInfoAndStats(t *testing.T) {
	_, addr := start(t, Config{})
	w := dial(t, addr)
	w.want("set a 1", ok)
	text := w.ask("info")
	for _, part := range []string{"# Server\r\n", "redis_version:", "# Keyspace\r\ndb0:keys=1,expires=1", "connected_clients:1"} {
		if !strings.Contains(text, part) {
			t.Errorf("info lacks %q: %q", part, text)
		}
	}
	if got := w.ask("info keyspace"); strings.Contains(got, "Server") {
		t.Errorf("info keyspace: %q", got)
	}
	if got := w.ask("geolru stats"); !strings.Contains(got, "$4\r\nsets\r\n:1\r\n") {
		t.Errorf("stats: %q", got)
	}
	n := w.number("command count")
	if got := w.ask("command"); !strings.HasPrefix(got, "*"+strconv.FormatInt(n, 10)+"\r\n") {
		t.Errorf("command: %q", got[:20])
	}
}
