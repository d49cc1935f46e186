package sim_test

import (
	"testing"
	"time"
)

// TestShortLifeAfterSetBack: a clock that is set back far makes stamps that are far above its deadlines. Such a write has
// expired wherever it comes, and must still take the place of what it overwrote.
func TestShortLifeAfterSetBack(t *testing.T) {
	s := newSmall(t, roomy, 20*time.Second, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.Nodes()[writer].Step(-25 * time.Second)
	s.set(writer, "k", time.Second, 0)
	if faults := s.faults(); len(faults) > 0 {
		t.Error(faults)
	}
}
