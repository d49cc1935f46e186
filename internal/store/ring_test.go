package store

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// The lowest version is on top of a ring, whatever is pushed into it and taken out of its middle.
func TestRingKeepsTheLowestOnTop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(Config[[]byte]{Capacity: 1, Replicated: true, Ghosts: 100}, 1)
		times := rapid.SliceOfNDistinct(rapid.Int64Range(0, 500), 1, 60, rapid.ID).Draw(t, "times")
		in := map[int64]bool{}
		for _, ms := range times {
			r.offer(written(crdt.Ghost, fmt.Sprint(ms), ms, ""))
			in[ms] = true
		}
		for _, ms := range rapid.SliceOf(rapid.SampledFrom(times)).Draw(t, "out") {
			r.offer(written(crdt.Tombstone, fmt.Sprint(ms), 1000+ms, ""))
			delete(in, ms)
		}
		ring := &r.shards[0].ghosts
		ring.check(t, crdt.Ghost)
		for n := ring.len(); n > 0; n-- {
			lowest := int64(1000)
			for ms := range in {
				lowest = min(lowest, ms)
			}
			if got := r.shards[0].table.Key(ring.lowest()); got != fmt.Sprint(lowest) {
				t.Fatalf("on top is %s, want %d", got, lowest)
			}
			r.shards[0].drop(ring.lowest())
			delete(in, lowest)
		}
		recount(t, r.Store)
	})
}
