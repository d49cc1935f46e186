package replica_test

import (
	"testing"
	"time"
)

// note is what a node has to say of a peer.
func (m *mesh) note(i int) string { return m.Nodes()[i].Engine.Peers()[0].Note }

// A frame that was long on its way, as after a cut that the connection outlives, has an old time: that is no slow clock.
func TestALateFrameIsNoSlowClock(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Way = func(from, _ int) time.Duration {
		if from == 1 {
			return 35 * time.Second
		}
		return 20 * time.Millisecond
	}
	if m.Until(2*time.Minute, func() bool { return m.note(0) != "" }) {
		t.Fatal(m.note(0))
	}
}

// A clock that is slow is noted by both, one that is right again is not.
func TestASlowClockIsNoted(t *testing.T) {
	m := newMesh(t, 2)
	m.Nodes()[1].Offset = -40 * time.Second
	if !m.Until(10*time.Second, func() bool { return m.note(0) != "" && m.note(1) != "" }) {
		t.Fatalf("40 s apart: %q, %q", m.note(0), m.note(1))
	}
	m.Nodes()[1].Offset = 0
	if !m.Until(10*time.Second, func() bool { return m.note(0)+m.note(1) == "" }) {
		t.Fatalf("not apart any more: %q, %q", m.note(0), m.note(1))
	}
}
