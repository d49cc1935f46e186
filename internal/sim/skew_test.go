package sim_test

import (
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
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

// TestOutlivedMovesNothing: while a record has outlived its retention by one clock and not yet by the other, it is not
// sent again in every round.
func TestOutlivedMovesNothing(t *testing.T) {
	s := newSmall(t, replica.Options{Capacity: 100, TTL: time.Minute}, 0, 14*time.Second, -14*time.Second)
	s.drop(writer, "k")
	s.Run(10 * time.Second)
	s.cut(0, 1, 1) // a writer never forgets its own
	before := s.moved()
	s.Run(3 * time.Minute)
	if n := s.moved() - before; n > 0 {
		t.Errorf("%d records moved", n)
	}
}
