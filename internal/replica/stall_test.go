package replica_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// stalling is a mesh in which node 0 lacks keys that the others have. The nearest of those stalls on one answer in so many; on
// those to probes only where m.probed, for what stalls holds up all that follows it.
func stalling(t *testing.T, oneIn int, rtts ...time.Duration) (m *mesh, keys int) {
	m = &mesh{World: sim.New(1), t: t}
	small := standard
	small.Capacity = 1
	stall := time.Duration(0)
	m.Links.Way = func(from, to int) time.Duration {
		if late := stall; from == 1 && late > 0 {
			if stall = 0; to == 0 {
				return late + rtts[0]/2
			}
		}
		if from > 0 && to > 0 {
			return 20 * time.Millisecond
		}
		base := rtts[max(from, to)-1] / 2
		return base + time.Duration(m.Rand.ExpFloat64()*float64(base)/100)
	}
	m.add("here", small)
	for range rtts {
		m.add("there", standard)
	}
	m.Run(15 * time.Second)
	for keys < 700 {
		m.set(1, fmt.Sprint("k", keys), "v")
		keys++
	}
	m.Run(30 * time.Second)
	m.Nodes()[1].Sent = func(lane uint8) {
		if (lane == geo.LaneFetch || lane == geo.LaneProbe && m.probed) && m.Rand.IntN(oneIn) == 0 {
			stall = 600 * time.Millisecond
		}
	}
	return m, keys
}

// TestStallingPeer: the nearest holder stalls on some answers, for 600 ms. If another is up to 1.3 times as far it is soon asked
// first, and that is the p99. Else the other look-ups take the nearest RTT, and a stalled one is
// answered by the next holder after the wait for the first, so it can never take less than both. That is the p99, also when
// stalls are as many as the budget of hedges has, one look-up in twenty: then the wait is longer (up to 2 RTT here, else 1.2
// to 1.5), for none may be spent on answers that are merely late.
func TestStallingPeer(t *testing.T) {
	const near = 10 * time.Millisecond
	for _, far := range []time.Duration{12 * time.Millisecond, 40 * time.Millisecond, 120 * time.Millisecond} {
		for _, oneIn := range []int{20, 50} {
			m, keys := stalling(t, oneIn, near, far, far+10*time.Millisecond)
			took, hedges := m.lookUp(keys - 1) // the last one is here
			at := func(part float64) float64 { return float64(took[int(part*float64(len(took)))]) / float64(near) }
			t.Logf("far %v, one in %d stalls: p50 %.2f, p94 %.2f, p97 %.2f, p99 %.2f of the nearest RTT; %d hedges of %d look-ups",
				far, oneIn, at(.5), at(.94), at(.97), at(.99), hedges, len(took))
			switch {
			case m.Nodes()[0].Engine.Overtaken() > 0:
				t.Error("a request is followed that was sent long ago")
			case len(took) != keys-1:
				t.Errorf("%d of %d look-ups found something", len(took), keys-1)
			case at(.94) > 1.3:
				t.Errorf("94 of 100 take up to %.2f of the nearest RTT", at(.94))
			case hedges > uint64(len(took)/20+10):
				t.Errorf("%d hedges", hedges)
			case oneIn == 20 && far < 13*time.Millisecond && at(.99) > 1.3:
				t.Errorf("99 of 100 take up to %.2f of the nearest RTT, want 1.3", at(.99))
			case at(.99) > map[int]float64{20: 2.3, 50: 1.6}[oneIn]+1.1*float64(far)/float64(near):
				t.Errorf("99 of 100 take up to %.2f of the nearest RTT", at(.99))
			}
		}
	}
}

// lookUp has node 0 look for keys, one after the other, and tells in order how long those took that were found.
func (m *mesh) lookUp(keys int) (took []time.Duration, hedges uint64) {
	e := m.Nodes()[0].Engine
	before := e.Counters().Hedges
	for k := range keys {
		began := m.Now()
		m.caches[0].Ask([]string{fmt.Sprint("k", k)}, func(found map[string]replica.Blob) {
			if len(found) == 1 {
				took = append(took, m.Now()-began)
			}
		})
		m.Run(time.Second)
		m.probed = true
		m.Run(3 * time.Second)
		m.probed = false
		m.Run(time.Second)
	}
	slices.Sort(took)
	return took, e.Counters().Hedges - before
}

// TestSilentHolder: before a node has looked up so much that it may hedge, its nearest peer falls silent, and its connection
// stays. The first look-up goes on to the next holder after a second, those after it at once.
func TestSilentHolder(t *testing.T) {
	const near, far = 10 * time.Millisecond, 40 * time.Millisecond
	m, _ := stalling(t, 1, near, far)
	way := m.Links.Way
	m.Links.Way = func(from, to int) time.Duration {
		if from == 1 && to == 0 {
			return time.Hour
		}
		return way(from, to)
	}
	took, hedges := m.lookUp(4) // in order of time
	if len(took) != 4 || took[2] > 2*far || took[3] > time.Second+2*far || hedges > 0 {
		t.Errorf("4 look-ups took %v with %d hedges, want all but one within %v and that a second later", took, hedges, 2*far)
	}
}
