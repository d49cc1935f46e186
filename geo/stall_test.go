package geo

import (
	"slices"
	"testing"
	"time"
)

// TestStallsAreHedged: the nearest peer stalls for a second on one look-up in twenty, which is as often as hedges are allowed.
//
// A look-up that meets a stall takes at least the wait for the first answer and the RTT of the second. That wait has a least
// length too: one that wastes a hedged request on more than 1 in 100 look-ups leaves more than 1 in 100 unhedged, and the
// p99 is a stall. The p99 is held against the sum of the two.
func TestStallsAreHedged(t *testing.T) {
	const second = 64 * ms
	for _, c := range []struct {
		jitter
		want float64
	}{{cloud, 1.6}, {internet, 1.8}, {bad, 2.2}} {
		t.Run(c.Name, func(t *testing.T) {
			for seed := range uint64(4) {
				a := stalling(seed, c.jitter, 53*ms, second)
				for range 4000 {
					a.begin()
					a.step(a.Now + 2*int64(time.Second))
					a.Live(2 * time.Second)
				}
				slices.Sort(a.took)
				p99, floor := quantile(a.took, .99), a.leastWait()+second
				hedged := float64(a.hedges) / float64(len(a.took))
				t.Logf("p50 %v, p99 %v, at least %v; %.2f %% hedged", quantile(a.took, .5), p99, floor, 100*hedged)
				if float64(p99) > c.want*float64(floor) {
					t.Errorf("p99 %v, want at most %.1f times %v", p99, c.want, floor)
				}
				if hedged > .05 {
					t.Errorf("%.2f %% hedged, want at most 5", 100*hedged)
				}
			}
		})
	}
}

// stalling is a node with peers at the given RTTs, of which the first stalls.
func stalling(seed uint64, noise jitter, rtts ...time.Duration) *asker {
	a := &asker{world: newWorld(seed, len(rtts), noise), hedge: true}
	for i, id := range a.IDs {
		a.Base[id] = rtts[i]
	}
	a.answer = func(id ID) (time.Duration, bool) {
		rtt := a.Draw(id)
		if id == a.IDs[0] && a.rnd.Float64() < 1./hedgeOneIn {
			rtt += time.Second
		}
		return rtt, true
	}
	a.Live(time.Minute)
	return a
}

// leastWait is the shortest after which only 1 in 100 answers of the first peer come within one RTT.
func (a *asker) leastWait() time.Duration {
	const draws = 20_000
	var rtts []time.Duration
	for range draws {
		rtts = append(rtts, a.Draw(a.IDs[0]))
	}
	slices.Sort(rtts)
	for i, rtt := range rtts {
		end, _ := slices.BinarySearch(rtts, rtt+a.Base[a.IDs[0]])
		if end-i <= draws/100 {
			return rtt
		}
	}
	return rtts[draws-1]
}
