package geo

import (
	"slices"
	"testing"
	"time"
)

// TestStallsAreHedged: the nearest peer stalls for a second on one look-up in twenty, which is as often as hedges are allowed,
// and nobody else is near enough to be asked first.
//
// A look-up that meets a stall takes at least the wait for the first answer and the RTT of the second. That wait has a least
// length too: one that wastes a hedged request on more than 1 in 100 look-ups leaves more than 1 in 100 unhedged, and the
// p99 is a stall. The p99 is held against the sum of the two.
func TestStallsAreHedged(t *testing.T) {
	const second = 80 * ms
	for _, c := range []struct {
		jitter
		want float64
	}{{cloud, 1.5}, {internet, 1.6}, {bad, 2.1}} {
		t.Run(c.Name, func(t *testing.T) {
			for seed := range uint64(4) {
				a := stalling(seed, c.jitter, hedgeOneIn, 53*ms, second)
				a.lookUp(4000, 2*time.Second)
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

// TestWhoStallsStandsBehind: another peer is up to 1.3 times as far as the one that stalls. It comes first soon, and the p99 of
// all look-ups is at most 1.3 times the nearest RTT; over jitter, at most 1.3 times the p99 of a nearest peer that never stalls.
func TestWhoStallsStandsBehind(t *testing.T) {
	for _, noise := range []jitter{{Name: "none"}, cloud, internet, bad} {
		t.Run(noise.Name, func(t *testing.T) {
			for seed := range uint64(4) {
				for _, every := range []time.Duration{20 * ms, 2 * time.Second} {
					const near, second = 53 * ms, 64 * ms
					a := stalling(seed, noise, hedgeOneIn, near, second)
					a.lookUp(4000, every)
					sound := stalling(seed, noise, 0, near, second)
					sound.lookUp(4000, every)
					p99, want := quantile(a.took, .99), max(quantile(sound.took, .99), near)
					t.Logf("a look-up every %v: p50 %v, p99 %v, %.2f times that without stalls", every, quantile(a.took, .5), p99, float64(p99)/float64(want))
					if float64(p99) > 1.3*float64(want) {
						t.Errorf("p99 %v, want at most 1.3 times %v", p99, want)
					}
				}
			}
		})
	}
}

// stalling is a node with peers at the given RTTs, of which the first stalls on one of so many look-ups and probes; 0 = on none.
func stalling(seed uint64, noise jitter, oneIn int, rtts ...time.Duration) *asker {
	a := &asker{world: newWorld(seed, len(rtts), noise), hedge: true}
	for i, id := range a.IDs {
		a.Base[id] = rtts[i]
	}
	asked, stalls := 0, 0
	a.Draw = func(id ID) time.Duration {
		rtt := a.noise.Draw(a.Base[id], a.rnd)
		if id != a.IDs[0] || oneIn == 0 {
			return rtt
		}
		if asked%oneIn == 0 { // one of the next, any
			stalls = asked + a.rnd.IntN(oneIn)
		}
		if asked++; asked-1 == stalls {
			rtt += time.Second
		}
		return rtt
	}
	a.answer = func(id ID) (time.Duration, bool) { return a.Draw(id), true }
	a.Live(time.Minute)
	return a
}

// lookUp begins n look-ups and waits for the last; afterwards took is in order.
func (a *asker) lookUp(n int, every time.Duration) {
	for range n {
		a.begin()
		a.step(a.Now + int64(every))
		for _, id := range a.Due(a.Now) {
			a.Probe(id)
		}
	}
	a.step(a.Now + int64(time.Minute))
	slices.Sort(a.took)
}

// leastWait is the shortest after which only 1 in 100 answers of the first peer come within one RTT.
func (a *asker) leastWait() time.Duration {
	const draws = 20_000
	var rtts []time.Duration
	for range draws {
		rtts = append(rtts, a.noise.Draw(a.Base[a.IDs[0]], a.rnd))
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
