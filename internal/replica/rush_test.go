package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/sim"
)

// newcomers is a mesh of two that have just met.
func newcomers(t *testing.T) *mesh {
	m := &mesh{World: sim.New(1), t: t}
	m.add("here", standard)
	m.add("here", standard)
	m.Run(500 * time.Millisecond)
	return m
}

// rush has a node write more than one batch takes, again and again.
func (m *mesh) rush(i int, d time.Duration) {
	for n := range int(d / (10 * time.Millisecond)) {
		for k := range 600 {
			m.set(i, fmt.Sprint(n%4, "-", k), fmt.Sprint(n))
		}
		m.Run(10 * time.Millisecond)
	}
}

// What goes by gossip anyhow is not sent a second time to a peer that is new.
func TestRushIsNotRepeatedToANewPeer(t *testing.T) {
	m := newcomers(t)
	before := m.moved()
	m.rush(0, 3*time.Second)
	if n := m.moved() - before; n > 0 {
		t.Fatalf("%d records came by sync as well", n)
	}
}

// Nor by the rounds of one that is new.
func TestRushIsNotRepeatedByARound(t *testing.T) {
	m := newcomers(t)
	m.Run(3 * time.Second)
	pulls, _, moved := m.pulls()
	m.rush(0, 4*time.Second)
	if p, _, n := m.pulls(); n > moved || p == pulls {
		t.Fatalf("%d records came by %d syncs as well", n-moved, p-pulls)
	}
}

// Nor because a peer has hardly anything yet of all that is under way to it.
func TestRushIsNotABootstrap(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Delay = time.Second
	m.Run(10 * time.Second)
	pulls, settled, moved := m.pulls()
	m.rush(0, 1200*time.Millisecond)
	m.caches[1].PutOffRounds(-time.Minute)
	m.rush(0, 3*time.Second)
	if p, s, n := m.pulls(); n > moved || p == pulls || p-pulls != s-settled {
		t.Fatalf("%d records came by %d syncs as well, %d of them for what is settled", n-moved, p-pulls, s-settled)
	}
}

// What a new peer missed at the end of a rush it gets soon after.
func TestLossAtTheEndOfARushIsFoundWhenItIsOver(t *testing.T) {
	m := newcomers(t)
	m.rush(0, 2*time.Second)
	m.caches[0].PutOffRounds(time.Hour)
	m.caches[1].PutOffRounds(time.Hour)
	m.Links.Loss = 1
	m.set(0, "last", "x")
	m.Run(100 * time.Millisecond)
	m.Links.Loss = 0
	m.want(1, "last", "x", 3*time.Second)
}

// What a full queue dropped is asked for in a rush too.
func TestDropInARushIsMended(t *testing.T) {
	m := newcomers(t)
	m.rush(0, 2*time.Second)
	m.caches[0].PutOffRounds(time.Hour)
	m.caches[1].PutOffRounds(time.Hour)
	m.Links.Queue = 1
	for i := range 2 {
		m.set(0, "k", fmt.Sprint(i))
		m.Run(3 * time.Millisecond)
	}
	m.Links.Queue = 0
	m.Run(50 * time.Millisecond)
	if m.get(1, "k") == "1" || m.sum().Lost == 0 {
		t.Fatalf("nothing was dropped: %+v", m.sum())
	}
	m.want(1, "k", "1", soon)
}
