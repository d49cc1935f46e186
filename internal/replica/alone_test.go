package replica_test

import (
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
)

// A cache that no member holds is neither waited for to fill, nor to be handed on.
func TestNobodyIsWaitedForWhoDoesNotHoldTheCache(t *testing.T) {
	m := newMesh(t, 2)
	n := m.Add("here")
	other := standard
	other.Name = "other"
	c, err := n.Engine.Open(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Store().Set("k", replica.BlobOf([]byte("v")), time.Hour.Milliseconds()); err != nil {
		t.Fatal(err)
	}
	ready, settled := false, -1
	n.Engine.Ready(func() { ready = true })
	if !m.Until(2*time.Second, func() bool { return ready }) {
		t.Error("it waits for those who do not hold the cache")
	}
	c.Settle(func(have int) { settled = have })
	if !m.Until(2*time.Second, func() bool { return settled == 0 }) {
		t.Error("it waits until those have it who do not hold the cache")
	}
	strict := false
	if c.Await(1, func(int) { strict = true }); strict {
		t.Error("nobody has it, and who asked for one is told so")
	}
}

// One that goes is not waited for any longer.
func TestSettleEndsWhenThePeerGoes(t *testing.T) {
	m := newMesh(t, 2)
	m.Cut(0, 1)
	m.set(0, "k", "v")
	settled := false
	if m.caches[0].Settle(func(int) { settled = true }); settled {
		t.Fatal("a peer that holds the cache is not waited for")
	}
	if !m.Until(time.Minute, func() bool { return settled }) {
		t.Fatal("a peer that went is waited for")
	}
}
