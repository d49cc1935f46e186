package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// soon is when a drop is mended at the latest here: half a second and a fifth, a probe, a pull and one back, 40 ms each.
const soon = 600*time.Millisecond + 3*40*time.Millisecond + 10*time.Millisecond

// quietly is a mesh whose next periodic rounds are a minute off.
func quietly(t *testing.T, nodes int) *mesh {
	m := newMesh(t, nodes)
	for i := range m.caches {
		m.caches[i].PutOffRounds(time.Minute)
	}
	return m
}

func (m *mesh) sum() (c replica.Counters) {
	for _, n := range m.Nodes() {
		c = c.Plus(n.Engine.Counters())
	}
	return c
}

// TestDropToAPeerIsMended: the last write before a silence does not fit into the queue of a peer, which does not know of it.
func TestDropToAPeerIsMended(t *testing.T) {
	m := quietly(t, 3)
	m.Links.Queue = 1
	for i := range 3 {
		m.set(0, "k", fmt.Sprint(i))
		m.Run(3 * time.Millisecond)
	}
	m.Links.Queue = 0
	m.Run(50 * time.Millisecond)
	if m.get(1, "k") == "2" || m.sum().Lost == 0 {
		t.Fatalf("nothing was dropped: %+v", m.sum())
	}
	m.want(1, "k", "2", soon)
	m.want(2, "k", "2", 200*time.Millisecond)
	if c := m.sum(); c.Doubts != 2 {
		t.Errorf("%d comparisons for %d drops between two pairs", c.Doubts, c.Lost)
	}
}

// TestDropHereIsMended: a node that has no time for what comes asks whom it came from.
func TestDropHereIsMended(t *testing.T) {
	m := quietly(t, 2)
	m.Links.Queue, m.Links.Work = 1, 200*time.Millisecond
	for i := range 3 {
		m.set(0, fmt.Sprint("k", i), "v")
		m.Run(25 * time.Millisecond) // longer than the way, so that nothing waits there
	}
	m.Links.Queue, m.Links.Work = 0, 0
	c := m.Nodes()[1].Engine.Counters()
	if c.Lost == 0 || m.Nodes()[0].Engine.Counters().Lost != 0 {
		t.Fatal("nothing was dropped, or on the way")
	}
	m.wantSure(1, false, "it knows that it lacks something")
	for i := range 3 {
		m.want(1, fmt.Sprint("k", i), "v", soon)
	}
	m.Run(100 * time.Millisecond)
	m.wantSure(1, true, "it has it")
}

// TestWindowWidensWhilePeersDrop, and narrows when they do no more.
func TestWindowWidensWhilePeersDrop(t *testing.T) {
	m := quietly(t, 2)
	batches := func() uint64 {
		before := m.sum().Published
		for i := range 1000 {
			m.set(0, fmt.Sprint("k", i), "v")
			m.Run(time.Millisecond)
		}
		return m.sum().Published - before
	}
	if n := batches(); n < 400 {
		t.Errorf("%d batches in a second where nothing is dropped", n)
	}
	m.Links.Queue = 1
	if n := batches(); n > 60 {
		t.Errorf("%d batches in a second while they are dropped", n)
	}
	if m.sum().Wide == 0 {
		t.Error("not counted")
	}
	m.Links.Queue = 0
	m.Run(2 * time.Second)
	if n := batches(); n < 400 {
		t.Errorf("%d batches in a second when it is over", n)
	}
	m.want(1, "k999", "v", soon)
}

// TestDropsGoOn: however many there are, a peer is probed for them twice a second or so.
func TestDropsGoOn(t *testing.T) {
	m := quietly(t, 2)
	m.Links.Queue, m.Links.Delay = 1, 100*time.Millisecond
	for i := range 4000 {
		m.set(0, fmt.Sprint("k", i), "v")
		m.Run(2500 * time.Microsecond)
	}
	if c := m.sum(); c.Lost < 200 || c.Doubts > 26 {
		t.Errorf("%d comparisons in 10 s, for %d drops", c.Doubts, c.Lost)
	}
	m.Links.Queue = 0
	m.Run(2 * time.Second)
	for i := range 4000 {
		if k := fmt.Sprint("k", i); m.get(1, k) != "v" {
			t.Fatalf("%s is missing", k)
		}
	}
}

// TestDropOfNobody: the network may tell of caches and peers that are gone.
func TestDropOfNobody(t *testing.T) {
	m := quietly(t, 3)
	n := &telling{Node: m.Nodes()[0]}
	e := replica.New(replica.Config{Net: n, Clock: m.Nodes()[0], Rand: m.Rand})
	if _, err := e.Open(standard); err != nil {
		t.Fatal(err)
	}
	n.drop(geo.Drop{Cache: "other", Peer: "node-001", N: 1})
	n.drop(geo.Drop{Cache: "c", Peer: "nobody", N: 2})
	n.drop(geo.Drop{Cache: "c", Peer: "nobody", Here: true, N: 3})
	n.drop(geo.Drop{Cache: "c", N: 4})
	if c := e.Counters(); c.Lost != 9 {
		t.Errorf("%d lost of 9", c.Lost)
	}
	e.Close()
	m.Run(time.Second)
}

// telling is a network that hands out what it is to tell drops to.
type telling struct {
	*sim.Node
	drop func(geo.Drop)
}

func (n *telling) Serve(_ func(geo.ID, uint8, string, []byte) bool, _ func(geo.Peer), drop func(geo.Drop)) {
	n.drop = drop
}
