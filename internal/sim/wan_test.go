package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wan"
)

// TestLastNodeHasAWrite: 64 nodes in 8 regions write 10,000 times a second in all; the last node has a write within 1.25
// times (p99) the direct one-way time to the farthest, and 20 ms. geobench wan does it for longer.
func TestLastNodeHasAWrite(t *testing.T) {
	const nodes, regions, every, writes = 64, 8, 100 * time.Microsecond, 300
	rnd := rand.New(rand.NewPCG(1, 2))
	table := wan.Draw(regions, rnd)
	w := sim.New(1)
	direct := func(a, b int) time.Duration { return table.Between(a%regions, b%regions) / 2 }
	w.Links = sim.Links{Gossip: true, Way: func(a, b int) time.Duration { return wan.Internet.Draw(2*direct(a, b), w.Rand) / 2 }}
	var caches []*replica.Cache
	had := make([]int, writes) // nodes that have the write
	last := make([]time.Duration, writes)
	for i := range nodes {
		c, err := w.Add(table.Names[i%regions]).Engine.Open(replica.Options{Name: "c", Capacity: 1000, TTL: time.Hour, Hash: sim.Hash})
		if err != nil {
			t.Fatal(err)
		}
		c.Store().OnChange(func(ch store.Change[replica.Blob]) {
			var k int
			fmt.Sscan(ch.Key, &k)
			had[k]++
			last[k] = w.Now()
		})
		caches = append(caches, c)
	}
	w.Run(5 * time.Second)
	var stretch []float64
	start := w.Now()
	for k := range writes {
		w.Run(start + time.Duration(k)*every - w.Now())
		caches[(k*37)%nodes].Store().Set(fmt.Sprint(k), replica.BlobOf(make([]byte, 100)), time.Hour.Milliseconds())
	}
	w.Run(time.Second)
	for k := range writes {
		if had[k] < nodes {
			t.Fatalf("%d nodes have write %d, want all %d", had[k], k, nodes)
		}
		far := time.Duration(0)
		for to := range nodes {
			far = max(far, direct((k*37)%nodes, to))
		}
		took := last[k] - start - time.Duration(k)*every
		stretch = append(stretch, float64(took-20*time.Millisecond)/float64(far))
	}
	slices.Sort(stretch)
	p50, p99 := stretch[writes/2], stretch[writes*99/100]
	t.Logf("less 20 ms: %.3f (median), %.3f (p99) of the direct one-way time", p50, p99)
	if p99 > 1.25 {
		t.Errorf("the last node had a write at %.3f (p99) of the direct one-way time less 20 ms, want 1.25", p99)
	}
}
