package replica_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/wire"
)

// narrow is a network of one peer to which the way has room for so many frames, and a clock of its own.
type narrow struct {
	frame  func(geo.ID, uint8, string, []byte) bool
	peer   func(geo.Peer)
	room   int
	tried  int
	now    time.Duration
	timers map[*func()]time.Duration
}

func (n *narrow) Self() geo.ID                { return "self" }
func (n *narrow) Open(string) error           { return nil }
func (n *narrow) Shut(string)                 {}
func (n *narrow) Publish(string, []byte) bool { return true }
func (n *narrow) Keep([]geo.ID)               {}
func (n *narrow) Now() int64                  { return int64(1e18 + n.now) }

func (n *narrow) Serve(frame func(geo.ID, uint8, string, []byte) bool, peer func(geo.Peer), _ func(geo.Drop)) {
	n.frame, n.peer = frame, peer
}

func (n *narrow) Send(_ geo.ID, lane uint8, _ []byte) bool {
	if lane != geo.LaneFetch {
		return true
	}
	n.tried++
	n.room--
	return n.room >= 0
}

func (n *narrow) After(d time.Duration, f func()) (stop func() bool) {
	n.timers[&f] = n.now + d
	return func() bool {
		_, waits := n.timers[&f]
		delete(n.timers, &f)
		return waits
	}
}

func (n *narrow) run(d time.Duration) {
	for end := n.now + d; ; {
		var first *func()
		for f, at := range n.timers {
			if at <= end && (first == nil || at < n.timers[first]) {
				first = f
			}
		}
		if first == nil {
			n.now = end
			return
		}
		n.now = max(n.now, n.timers[first])
		delete(n.timers, first)
		(*first)()
	}
}

// ask has the peer ask for a key so many times.
func (n *narrow) ask(t *testing.T, times int, key string) {
	for i := range times {
		b, err := wire.Encode(&wire.Fetch{Cache: "c", ID: uint64(i), Wants: []wire.Want{{Key: key}}})
		if err != nil {
			t.Fatal(err)
		}
		n.frame("peer", geo.LaneFetch, "", b)
	}
}

// TestAskerThatReadsNothing: however much it asks, this node tries now and then, keeps little, and has nothing left of it
// in the end. Who reads again is answered.
func TestAskerThatReadsNothing(t *testing.T) {
	n := &narrow{timers: map[*func()]time.Duration{}}
	e := replica.New(replica.Config{Net: n, Clock: n, Rand: rand.New(rand.NewPCG(1, 1))})
	c, err := e.Open(standard)
	if err != nil {
		t.Fatal(err)
	}
	c.Store().Set("k", replica.BlobOf([]byte("v")), 1000_000)
	n.peer(geo.Peer{ID: "peer", Connected: true})
	n.run(time.Second)
	timers := len(n.timers)
	n.ask(t, 100_000, "k")
	if n.tried > 1 || len(n.timers) > timers+1 {
		t.Fatalf("tried %d times, %d timers of %d before", n.tried, len(n.timers), timers)
	}
	if n.run(time.Second); n.tried > 210 {
		t.Errorf("tried %d times in a second", n.tried)
	}
	n.tried, n.room = 0, 1<<30
	if n.run(10 * time.Millisecond); n.tried < 1000 || n.tried > 20_000 {
		t.Errorf("%d answers to 100000 questions were kept", n.tried)
	}
	n.tried, n.room = 0, 0
	n.ask(t, 2000, strings.Repeat("k", 1000))
	if n.run(10 * time.Second); n.tried > 1000 {
		t.Errorf("tried %d times when the asker had given up", n.tried)
	}
	n.tried, n.room = 0, 1<<30
	n.peer(geo.Peer{ID: "peer"})
	n.peer(geo.Peer{ID: "peer", Connected: true})
	if n.ask(t, 10, "k"); n.tried != 10 {
		t.Errorf("%d answers to 10 questions", n.tried)
	}
}
