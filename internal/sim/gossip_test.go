package sim_test

import (
	"testing"
	"time"
)

// TestGossipRepairsItself: what is lost on the way is handed on by others, or asked for after a heartbeat, before any
// sync looks.
func TestGossipRepairsItself(t *testing.T) {
	s := newSmall(t, roomy, make([]time.Duration, 20)...)
	s.Links.Gossip = true
	s.Run(5 * time.Second) // meshes are made
	s.Links.Loss = 0.5
	before := s.moved()
	for range 10 {
		s.put(writer, "k")
		s.Run(time.Second)
	}
	s.Links.Loss = 0
	s.Run(3 * time.Second)
	for i, c := range s.caches {
		if got, want := c.Store().Known("k"), s.caches[writer].Store().Known("k"); got.Version != want.Version {
			t.Errorf("node %d has %v of %v", i, got, want)
		}
	}
	if n := s.moved() - before; n > 40 { // half were lost on the straight way: some 90
		t.Errorf("%d of 190 deliveries came by sync", n)
	}
}
