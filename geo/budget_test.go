package geo

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestBudgetGrantsOneInTwenty(t *testing.T) {
	var b Budget
	granted := 0
	for range 1000 {
		b.Look()
		if b.Hedge() {
			granted++
		}
	}
	if granted != 50 {
		t.Errorf("%d of 1000 granted to who always asks, want 50", granted)
	}
}

func TestBudgetSavesTen(t *testing.T) {
	var b Budget
	for range 1000 {
		b.Look()
	}
	granted := 0
	for b.Hedge() {
		granted++
		if got, want := b.Scarce(), float64(granted)/burst; math.Abs(got-want) > 1e-9 {
			t.Errorf("Scarce = %v after %d, want %v", got, granted, want)
		}
	}
	if granted != burst {
		t.Errorf("%d granted at once, want %d", granted, burst)
	}
}

func TestBudgetIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Budget
		looks, granted := 0, 0
		for _, look := range rapid.SliceOf(rapid.Bool()).Draw(t, "looks") {
			if look {
				looks++
				b.Look()
			} else if b.Hedge() {
				granted++
			}
			if granted*hedgeOneIn > looks {
				t.Fatalf("%d granted for %d look-ups", granted, looks)
			}
		}
	})
}
