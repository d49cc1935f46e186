package main

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// hitReport is what `geobench hitratio` found.
type hitReport struct {
	About  surroundings  `json:"about"`
	Traces []traceReport `json:"traces"`
}

func (r *hitReport) tables() []*table {
	all := []*table{r.About.title("Hit ratios")}
	for i := range r.Traces {
		all = append(all, r.Traces[i].table())
	}
	return append(all, r.summary())
}

// cachesOf is the caches of all traces, which are the same for each.
func (r *hitReport) cachesOf() []string {
	if len(r.Traces) == 0 {
		return nil
	}
	return r.Traces[0].caches()
}

func (t *traceReport) caches() (names []string) {
	for _, row := range t.Rows {
		if !slices.Contains(names, row.Cache) {
			names = append(names, row.Cache)
		}
	}
	return names
}

// tooMany is how much above its size a cache is marked: what it holds in excess is where its hits come from.
const tooMany = 1.02

func (t *traceReport) table() *table {
	out := &table{heading: fmt.Sprintf("## %s: %d requests of %d keys\n\nHits, %%, by entries. * held over %.0f %% more than that",
		t.Trace, t.Requests, t.Distinct, (tooMany-1)*100)}
	heads := []string{"cache"}
	for _, n := range t.Sizes {
		heads = append(heads, fmt.Sprint(n))
	}
	out.row(heads...)
	for _, cache := range t.caches() {
		cells := []string{cache}
		for _, n := range t.Sizes {
			row, _ := t.of(cache, n)
			cells = append(cells, row.cell())
		}
		out.row(cells...)
	}
	return out
}

func (row hitRow) cell() string {
	mark := ""
	if float64(row.Held) > tooMany*float64(row.Size) {
		mark = "*"
	}
	return fmt.Sprintf("%s%.2f", mark, row.Ratio*100)
}

// summary is each cache beside least recently used, a trace and a size being a pair.
func (r *hitReport) summary() *table {
	t := &table{heading: "## All pairs of a trace and a size\n\nPoints above exact LRU"}
	t.row("cache", "mean", "worst", "best", "pairs")
	for _, cache := range r.cachesOf() {
		above := r.aboveLRU(cache)
		if len(above) == 0 {
			continue
		}
		sum := 0.0
		for _, points := range above {
			sum += points
		}
		t.row(cache, signed(sum/float64(len(above))), signed(slices.Min(above)), signed(slices.Max(above)), fmt.Sprint(len(above)))
	}
	return t
}

// signed rounds first: a little below nothing is +0.00.
func signed(points float64) string { return fmt.Sprintf("%+.2f", math.Round(points*100)/100+0) }

func (r *hitReport) aboveLRU(cache string) (points []float64) {
	for i := range r.Traces {
		t := &r.Traces[i]
		for _, n := range t.Sizes {
			row, _ := t.of(cache, n)
			lru, _ := t.of(ruleLRU, n)
			points = append(points, (row.Ratio-lru.Ratio)*100)
		}
	}
	return points
}

// charts is a chart for each trace with at least two sizes.
func (r *hitReport) charts() (all []*plot.Plot) {
	for i := range r.Traces {
		if t := &r.Traces[i]; len(t.Sizes) > 1 {
			all = append(all, t.chart())
		}
	}
	return all
}

func (t *traceReport) chart() *plot.Plot {
	c := newChart(t.Trace, "entries", "hits, %")
	c.X.Scale, c.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	c.Legend.Top = false // where ratios, which rise to the right, leave room
	for i, cache := range t.caches() {
		line, err := plotter.NewLine(t.line(cache))
		if err != nil {
			continue // no points, no line
		}
		line.Color, line.Width = colour(i), vg.Points(1.2)
		c.Add(line)
		c.Legend.Add(cache, line)
	}
	return c
}

func (t *traceReport) line(cache string) (points plotter.XYs) {
	for _, n := range t.Sizes {
		row, _ := t.of(cache, n)
		points = append(points, plotter.XY{X: float64(n), Y: row.Ratio * 100})
	}
	return points
}
