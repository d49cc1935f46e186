package main

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// bars is one group of figures, a figure for each name.
type bars struct {
	legend  string
	figures []float64
}

// charts is the report as pictures: what callers wait for, what memory and garbage collection cost.
func (r *localReport) charts() (all []*plot.Plot) {
	if len(r.Speed) > 0 {
		for _, procs := range r.Plan.Speed.Procs {
			all = append(all, r.speedChart(procs, "", "get", "overwrite", "insert", "mix"))
		}
		most := slices.Max(r.Plan.Speed.Procs)
		all = append(all, r.speedChart(most, ", 64 goroutines", "crowd get", "crowd mix"))
	}
	if len(r.Memory) > 0 {
		all = append(all, r.memoryChart("bytes per entry", func(row memoryRow) float64 { return row.BytesPerEntry }),
			r.memoryChart("CPU ms of a garbage collection", func(row memoryRow) float64 { return row.GCms }))
	}
	if len(r.Expiry) > 0 {
		all = append(all, r.expiryChart())
	}
	return all
}

// speedChart draws some workloads; the others are in the tables.
func (r *localReport) speedChart(procs int, crowd string, workloads ...string) *plot.Plot {
	names := r.cachesOf()
	var groups []bars
	for _, workload := range workloads {
		group := bars{legend: workload}
		for _, cache := range names {
			row, _ := r.speedOf(speedPlace{cache, workload, procs}) // none is no bar
			group.figures = append(group.figures, row.CPU)
		}
		groups = append(groups, group)
	}
	return barChart(fmt.Sprintf("CPU time of an operation, GOMAXPROCS %d%s", procs, crowd), "ns", names, groups)
}

func (r *localReport) memoryChart(unit string, of func(memoryRow) float64) *plot.Plot {
	var names []string
	var groups []bars
	for _, row := range r.Memory {
		if !slices.Contains(names, row.Cache) {
			names = append(names, row.Cache)
		}
		if len(groups) == 0 || groups[len(groups)-1].legend != row.Values {
			groups = append(groups, bars{legend: row.Values})
		}
		g := &groups[len(groups)-1]
		g.figures = append(g.figures, of(row))
	}
	return barChart(fmt.Sprintf("Memory at %d entries", r.Plan.Entries), unit, names, groups)
}

func (r *localReport) expiryChart() *plot.Plot {
	var names []string
	calm, storm := bars{legend: "before"}, bars{legend: "after"}
	for _, row := range r.Expiry {
		names = append(names, row.Cache)
		calm.figures = append(calm.figures, row.Calm.P9999)
		storm.figures = append(storm.figures, row.Storm.P9999)
	}
	return barChart(fmt.Sprintf("%d entries expire at once: p99.99 of operations", r.Plan.Expiry.Entries), "µs", names, []bars{calm, storm})
}

// barChart stands the bars of a name side by side.
func barChart(title, unit string, names []string, groups []bars) *plot.Plot {
	c := newChart(title, "", unit)
	width := 0.8 * chartWidth / vg.Length(len(names)*(len(groups)+1))
	for i, g := range groups {
		b, err := plotter.NewBarChart(plotter.Values(g.figures), width)
		if err != nil {
			continue // no figures, no bars
		}
		b.Color, b.LineStyle.Width = colour(i), 0
		b.Offset = width * (vg.Length(i) - vg.Length(len(groups)-1)/2)
		c.Add(b)
		if len(groups) > 1 { // one group is what the axis says
			c.Legend.Add(g.legend, b)
		}
	}
	c.NominalX(names...)
	c.X.Tick.Label.Rotation = 0.5 // radians: the names are longer than the bars are wide
	c.X.Tick.Label.XAlign, c.X.Tick.Label.YAlign = -1, -0.5
	c.Y.Min, c.Y.Max = min(c.Y.Min, 0), (1+legendRoom*float64(len(groups)))*c.Y.Max
	return c
}
