//go:build planted && campaign

package sim_test

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
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
func TestHowManySeeds(t *testing.T) {
	defer plant.Set(plant.None)
	fmt.Println("| planted bug | random worlds until found | found as |\n|---|---|---|")
	for bug := plant.None + 1; bug < plant.Bugs; bug++ {
		if *bugFlag != "" && *bugFlag != bug.String() {
			continue
		}
		plant.Set(bug)
		worlds, rule := "more than "+fmt.Sprint(*worldsFlag), "–"
		if seed, fault, ok := hunt(*worldsFlag); ok {
			worlds, rule = fmt.Sprint(seed+1), fault.Rule
		}
		fmt.Printf("| %s | %s | %s |\n", bug, worlds, strings.ToUpper(rule))
	}
}

// hunt plays worlds 0, 1, … on all processors and returns the first that breaks a rule.
func hunt(worlds uint64) (seed uint64, fault sim.Fault, ok bool) {
	var next atomic.Uint64
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
				p := sim.Swarm(s)
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
