package resp

import (
	"strings"
	"testing"
	"time"

	"github.com/geolru/geolru"
)

// until waits for what must become true.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !holds(); {
		select {
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// A node that had to evict a key answers every command about it as GET would: from the peer that holds it.
func TestCommandsSeeWhatAPeerHolds(t *testing.T) {
	far := join(t)
	theirs, err := geolru.Open(geolru.Options[[]byte]{TTL: time.Hour, Node: far})
	if err != nil {
		t.Fatal(err)
	}
	near := join(t, far)
	s, addr := startCache(t, Config{Node: near}, geolru.Options[[]byte]{TTL: time.Hour, Node: near, Capacity: 1})
	w := dial(t, addr)
	for i, c := range []struct{ line, want string }{ // V stands for what the peer wrote
		{"get k", "$1\r\nV\r\n"},
		{"mget k", "*1\r\n$1\r\nV\r\n"},
		{"exists k", yes},
		{"type k", "+string\r\n"},
		{"ttl k", ":3600\r\n"},
		{"set k other nx", null},
		{"set k other xx", ok},
		{"set k other get", "$1\r\nV\r\n"},
		{"expire k 100", yes},
		{"getex k ex 100", "$1\r\nV\r\n"},
		{"getdel k", "$1\r\nV\r\n"},
		{"del k", ""},
	} {
		value := string(rune('a' + i))
		theirs.Set("k", []byte(value))
		until(t, "the write is known here", func() bool { v, ok := s.Cache.GetIfPresent("k"); return ok && string(v) == value })
		until(t, "k is evicted", func() bool { // a sync that was under way may bring it once more
			w.want("set other 1", ok)
			_, here := s.Cache.Deadline("k")
			return !here
		})
		switch c.line {
		case "ttl k":
			if n := w.number(c.line); n < 3000 || n > 3600 {
				t.Errorf("ttl: %d", n)
			}
		case "del k": // counts what is here, and such a sync may still end
			if n := w.number(c.line); n > 1 {
				t.Errorf("del: %d", n)
			}
		default:
			w.want(c.line, strings.ReplaceAll(c.want, "V", value))
		}
		w.want("wait 1 0", yes) // or their next write might be the earlier one
	}
	until(t, "DEL has come to the peer", func() bool { _, ok := theirs.GetIfPresent("k"); return !ok })
}

func TestGeolruCommands(t *testing.T) {
	a := join(t)
	_, addrA := start(t, Config{Node: a})
	b := join(t, a)
	_, addrB := start(t, Config{Node: b})
	w := dial(t, addrB)
	until(t, "they are connected", func() bool { return strings.Contains(w.ask("geolru peers"), "connected\r\n:1\r\n") })
	if got := w.ask("geolru peers"); !strings.HasPrefix(got, "*1\r\n*14\r\n$2\r\nid\r\n") || !strings.Contains(got, a.ID()) {
		t.Errorf("peers: %q", got)
	}
	if got := w.ask("geolru addrs"); !strings.Contains(got, b.Addrs()[0]) {
		t.Errorf("addrs: %q", got)
	}
	w.want("set k v", ok)
	w.want("wait 1 0", yes)
	dial(t, addrA).want("get k", "$1\r\nv\r\n")
	got := w.ask("geolru explain k")
	if strings.Count(got, "$5\r\nstate\r\n$5\r\nvalue\r\n") != 2 || strings.Count(got, "$6\r\nwriter\r\n$52\r\n"+b.ID()) != 2 {
		t.Errorf("explain: %q", got)
	}
}

func TestWait(t *testing.T) {
	s, addr := start(t, Config{Node: join(t)})
	w := dial(t, addr)
	w.send("wait 1 1\r\nping\r\n")
	if got := w.answers(2); got != ":0\r\n+PONG\r\n" {
		t.Errorf("got %q", got)
	}
	w.want("wait 1 1", zero)
	w.want("ping", "+PONG\r\n")

	// Nobody waits for ever for a client that has hung up.
	w.send("wait 1 0\r\n")
	w.conn.Close()
	until(t, "the client is gone", func() bool { return s.connected() == 0 })
}
