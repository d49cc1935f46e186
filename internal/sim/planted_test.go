//go:build planted

package sim_test

import (
	"testing"

	"github.com/geolru/geolru/internal/plant"
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
