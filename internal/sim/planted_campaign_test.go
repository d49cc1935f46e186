//go:build planted && campaign

package sim_test

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/sim"
)

var (
	worldsFlag = flag.Uint64("worlds", 1000, "random worlds that each planted bug gets at the most")
	bugFlag    = flag.String("bug", "", "one planted bug by its name; empty = all of them")
)

// finding is how far the search for a bug has come. What -resume keeps is these, by the bug's name.
type finding struct {
	Next  uint64 // the seed that is next
	Found bool   // in the seed before
	Rule  string // which it broke
}

// TestHowManySeeds prints, as a table for the documentation, how many random worlds it took to find each bug, and by which
// rule it was found. A bug that is not found by then is no failure: for that there are the directed worlds. All bugs get
// some worlds before any gets more, for as long as -for says.
//
// A world counts only if it is sound with nothing planted. Without that control a fault of the engine itself passes for a
// find of every bug that is not found before it.
func TestHowManySeeds(t *testing.T) {
	defer plant.Set(plant.None)
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	found := map[string]*finding{}
	resume(t, &found)
	began := time.Now()
	over := func() bool { return time.Since(began) > *forFlag }
	for step := uint64(8); step < 2**worldsFlag && !over(); step *= 2 {
		for bug := plant.None + 1; bug < plant.Bugs && !over(); bug++ {
			if *bugFlag == "" || *bugFlag == bug.String() {
				f := found[bug.String()]
				if f == nil {
					f = &finding{}
					found[bug.String()] = f
				}
				f.search(t, bug, min(step, *worldsFlag))
			}
		}
	}
	keep(t, found)
	fmt.Println("| planted bug | random worlds until found | found as |\n|---|--:|---|")
	for bug := plant.None + 1; bug < plant.Bugs; bug++ {
		if f := found[bug.String()]; f != nil && f.Found {
			fmt.Printf("| %s | %d | %s |\n", bug, f.Next, f.Rule)
		} else if f != nil {
			fmt.Printf("| %s | > %d | – |\n", bug, f.Next)
		}
	}
}

// search goes on until a world below most breaks a rule with the bug and none without it.
func (f *finding) search(t *testing.T, bug plant.Bug, most uint64) {
	for !f.Found && f.Next < most {
		plant.Set(bug)
		seed, fault, ok := hunt(f.Next, most)
		plant.Set(plant.None)
		if f.Next = seed; !ok {
			return
		}
		f.Next++
		p := sim.Swarm(seed, 0)
		if o := p.Run(nil); len(o.Faults) > 0 {
			t.Errorf("seed %d breaks %s with nothing planted", seed, o.Faults[0].Rule)
			continue
		}
		f.Found, f.Rule = true, fault.Rule
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
