package replica_test

import (
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
)

// lag is the longest that a peer has lacked something that a node wrote, as that node sees it.
func (m *mesh) lag(i int) (most time.Duration) {
	for _, p := range m.Nodes()[i].Engine.Peers() {
		most = max(most, p.Lag)
	}
	return most
}

// Nobody acknowledges a touch, so it must not begin a lag, which would only end with the next write.
func TestATouchIsNoLag(t *testing.T) {
	m := newMesh(t, 3)
	store := m.caches[0].Store()
	if _, err := store.Set("k", replica.BlobOf([]byte("v")), 10_000); err != nil {
		t.Fatal(err)
	}
	m.Run(time.Second)
	if lag := m.lag(0); lag != 0 {
		t.Fatalf("a write that everybody has is lacked for %v", lag)
	}
	sent := m.Nodes()[0].Engine.Counters().Published
	store.Touch("k", 60_000)
	m.Run(20 * time.Second)
	if m.Nodes()[0].Engine.Counters().Published == sent {
		t.Fatal("the touch was not told")
	}
	if lag := m.lag(0); lag != 0 {
		t.Errorf("a touch counts as a write that is lacked for %v", lag)
	}
}

// What a peer lacks is a lag until it has it.
func TestALostWriteIsALag(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Loss = 1
	m.set(0, "k", "v")
	if !m.Until(time.Second, func() bool { return m.lag(0) >= 100*time.Millisecond }) {
		t.Error("a write that nobody has is no lag")
	}
	m.Links.Loss = 0
	if !m.Until(20*time.Second, func() bool { return m.lag(0) == 0 }) {
		t.Error("the lag never ends")
	}
}
