package p2p

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestKinHandGossipOn: who has none of its own region in its mesh hears from afar alone. Here only the first node of each
// region is near the writer, so that the others have a batch soon only where the region hands it on. Chance alone gives one
// node in four no kin.
func TestKinHandGossipOn(t *testing.T) {
	const nodes, regions = 24, 6
	way := func(a, b int) time.Duration {
		switch {
		case a%regions == b%regions:
			return time.Millisecond
		case a < regions && b < regions:
			return 20 * time.Millisecond
		}
		return 100 * time.Millisecond
	}
	var s hearsay
	authors := make([]int, 10)
	synctest.Test(t, func(t *testing.T) { s.real(t, nodes, regions, way, authors) })
	if want := len(authors) * (nodes - 1); len(s.delays) != want {
		t.Errorf("%d deliveries, want %d", len(s.delays), want)
	}
	if last := s.at(1); last > 50*time.Millisecond {
		t.Errorf("the last of %d nodes heard after %v; over its region it takes 22 ms", nodes, last)
	}
}
