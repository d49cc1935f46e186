package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/sim"
)

// overflown: queues drop the last write before a silence, on the way out or where it arrives. It is everywhere before the
// next round is due.
func overflown(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0, 0)
	s.Run(15 * time.Second) // until nobody is new any more
	for i := range 6 {
		gap := 3 * time.Millisecond
		if s.Links.Queue = 1; i%2 == 1 {
			gap, s.Links.Work = 25*time.Millisecond, 100*time.Millisecond // the way is free again by then, the others are not
		}
		for range 3 {
			s.put(writer, "k")
			s.Run(gap)
		}
		s.Links.Queue, s.Links.Work = 0, 0
		s.Run(time.Second)
		for n, c := range s.caches {
			if got, want := c.Store().Known("k").Version, s.caches[writer].Store().Known("k").Version; got != want {
				s.oracle.Faults = append(s.oracle.Faults, sim.Fault{At: s.Now(), Rule: "DROP", Node: s.Nodes()[n].Self(), Key: "k", Text: fmt.Sprintf("has %v of %v", got, want)})
			}
		}
		s.Run(1300 * time.Millisecond)
	}
	if s.Tally.Dropped == 0 {
		t.Fatal("nothing was dropped")
	}
	return s
}

// halved: half of a large value has come when its holder is gone, and the next one has a later version.
func halved(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0, 0)
	s.Links.Way = func(from, to int) time.Duration {
		if from+to == writer+reader {
			return 10 * time.Millisecond
		}
		return 30 * time.Millisecond
	}
	s.Run(15 * time.Second) // until it is known who is near
	s.set(writer, "k", time.Hour, 2<<20)
	s.Run(time.Second)
	s.ask(holder, "k")
	s.Run(time.Second)
	s.Links.Loss = 1
	s.set(holder, "k", time.Hour, 2<<20)
	s.Run(time.Millisecond)
	parts := 0
	s.Nodes()[writer].Sent = func(lane uint8) {
		if lane == geo.LanePart {
			parts++
		}
	}
	s.ask(reader, "k")
	if !s.Until(time.Second, func() bool { return parts >= 12 }) {
		t.Fatal("nothing comes in parts")
	}
	s.Break(s.Nodes()[writer], s.Nodes()[reader])
	s.Run(time.Second)
	return s
}
