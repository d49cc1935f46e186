package store

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/geolru/geolru/crdt"
)

const minute = 60_000 // milliseconds

var operations = flag.Int("operations", 200_000, "random operations of each TestCapacityHolds")

// The capacity is never exceeded at any moment while eight write, and afterwards every number that the store keeps equals
// a recount of its slots. There is no watcher, nor anybody who is told of evictions, so the short ways are taken too.
func TestCapacityHolds(t *testing.T) {
	for name, c := range map[string]Config[[]byte]{
		"alone":               {Capacity: 1000},
		"alone, weighed":      {Capacity: 20_000, Weigh: weighBytes},
		"replicated":          {Capacity: 1000, Replicated: true, Ghosts: 300, Tombstones: 200},
		"replicated, weighed": {Capacity: 20_000, Weigh: weighBytes, Replicated: true, Ghosts: 300, Tombstones: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &rig{}
			r.now.Store(dawn)
			c.TTL, c.Now, c.Rank = minute, r.now.Load, rankBytes
			if c.Replicated {
				c.Stamp = r.draw
			}
			r.Store = sharded(c, 4)
			r.underEight(t)
			recount(t, r.Store)
			if n := r.Counts(); n.Evictions == 0 || n.Expirations == 0 || n.Hits == 0 {
				t.Errorf("what was to be tried did not happen: %+v", n)
			}
		})
	}
}

// underEight lets eight goroutines do random things, and watches the capacity meanwhile.
func (r *rig) underEight(t *testing.T) {
	var writers, watchers sync.WaitGroup
	var done atomic.Bool
	watchers.Go(func() {
		for looks := 0; !done.Load() || looks == 0; looks++ {
			if n := r.Counts(); n.Weight > r.cfg.Capacity || n.Weight < n.Entries {
				t.Errorf("%+v, the capacity is %d", n, r.cfg.Capacity)
			}
			r.Expire(r.now.Load())
		}
	})
	for i := range 8 {
		writers.Go(func() {
			rnd := rand.New(rand.NewPCG(7, uint64(i)))
			for range *operations / 8 {
				r.anythingAtOnce(rnd)
			}
		})
	}
	writers.Wait()
	done.Store(true)
	watchers.Wait()
}

// anythingAtOnce does something to a random key, some of which are hot.
func (r *rig) anythingAtOnce(rnd *rand.Rand) {
	key := fmt.Sprint("k", rnd.IntN(1+rnd.IntN(4000)))
	v := make([]byte, 1+rnd.IntN(1+rnd.IntN(60)))
	switch n := rnd.IntN(1000); {
	case n < 1:
		r.now.Add(1 + rnd.Int64N(5000))
	case n < 50:
		r.Delete(key)
	case n < 100:
		r.Touch(key, 1+rnd.Int64N(minute))
	case n < 130:
		r.SetIf(key, r.Known(key).Version, v, KeepTTL)
	case n < 160:
		r.EndLoad(key, r.BeginLoad(key), v, 1+rnd.Int64N(minute))
	case n < 500:
		r.Hit(key, r.now.Load())
	case n < 700 && r.cfg.Replicated:
		rec := written([]crdt.Kind{crdt.Value, crdt.Ghost, crdt.Tombstone}[rnd.IntN(3)], key, r.now.Load()-dawn-rnd.Int64N(50), string(v))
		rec.Seq, rec.Deadline = 1+rnd.Uint64N(1<<40), rec.Version.Time.Milli()+minute
		r.clock.Raise(rec.Version.Time)
		r.Merge(rec, r.now.Load(), func(crdt.Origin) uint64 { return full }, Via(rnd.IntN(3)))
	default:
		r.Set(key, v, 1+rnd.Int64N(minute))
	}
}
