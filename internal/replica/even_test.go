package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
)

// asks tells how many requests a miss of a key costs its node, and what it brings. It lets no time pass if it costs none.
func (m *mesh) asks(i int, key string) (requests uint64, value string) {
	m.t.Helper()
	e := m.Nodes()[i].Engine
	before, done := e.Counters().Fetches, false
	m.caches[i].Ask([]string{key}, func(found map[string]replica.Blob) {
		done, value = true, string(found[key].Bytes())
	})
	if requests = e.Counters().Fetches - before; requests == 0 {
		if !done {
			m.t.Fatal("nobody is asked, and yet there is no answer")
		}
		return 0, value
	}
	if !m.Until(3600*time.Millisecond, func() bool { return done }) {
		m.t.Fatal("a miss waits longer than its time")
	}
	return e.Counters().Fetches - before, value
}

func (m *mesh) asksNobody(i int) bool {
	n, _ := m.asks(i, "never written")
	return n == 0
}

func (m *mesh) wantSure(i int, sure bool, why string) {
	m.t.Helper()
	if m.asksNobody(i) != sure {
		m.t.Errorf("%s: a miss of a key that was never written asks nobody: %v", why, !sure)
	}
}

func TestWholeNodeAsksNobody(t *testing.T) {
	m := newMesh(t, 3)
	m.set(0, "k", "v")
	m.caches[1].Store().Delete("deleted")
	m.Run(time.Second)
	m.wantSure(0, true, "all have everything")
	if n, _ := m.asks(2, "deleted"); n != 0 {
		t.Errorf("%d requests for what everybody knows to be deleted", n)
	}
}

func TestGhostIsAskedForWithItsVersion(t *testing.T) {
	m := &mesh{}
	*m = *newMesh(t, 2)
	small := standard
	small.Capacity = 1
	_, c := m.add("here", small)
	m.Run(15 * time.Second)
	m.set(0, "k", "v")
	m.Run(time.Second)
	m.set(0, "j", "v")
	m.Run(time.Second)
	if c.Store().Known("k").Deadline == 0 || m.get(2, "k") != "" {
		t.Fatal("there is no ghost of k")
	}
	if n, v := m.asks(2, "k"); n == 0 || v != "v" {
		t.Errorf("%d requests for a ghost brought %q", n, v)
	}
	m.wantSure(2, true, "an eviction concerns its own key")
}

// TestOldValueIsNotLent: a peer that has an older value than the asker knows of sends nothing, and the next one is asked.
func TestOldValueIsNotLent(t *testing.T) {
	m := newMesh(t, 3)
	m.set(0, "k", "old")
	m.Run(time.Second)
	m.Cut(0, 1, 0)
	large := string(make([]byte, 20<<10))
	m.set(0, "k", large)
	m.Run(100 * time.Millisecond)
	m.Cut(0, 0, 0)
	if _, v := m.asks(2, "k"); v != large {
		t.Errorf("%d bytes were lent", len(v))
	}
}

func TestWhatEndsWholeness(t *testing.T) {
	fresh := func() *mesh {
		m := newMesh(t, 3)
		m.set(1, "k", "v")
		m.Run(time.Second)
		m.wantSure(0, true, "before")
		return m
	}

	m := fresh()
	m.Links.Loss = 1
	m.set(1, "lost", "v")
	m.Run(100 * time.Millisecond)
	m.Links.Loss = 0
	m.set(1, "next", "v")
	m.Run(100 * time.Millisecond)
	m.wantSure(0, false, "a hole in the numbers")
	m.Run(10 * time.Second)
	m.wantSure(0, true, "the hole was mended")

	m = fresh()
	m.Links.Loss = 1
	m.set(1, "lost", "v")
	if !m.Until(2*time.Second, func() bool { return !m.asksNobody(0) || m.get(0, "lost") != "" }) || m.get(0, "lost") != "" {
		t.Error("two probes did not tell of a loss at the end")
	}
	m.Links.Loss = 0
	m.Run(15 * time.Second)
	m.wantSure(0, true, "the loss was mended")

	m = fresh()
	m.caches[2].Store().Clear()
	m.Run(100 * time.Millisecond)
	m.wantSure(0, false, "a Clear")
	m.Run(10 * time.Second)
	m.wantSure(0, true, "all have the Clear")

	m = fresh()
	m.Cut(0, 0, 1)
	m.Run(20 * time.Second)
	m.wantSure(0, true, "who is not connected cannot be asked")
	m.set(2, "other side", "v")
	m.Heal()
	m.Run(1001 * time.Millisecond) // to the connection
	m.wantSure(0, false, "a peer is back")
	m.Run(15 * time.Second)
	m.wantSure(0, true, "the peer that is back is even")

	m = fresh()
	n := m.Nodes()[2]
	n.Crash()
	m.Run(15 * time.Second)
	n.Start()
	c, err := n.Engine.Open(standard)
	if err != nil {
		t.Fatal(err)
	}
	m.caches[2] = c
	m.wantSure(2, true, "nobody is there yet to be asked")
	m.Run(time.Millisecond)
	if c.Counts().Bootstrap == 1 {
		t.Fatal("it is whole before it heard anything")
	}
	m.Run(15 * time.Second)
	m.wantSure(2, true, "bootstrap is done")
}

func TestForgettingEndsWholeness(t *testing.T) {
	m := newMesh(t, 2)
	tight := standard
	tight.Capacity, tight.Ghosts = 1, 2
	m.add("here", tight)
	m.Run(15 * time.Second)
	for i := range 3 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	m.Run(time.Second)
	m.wantSure(2, true, "two ghosts, room for two")
	m.set(0, "k3", "v")
	m.Run(time.Second)
	m.wantSure(2, false, "a ghost was forgotten")
	if n, v := m.asks(2, "k0"); n == 0 || v != "v" {
		t.Errorf("%d requests for a forgotten key brought %q", n, v)
	}
}

// TestWholenessUnderWrites: writes that are under way at every probe do not make a node ask.
func TestWholenessUnderWrites(t *testing.T) {
	m := newMesh(t, 3)
	asked := 0
	for i := range 12_000 { // two minutes
		m.set(i%3, fmt.Sprint("k", i%100), "v")
		m.Run(10 * time.Millisecond)
		if i%100 == 0 && !m.asksNobody(i/100%3) {
			asked++
		}
	}
	if asked > 6 {
		t.Errorf("%d of 120 misses asked peers although nothing was lost", asked)
	}
}

// TestLargeValueComesFromTheNextHolder: the connection to the one who was lending it breaks.
func TestLargeValueComesFromTheNextHolder(t *testing.T) {
	m := newMesh(t, 3)
	large := string(make([]byte, 1<<20))
	m.set(1, "k", large)
	m.Run(time.Second)
	if n, v := m.asks(2, "k"); n == 0 || v != large {
		t.Fatalf("%d requests for an announced value brought %d bytes", n, len(v))
	}
	near := m.Nodes()[0].Engine.Peers()[0].ID
	got := 0
	m.caches[0].Ask([]string{"k"}, func(found map[string]replica.Blob) { got = found["k"].Len() })
	m.Run(30 * time.Millisecond) // it is on its way
	for _, n := range m.Nodes() {
		if n.Self() == near {
			m.Break(m.Nodes()[0], n)
		}
	}
	m.Run(100 * time.Millisecond)
	if got != len(large) {
		t.Errorf("%d bytes came from the other holder", got)
	}
}
