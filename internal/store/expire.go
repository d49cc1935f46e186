package store

import (
	"math"

	"github.com/geolru/geolru/crdt"
)

// sweepStep is how many slots one sweep of a shard touches at the most, so that no operation waits long when a million
// entries expire at once.
const sweepStep = 256

// Expire takes what has expired or outlived its retention out of memory, a bounded step in each shard; false: call
// again at once. now is Unix milliseconds.
func (s *Store[P]) Expire(now int64) (done bool) {
	done = true
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		done = sh.sweep(now, sweepStep) && done
		sh.unlock()
	}
	s.memory.prune(func(t crdt.Time) bool { return s.outlived(t, now) })
	s.pruneClear(now)
	return done
}

// sweep takes at most limit slots that are due out of the wheel and out of each ring; false if more are due.
func (sh *shard[P]) sweep(now int64, limit int) (done bool) {
	done = sh.wheel.Advance(now, limit, func(slot uint32) { sh.fade(slot, CauseExpired, now) })
	if next, ok := sh.wheel.Next(); ok {
		sh.due = next
	} else {
		sh.due = math.MaxInt64
	}
	for _, r := range [...]*ring[P]{&sh.ghosts, &sh.tombs} {
		n := 0
		for ; n < limit && r.len() > 0 && r.done(now); n++ {
			sh.drop(r.lowest())
		}
		done = done && n < limit
	}
	return done
}
