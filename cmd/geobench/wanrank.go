package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wan"
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

const peersOfHome = 20

// newHome puts peers into places drawn from all others.
func (w *wanRun) newHome(place int, n noise) *wan.Home[geo.ID] {
	rnd := rand.New(rand.NewPCG(w.plan.Seed, uint64(place)+100))
	r := geo.NewRanking(w.table.Names[place], rand.New(rand.NewPCG(w.plan.Seed, uint64(place)+10_000)))
	h := &wan.Home[geo.ID]{Rank: r, Base: map[geo.ID]time.Duration{}}
	places := map[geo.ID]int{}
	h.Draw = func(id geo.ID) time.Duration { return n.draw(place, places[id], h.Base[id], rnd) }
	others := slices.DeleteFunc(rnd.Perm(len(w.table.Names)), func(i int) bool { return i == place })
	for i := range min(peersOfHome, len(others)) {
		id := geo.ID(fmt.Sprintf("%03d", i))
		h.IDs, places[id], h.Base[id] = append(h.IDs, id), others[i], w.table.Between(place, others[i])
		r.Add(id, w.table.Names[others[i]], h.Now)
	}
	h.Live(10 * time.Second)
	return h
}

func (w *wanRun) ranking(n noise) rankingRow {
	var v wan.Verdict
	var leave []int
	for place := range w.table.Names {
		h := w.newHome(place, n)
		v = v.Plus(h.Judge(5 * time.Minute))
		if k, ok := h.Slow(); ok {
			leave = append(leave, k)
		}
	}
	slices.Sort(leave)
	row := rankingRow{
		Jitter: n.name, Near: float64(v.Right) / float64(v.Probes), Switches: 100 * float64(v.Switches) / float64(v.Probes),
		First: 100 * float64(v.FirstSwitches) / float64(max(v.First, 1)), Left: len(leave),
	}
	if len(leave) > 0 {
		row.Leave50, row.Leave95 = leave[len(leave)/2], leave[min(len(leave)*95/100, len(leave)-1)]
	}
	return row
}

// lognormal draws from a distribution of median 1.
func lognormal(sigma float64, rnd *rand.Rand) float64 { return math.Exp(sigma * rnd.NormFloat64()) }

// lognormalDeviation is its standard deviation.
func lognormalDeviation(sigma float64) float64 {
	s := sigma * sigma
	return math.Sqrt((math.Exp(s) - 1) * math.Exp(s))
}
