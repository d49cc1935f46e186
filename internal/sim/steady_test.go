package sim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// steady is a mesh of capacities that differ 5:1 under a constant load of reads with loads on a miss.
type steady struct {
	*small
	rnd    *rand.Rand
	draw   *rand.Zipf
	reads  int
	hits   int
	number uint64
}

const (
	roomiest = 1000
	roomsize = roomiest / 5
)

// newSteady makes a mesh whose syncs come through or not.
func newSteady(t *testing.T, syncs bool) *steady {
	s := &steady{small: newSmall(t, replica.Options{Capacity: roomiest, TTL: 24 * time.Hour}), rnd: rand.New(rand.NewPCG(1, 1))}
	s.Links.Delay = time.Millisecond
	if !syncs {
		s.Drop = func(lane uint8) bool { return lane == geo.LaneSync }
	}
	for i := range 5 {
		s.Add("r")
		s.caches = append(s.caches, nil)
		s.room.Capacity = roomiest
		if i%2 == 1 {
			s.room.Capacity = roomsize
		}
		s.open(t, i)
	}
	s.draw = rand.NewZipf(s.rnd, 1.1, 10, 4*roomiest)
	s.Run(2 * time.Second)
	return s
}

// use reads so many keys, ten a second, one at a time on any node; a miss is loaded, and its value told to all.
func (s *steady) use(reads int) {
	for range reads {
		s.Run(100 * time.Millisecond)
		i, key := s.rnd.IntN(len(s.caches)), fmt.Sprint(s.draw.Uint64())
		s.reads++
		if _, ok := s.oracle.Read(s.Nodes()[i], key); ok {
			s.hits++
			continue
		}
		s.number++
		at := s.oracle.BeginLoad(s.Nodes()[i], key)
		s.caches[i].Store().EndLoad(key, at, sim.Content(s.number, crdt.Version{}, 0), s.room.TTL.Milliseconds())
	}
}

// TestIdleMovesNothing: nodes of different capacities that lost nothing hold different things for ever. Their rounds move
// none of it, and the hit ratio is what it is without them.
func TestIdleMovesNothing(t *testing.T) {
	const reads = 4000
	var ratio [2]float64
	for i, syncs := range []bool{true, false} {
		s := newSteady(t, syncs)
		s.use(reads)
		s.reads, s.hits = 0, 0
		s.use(reads)
		ratio[i] = float64(s.hits) / float64(s.reads)
		s.Run(2 * time.Second)
		before := s.moved()
		s.Run(5 * time.Minute)
		if n := s.moved() - before; n > 0 {
			t.Errorf("%d records moved in idle rounds", n)
		}
		if held := s.caches[0].Store().Len() - s.caches[1].Store().Len(); held < roomiest-roomsize-10 {
			t.Errorf("the large one holds only %d more than the small one", held)
		}
		if evictions := s.caches[1].Store().Counts().Evictions; evictions < 300 {
			t.Errorf("only %d were evicted", evictions)
		}
		if len(s.oracle.Faults) > 0 {
			t.Error(s.oracle.Faults[0])
		}
	}
	t.Logf("hit ratio %.4f with syncs, %.4f without", ratio[0], ratio[1])
	if math.Abs(ratio[0]-ratio[1]) > 0.001 {
		t.Errorf("hit ratio %.4f with syncs, %.4f without", ratio[0], ratio[1])
	}
}

// lossy1 is five nodes that write so many keys at a steady pace, 1 % of whose batches are lost on each way. It tells how
// many records moved by sync in the end, and how many gossip did not bring.
func lossy1(t *testing.T, delay, pace time.Duration, writes int, until func(*small)) (moved, missed int) {
	s := newSmall(t, replica.Options{Capacity: 100_000, TTL: 24 * time.Hour}, make([]time.Duration, 5)...)
	s.Links.Delay, s.Links.Loss = delay, 0.01
	s.Run(10 * time.Second) // until nobody is new any more: such are compared with at every probe, and sent everything
	until(s)
	missed = writes * (len(s.caches) - 1)
	for k := range writes {
		s.put(k%len(s.caches), fmt.Sprint(k))
		s.Run(pace + time.Duration(s.Rand.Int64N(int64(pace/10))))
	}
	s.Links.Loss, s.Drop = 0, nil
	s.Run(time.Minute)
	for i, n := range s.Nodes() {
		c := n.Engine.Counters()
		moved, missed = moved+int(c.Moved), missed-int(c.Records)
		if got := s.caches[i].Store().Len(); got != writes {
			t.Errorf("node %d holds %d of %d", i, got, writes)
		}
	}
	t.Logf("delay %v, a write every %v: %d records moved, %d were missed, %.2f times", delay, pace, moved, missed, float64(moved)/float64(missed))
	return moved, missed
}

// TestWhatWasMissedMoves: of 1 % loss that much moves by sync, and hardly anything else, when the writing is over and while
// it goes on: rounds leave out what is still in flight.
func TestWhatWasMissedMoves(t *testing.T) {
	syncless := func(s *small) { s.Drop = func(lane uint8) bool { return lane == geo.LaneSync } }
	moved, missed := lossy1(t, 20*time.Millisecond, 5*time.Millisecond, 10_000, syncless)
	if missed < 300 || float64(moved) > 1.1*float64(missed) {
		t.Errorf("%d records moved, %d were missed", moved, missed)
	}
	for _, delay := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
		moved, missed := lossy1(t, delay, 20*time.Millisecond, 2_000, func(*small) {})
		if missed < 50 || float64(moved) > 1.1*float64(missed) {
			t.Errorf("delay %v: %d records moved, %d were missed", delay, moved, missed)
		}
	}
}
