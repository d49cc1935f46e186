package main

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"

	"github.com/geolru/geolru/cmd/geobench/internal/policy"
)

// policyReport is what `geobench policy` found.
type policyReport struct {
	About  surroundings  `json:"about"`
	Traces []policyTrace `json:"traces"`
}

func (r *policyReport) tables() []*table {
	all := []*table{{heading: r.About.heading("Eviction policies")}}
	for i := range r.Traces {
		all = append(all, r.Traces[i].table())
	}
	return append(all, r.summary())
}

// policies is the names of all, LRU first.
func (r *policyReport) policies() (names []string) {
	for i := range r.Traces {
		for _, row := range r.Traces[i].Rows {
			if !slices.Contains(names, row.Policy) {
				names = append(names, row.Policy)
			}
		}
	}
	return names
}

func (c cut) String() string {
	switch {
	case c == alone:
		return "alone"
	case c.Same:
		return fmt.Sprintf("same keys, %d %%", c.Peer)
	}
	return fmt.Sprintf("other keys, %d %%", c.Peer)
}

func (t *policyTrace) table() *table {
	out := &table{heading: fmt.Sprintf("## %s: %d requests of %d keys\n\nMean over sizes of %d: hits of LRU in %%, of others points above it. A peer has the "+
		"given share of the requests.\nFresh: of a tenth of the capacity that a peer writes, kept at once and after as many more requests as entries, "+
		"least and mean %%; with %s too", t.Trace, t.Requests, t.Distinct, t.Sizes, crowd)}
	heads := []string{"policy"}
	for _, c := range cuts() {
		heads = append(heads, c.String())
	}
	out.row(append(heads, "worst size", "fresh", "later", "fresh, peer", "later, peer")...)
	for _, row := range t.Rows {
		if row.Cut == alone && row.Size == t.Sizes[0] {
			out.row(t.cells(row.Policy)...)
		}
	}
	return out
}

func (t *policyTrace) cells(name string) []string {
	cells := []string{name}
	for _, c := range cuts() {
		if name == policy.LRU {
			cells = append(cells, fmt.Sprintf("%.2f", mean(t.ratios(name, c))))
		} else {
			cells = append(cells, signed(mean(t.above(name, c))))
		}
	}
	cells = append(cells, signed(slices.Min(t.above(name, alone))))
	for _, c := range []cut{alone, crowd} {
		kept, later := t.kept(name, c)
		cells = append(cells, leastAndMean(kept), leastAndMean(later))
	}
	return cells
}

func leastAndMean(percents []float64) string {
	return fmt.Sprintf("%.0f %.0f", slices.Min(percents), mean(percents))
}

func mean(of []float64) (sum float64) {
	for _, x := range of {
		sum += x
	}
	return sum / float64(len(of))
}

// of is the rows of a policy in a workload, by size.
func (t *policyTrace) of(name string, c cut) (rows []policyRow) {
	for _, row := range t.Rows {
		if row.Policy == name && row.Cut == c {
			rows = append(rows, row)
		}
	}
	return rows
}

// ratios is hits in percent, by size.
func (t *policyTrace) ratios(name string, c cut) (percents []float64) {
	for _, row := range t.of(name, c) {
		percents = append(percents, row.Ratio*100)
	}
	return percents
}

// above is points above LRU, by size.
func (t *policyTrace) above(name string, c cut) (points []float64) {
	lru := t.ratios(policy.LRU, c)
	for i, ratio := range t.ratios(name, c) {
		points = append(points, ratio-lru[i])
	}
	return points
}

// kept is the shares of fresh writes that were kept, by size.
func (t *policyTrace) kept(name string, c cut) (kept, later []float64) {
	for _, row := range t.of(name, c) {
		of := 100 / float64(row.Fresh.Written)
		kept, later = append(kept, float64(row.Fresh.Kept)*of), append(later, float64(row.Fresh.Later)*of)
	}
	return kept, later
}

func (r *policyReport) summary() *table {
	t := &table{heading: fmt.Sprintf("## All traces\n\nPoints above LRU. To hold: better alone on 5 of 6 traces, on none more than %d point worse, "+
		"at any size ≥ %d %% of fresh writes kept", mayLose, mustKeep)}
	t.row("policy", "better on", "mean", "worst trace", "worst size", "with a peer: mean", "worst", "fresh, least %", "with a peer", "holds")
	for _, name := range r.policies() {
		v := r.verdict(name)
		holds := "no"
		if v.holds() {
			holds = "yes"
		}
		t.row(name, fmt.Sprintf("%d of %d", v.wins(), len(v.alone)), signed(mean(v.alone)), signed(slices.Min(v.alone)), signed(v.worstPair),
			signed(mean(v.peer)), signed(slices.Min(v.peer)), fmt.Sprintf("%.0f", v.fresh), fmt.Sprintf("%.0f", v.crowd), holds)
	}
	return t
}

// deepest is where bars are cut off: one policy loses 25 points on one trace, beside which nothing else can be seen.
const deepest = -8

// charts is points above LRU, alone and with a peer.
func (r *policyReport) charts() []*plot.Plot {
	with := func(t *policyTrace, name string) (points []float64) {
		for _, c := range cuts()[1:] {
			points = append(points, t.above(name, c)...)
		}
		return points
	}
	return []*plot.Plot{
		r.chart("Alone", func(t *policyTrace, name string) []float64 { return t.above(name, alone) }),
		r.chart("With a peer, mean of all shares", with),
	}
}

func (r *policyReport) chart(title string, points func(*policyTrace, string) []float64) *plot.Plot {
	names := slices.DeleteFunc(r.policies(), func(name string) bool { return name == policy.LRU })
	var groups []bars
	for i := range r.Traces {
		g := bars{legend: r.Traces[i].Trace}
		for _, name := range names {
			g.figures = append(g.figures, mean(points(&r.Traces[i], name)))
		}
		groups = append(groups, g)
	}
	c := barChart(title, "points above LRU", names, groups)
	c.Y.Min, c.Y.Max = max(c.Y.Min, deepest), 1.25*c.Y.Max // what is below 0 takes of the legend's room
	return c
}
