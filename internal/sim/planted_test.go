//go:build planted

package sim_test

import (
	"testing"
	"time"

	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/sim"
)

// TestPlantedBugsAreFound: every bug is found in its world.
func TestPlantedBugsAreFound(t *testing.T) {
	defer plant.Set(plant.None)
	for bug := plant.None + 1; bug < plant.Bugs; bug++ {
		t.Run(bug.String(), func(t *testing.T) {
			plant.Set(bug)
			faults := directed[bug](t).faults()
			if len(faults) == 0 {
				t.Fatal("not found")
			}
			t.Log(faults[0])
		})
	}
}

// TestCompleteIsMissed: where nobody reads, what gossip marked and did not store is missed at the end.
func TestCompleteIsMissed(t *testing.T) {
	plant.Set(plant.MarkedUnapplied)
	defer plant.Set(plant.None)
	p := sim.Plan{Keys: 1, TTL: time.Hour, Horizon: time.Second, Ops: []sim.Op{{At: time.Millisecond, Kind: sim.OpSet, TTL: time.Hour}}}
	for range 3 {
		p.Nodes = append(p.Nodes, sim.Spot{Region: "r", Capacity: 10, Ghosts: 10, Tombstones: 10})
	}
	if o := p.Run(nil); len(o.Faults) == 0 || o.Faults[0].Rule != "COMPLETE" {
		t.Errorf("found %v", o.Faults)
	}
}

// TestShrink: a world that fails becomes one of a few operations that fails alike.
func TestShrink(t *testing.T) {
	plant.Set(plant.WallClock)
	defer plant.Set(plant.None)
	p := sim.Swarm(0, 0)
	rule := p.Run(nil).Faults[0].Rule
	runs := 0
	small := sim.Shrink(p, rule, func() bool { runs++; return runs < 300 })
	if o := small.Run(nil); len(small.Ops) > 10 || len(o.Faults) == 0 || o.Faults[0].Rule != rule {
		t.Errorf("%d of %d operations are left, and break %v, not %s", len(small.Ops), len(p.Ops), o.Faults, rule)
	}
}
