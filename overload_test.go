//go:build timed

package geolru

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

var overload = flag.Duration("overload", time.Minute, "how long TestTimedOverload writes more than the link carries")

const (
	linkRate  = 1 << 20 // bytes a second
	valueSize = 1000
	overSets  = 10 * linkRate / valueSize // a second
)

// hammer sets so many keys a second, round and round, and returns how long each Set took, and the heap after each fifth
// of the time.
func hammer(t *testing.T, c *Cache[[]byte], d time.Duration) (took []time.Duration, heap []uint64) {
	const keys = 20_000
	value := make([]byte, valueSize)
	names := make([]string, keys)
	for i := range names {
		names[i] = fmt.Sprintf("key%07d", i)
	}
	took = make([]time.Duration, 0, int(d.Seconds()*overSets)+1)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	from := time.Now()
	for time.Since(from) < d {
		<-tick.C
		for due := int(time.Since(from).Seconds() * overSets); len(took) < due; {
			name := names[len(took)%keys]
			begin := time.Now()
			if err := c.Set(name, value); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(begin))
		}
		if time.Since(from) > d*time.Duration(len(heap)+1)/6 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			heap = append(heap, m.HeapAlloc>>20)
		}
	}
	return took, heap
}

func percentile(took []time.Duration, p float64) time.Duration {
	slices.Sort(took)
	return took[int(float64(len(took)-1)*p)]
}

// TestTimedOverload writes ten times what the way carries. What waits are the entries themselves, so memory is bounded by
// the capacity; Set does not wait; and when it is over both have the same.
func TestTimedOverload(t *testing.T) {
	idle := newPair(t, 10_000, 100)
	calmly, _ := hammer(t, idle.c[0], *overload/4)
	p := newPair(t, 10_000, 100)
	p.way.rate.Store(linkRate)
	bytes := p.way.bytes.Load()
	took, heap := hammer(t, p.c[0], *overload)
	t.Logf("%d sets in %v, %.1f times what the way carried", len(took), *overload, float64(len(took)*valueSize)/float64(p.way.bytes.Load()-bytes))
	from := time.Now()
	same := func() bool { return p.equal() && p.c[0].mesh.Store().Waiting() == 0 }
	for tick := time.Tick(100 * time.Millisecond); !same() && time.Since(from) < 2*time.Minute; {
		<-tick // not each millisecond: to compare all entries is work, too
	}
	within(t, "equal after the end", time.Since(from), time.Minute)
	after, _ := hammer(t, idle.c[0], *overload/4)
	calm, busy := percentile(append(calmly, after...), 0.999), percentile(took, 0.999)
	t.Logf("Set p50 %v, p99.9 %v; p99.9 %v where the way carries it; heap in MiB %v", percentile(took, 0.5), busy, calm, heap)
	t.Logf("congested %d, published %d, moved by sync %d", p.nodes[0].engine.Counters().Congested, p.nodes[0].engine.Counters().Published, p.moved())
	if float64(busy) > 1.5*float64(calm) {
		t.Errorf("Set takes %.1f times as long at p99.9", float64(busy)/float64(calm))
	}
	if first, last := heap[0], heap[len(heap)-1]; float64(last) > 1.3*float64(first) {
		t.Errorf("the heap grows from %d to %d MiB", first, last)
	}
}
