package sim_test

import (
	"flag"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/sim"
)

var yearFlag = flag.Uint64("years", 150, "worlds of TestYearAhead, from seed -from on")

// yearAhead is a short world of few nodes, one of which has a clock that is a year ahead.
func yearAhead(seed uint64) sim.Plan {
	p := sim.Swarm(seed, 0)
	p.Nodes = p.Nodes[:min(len(p.Nodes), 4)]
	for i := range p.Nodes {
		if p.Nodes[i].Mad {
			p.Nodes[i].Mad, p.Nodes[i].Offset = false, 0
		}
	}
	mad := &p.Nodes[seed%uint64(len(p.Nodes))]
	mad.Mad, mad.Offset = true, 365*24*time.Hour
	n := len(p.Nodes)
	ops := p.Ops[:0]
	for _, o := range p.Ops {
		if o.Groups = o.Groups[:min(len(o.Groups), n)]; o.Node < n && o.Other < n && o.At < 3*time.Minute {
			ops = append(ops, o)
		}
	}
	p.Ops, p.Horizon = ops, min(p.Horizon, 3*time.Minute)
	return p
}

// TestYearAhead: whatever else goes on, no sound node serves, or takes into its clock, what a node writes whose clock is
// a year ahead.
func TestYearAhead(t *testing.T) {
	var mu sync.Mutex // guards all below
	var next, refused uint64
	var total float64
	var wg sync.WaitGroup
	take := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return *fromFlag + next - 1, next <= *yearFlag && !t.Failed()
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed, ok := take(); ok; seed, ok = take() {
				p := yearAhead(seed)
				o := p.Run(nil)
				mu.Lock()
				refused, total = refused+o.Counters.Future, total+o.Virtual.Hours()
				mu.Unlock()
				if len(o.Faults) > 0 {
					t.Errorf("seed %d: %v", seed, o.Faults[0])
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d worlds from %d, %.1f virtual hours, %d records refused as from the future", *yearFlag, *fromFlag, total, refused)
	if refused < *yearFlag {
		t.Errorf("only %d records were refused", refused)
	}
}
