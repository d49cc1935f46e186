package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// As many keys as there is room for are all held, however unevenly they fall into the shards.
func TestAllOfTheCapacityIsUsed(t *testing.T) {
	for _, capacity := range []int{3, 100, 5555, 20_000} {
		for _, replicas := range []bool{false, true} {
			r := newRig(Config[[]byte]{Capacity: capacity, Replicated: replicas, Hash: seededHash(), TTL: ever}, 7)
			for i := range capacity {
				r.set(t, fmt.Sprint("key-", i), "v")
			}
			if c := r.Counts(); c.Entries != capacity || c.Evictions != 0 {
				t.Errorf("of %d are held %d, %d were evicted, replicated %v", capacity, c.Entries, c.Evictions, replicas)
			}
			recount(t, r.Store)
		}
	}
}

// A value may weigh as much as the whole cache, and takes room from all shards.
func TestHeavyValuesDisplaceFromAllShards(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := newRig(Config[[]byte]{Capacity: 1000, Weigh: weighBytes, Replicated: replicas, Hash: seededHash()}, 5)
		for i := range 200 {
			r.set(t, fmt.Sprint("key-", i), "12345")
		}
		r.set(t, "half", string(make([]byte, 500)))
		if c := r.Counts(); c.Weight != 1000 || c.Evictions != 100 {
			t.Errorf("%+v after half of it, replicated %v", c, replicas)
		}
		recount(t, r.Store)
		r.set(t, "all", string(make([]byte, 1000)))
		if c := r.Counts(); c.Weight != 1000 || c.Entries != 1 || len(r.value("all")) != 1000 {
			t.Errorf("%+v after all of it, replicated %v", c, replicas)
		}
		if _, err := r.Set("more", make([]byte, 1001), life); !errors.Is(err, ErrTooLarge) {
			t.Errorf("more than all of it: %v", err)
		}
		recount(t, r.Store)
	}
}

// What is spare and what is taken add up to the capacity after any operation, and nothing is evicted while there is room.
func TestRoomAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config[[]byte]{Capacity: rapid.IntRange(1, 60).Draw(t, "capacity"), Replicated: rapid.Bool().Draw(t, "replicated")}
		if rapid.Bool().Draw(t, "weighed") {
			c.Weigh = weighBytes
		}
		r := newRig(c, rapid.IntRange(2, 5).Draw(t, "shards"))
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			spare, before := r.spare.Load(), r.Counts().Evictions
			weight := anything(r, rnd)
			if gone := r.Counts().Evictions - before; gone > 0 && weight <= spare {
				t.Fatalf("%d were evicted for a weight of %d with room for %d", gone, weight, spare)
			}
			recount(t, r.Store)
		}
	})
}

// anything does something to a random key; what came weighs so much at the most.
func anything(r *rig, rnd *rand.Rand) (weight int64) {
	key, v := fmt.Sprint("k", rnd.IntN(40)), make([]byte, 1+rnd.IntN(1+rnd.IntN(40)))
	switch rnd.IntN(10) {
	case 0:
		r.Delete(key)
		return 0
	case 1:
		r.now.Add(rnd.Int64N(life))
		return 0
	case 2:
		r.Hit(key, r.now.Load())
		return 0
	case 3, 4, 5:
		if r.cfg.Replicated {
			rec := written(crdt.Value, key, r.now.Load()-dawn, string(v))
			rec.Seq = 1 + rnd.Uint64N(1<<40)
			r.clock.Raise(rec.Version.Time)
			r.Merge(rec, r.now.Load(), nil, Via(rnd.IntN(3)))
			return int64(r.weigh(key, v))
		}
	}
	_, _ = r.Set(key, v, 1+rnd.Int64N(life)) // what is too large is refused
	return int64(r.weigh(key, v))
}
