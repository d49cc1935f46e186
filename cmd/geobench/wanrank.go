package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/geolru/geolru/geo"
)

// rankingRow is how well the nearest peer is known, with each place of the table as the home of a node once.
type rankingRow struct {
	Jitter   string  `json:"jitter"`
	Near     float64 `json:"within_10_percent_or_1_ms"` // share of the moments after a probe
	Switches float64 `json:"switches_per_100_probes"`
	First    float64 `json:"switches_per_100_probes_of_the_nearest"`
	Leave50  int     `json:"probes_to_leave_p50"` // a peer that became three times slower
	Leave95  int     `json:"probes_to_leave_p95"`
	Left     int     `json:"worlds"` // in which it had to be left
}

// home is a node that ranks peers in other places, in virtual time.
type home struct {
	*geo.Ranking
	rnd   *rand.Rand
	draw  func(id geo.ID) time.Duration
	base  map[geo.ID]time.Duration
	ids   []geo.ID
	now   int64
	watch func(id geo.ID)
}

const peersOfHome = 20

// newHome puts peers into places drawn from all others.
func (w *wanRun) newHome(place int, n noise) *home {
	rnd := rand.New(rand.NewPCG(w.plan.Seed, uint64(place)+100))
	h := &home{
		Ranking: geo.NewRanking(w.table.Names[place], rand.New(rand.NewPCG(w.plan.Seed, uint64(place)+10_000))),
		rnd:     rnd, base: map[geo.ID]time.Duration{}, watch: func(geo.ID) {},
	}
	places := map[geo.ID]int{}
	h.draw = func(id geo.ID) time.Duration { return n.draw(place, places[id], h.base[id], rnd) }
	others := slices.DeleteFunc(rnd.Perm(len(w.table.Names)), func(i int) bool { return i == place })
	for i := range min(peersOfHome, len(others)) {
		id := geo.ID(fmt.Sprintf("%03d", i))
		h.ids, places[id], h.base[id] = append(h.ids, id), others[i], w.table.Between(place, others[i])
		h.Add(id, w.table.Names[others[i]], h.now)
	}
	h.live(10 * time.Second)
	return h
}

// live probes for a time. The answers come at once, only their time is as it would be.
func (h *home) live(d time.Duration) {
	for end := h.now + int64(d); h.now < end; {
		next, _ := h.NextDue()
		h.now = max(h.now, next)
		for _, id := range h.Due(h.now) {
			h.Probed(id, h.now)
			h.Sample(id, h.draw(id), h.now)
			h.watch(id)
		}
	}
}

func (h *home) first() geo.ID { return h.Nearest(1, h.now)[0] }

func (h *home) nearest() time.Duration {
	best := time.Duration(math.MaxInt64)
	for _, id := range h.ids {
		best = min(best, h.base[id])
	}
	return best
}

func (w *wanRun) ranking(n noise) rankingRow {
	var probes, near, switches, own, ownSwitches int
	var leave []int
	for place := range w.table.Names {
		h := w.newHome(place, n)
		best, was := h.nearest(), h.first()
		h.watch = func(id geo.ID) {
			first := h.first()
			probes++
			if got := h.base[first]; float64(got) <= 1.1*float64(best) || got <= best+time.Millisecond {
				near++
			}
			if id == was {
				own++
			}
			if first != was {
				switches++
				if id == was {
					ownSwitches++
				}
			}
			was = first
		}
		h.live(5 * time.Minute)
		if k, ok := h.slow(); ok {
			leave = append(leave, k)
		}
	}
	slices.Sort(leave)
	row := rankingRow{
		Jitter: n.name, Near: float64(near) / float64(probes), Switches: 100 * float64(switches) / float64(probes),
		First: 100 * float64(ownSwitches) / float64(max(own, 1)), Left: len(leave),
	}
	if len(leave) > 0 {
		row.Leave50, row.Leave95 = leave[len(leave)/2], leave[min(len(leave)*95/100, len(leave)-1)]
	}
	return row
}

// slow makes the first peer three times slower, and counts its probes until another stands first; false where nobody is
// better by a fifth and 2 ms even then.
func (h *home) slow() (probes int, ok bool) {
	first := h.first()
	h.base[first] *= 3
	best := h.nearest()
	if float64(h.base[first]) < 1.2*float64(best) || h.base[first] < best+2*time.Millisecond {
		return 0, false
	}
	h.watch = func(id geo.ID) {
		if id == first && h.first() == first {
			probes++
		}
	}
	for i := 0; i < 100 && h.first() == first; i++ {
		h.live(time.Second)
	}
	return probes + 1, true
}

// lognormal draws from a distribution of median 1.
func lognormal(sigma float64, rnd *rand.Rand) float64 { return math.Exp(sigma * rnd.NormFloat64()) }

// lognormalDeviation is its standard deviation.
func lognormalDeviation(sigma float64) float64 {
	s := sigma * sigma
	return math.Sqrt((math.Exp(s) - 1) * math.Exp(s))
}
