//go:build planted && campaign

package sim_test

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/sim"
)

var (
	worldsFlag = flag.Uint64("worlds", 200, "random worlds that each planted bug gets at the most")
	bugFlag    = flag.String("bug", "", "one planted bug by its name; empty = all of them")
)

// TestHowManySeeds prints, as a table for the documentation, how many random worlds it took to find each bug, and by which
// rule it was found. A bug that is not found by then is no failure: for that there are the directed worlds.
//
// A world counts only if it is sound with nothing planted. Without that control a fault of the engine itself passes for a
// find of every bug that is not found before it.
func TestHowManySeeds(t *testing.T) {
	defer plant.Set(plant.None)
	fmt.Println("| planted bug | random worlds until found | found as |\n|---|---|---|")
	for bug := plant.None + 1; bug < plant.Bugs; bug++ {
		if *bugFlag != "" && *bugFlag != bug.String() {
			continue
		}
		worlds, rule := "more than "+fmt.Sprint(*worldsFlag), "–"
		if seed, fault, ok := find(t, bug); ok {
			worlds, rule = fmt.Sprint(seed+1), fault.Rule
		}
		fmt.Printf("| %s | %s | %s |\n", bug, worlds, rule)
	}
}

// find is the first world that breaks a rule with the bug and none without it.
func find(t *testing.T, bug plant.Bug) (seed uint64, fault sim.Fault, ok bool) {
	for from := uint64(0); ; from = seed + 1 {
		plant.Set(bug)
		if seed, fault, ok = hunt(from, *worldsFlag); !ok {
			return 0, fault, false
		}
		plant.Set(plant.None)
		p := sim.Swarm(seed, 0)
		o := p.Run(nil)
		if len(o.Faults) == 0 {
			return seed, fault, true
		}
		t.Errorf("seed %d breaks %s with nothing planted", seed, o.Faults[0].Rule)
	}
}

// hunt plays worlds from one on, on all processors, and returns the first that breaks a rule.
func hunt(from, worlds uint64) (seed uint64, fault sim.Fault, ok bool) {
	var next atomic.Uint64
	next.Store(from)
	var mu sync.Mutex // guards the results
	var wg sync.WaitGroup
	seed = worlds
	first := func() uint64 {
		mu.Lock()
		defer mu.Unlock()
		return seed
	}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for s := next.Add(1) - 1; s < first(); s = next.Add(1) - 1 {
				p := sim.Swarm(s, 0)
				o := p.Run(nil)
				mu.Lock()
				if len(o.Faults) > 0 && s < seed {
					seed, fault, ok = s, o.Faults[0], true
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return seed, fault, ok
}
