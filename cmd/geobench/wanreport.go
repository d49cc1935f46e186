package main

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// wanReport is what `geobench wan` found.
type wanReport struct {
	About       surroundings   `json:"about"`
	Plan        wanPlan        `json:"plan"`
	Replication replicationRow `json:"replication"`
	Ranking     []rankingRow   `json:"ranking"`
	Lookups     []lookupRow    `json:"lookups"`
}

func (r *wanReport) tables() []*table {
	head := &table{heading: r.About.heading("Around the world, simulated")}
	head.row("nodes", "regions", "writes/s in all", "round trips from", "seed")
	head.row(fmt.Sprint(r.Plan.Nodes), fmt.Sprint(r.Plan.Regions), figure(r.Plan.Rate), r.Plan.Matrix, fmt.Sprint(r.Plan.Seed))
	return []*table{head, r.replicationTable(), r.rankingTable(), r.lookupTable()}
}

func (r *wanReport) replicationTable() *table {
	p := r.Replication
	t := &table{heading: fmt.Sprintf("## Writes to all nodes\n\n%d writes, %d lost; %.1f connections a node; %.1f records a batch; %.1f copies and %.0f B for each record and node. "+
		"The direct one-way time is half of the round trip between the writer and the node, without jitter", p.Writes, p.Lost, p.Connected, p.Batch, p.Copies, p.Bytes)}
	t.row("", "p50", "p99", "max")
	line := func(name string, f percent) { t.row(name, figure(f.P50), figure(f.P99), figure(f.Max)) }
	line("from a write until a node has it, ms", p.Delay)
	line("… of the direct one-way time", p.Stretch)
	line("from a write until the last node has it, ms", p.Last)
	line("… of the direct one-way time to the farthest", p.LastStretch)
	line("… with 20 ms taken off, the longest that a batch waits for company", p.LastLess20)
	return t
}

func (r *wanReport) rankingTable() *table {
	t := &table{heading: "## Who is nearest\n\nShare of the moments at which whom a node holds to be nearest is within 10 % or 1 ms of the nearest; switches: how often in 100 probes " +
		"the order changes, and who stands first; left: after how many probes a peer that became 3 times slower is no longer first, and in how many places it had to be"}
	t.row("jitter", "right, %", "switches", "of the first", "left p50", "p95", "places")
	for _, row := range r.Ranking {
		t.row(row.Jitter, fmt.Sprintf("%.2f", 100*row.Near), fmt.Sprintf("%.3f", row.Switches), fmt.Sprintf("%.3f", row.First),
			fmt.Sprint(row.Leave50), fmt.Sprint(row.Leave95), fmt.Sprint(row.Left))
	}
	return t
}

func (r *wanReport) lookupTable() *table {
	t := &table{heading: fmt.Sprintf("## Look-ups of what others hold, ms\n\n%d of each, in brackets without hedged requests, those to a second peer while the first is late. "+
		"Trouble: what goes wrong with the holders; hedges: in 100 look-ups; missed: look-ups that found nothing", r.Plan.Looks)}
	t.row("jitter", "trouble", "nearest RTT", "p50", "p99", "p99.9", "hedges, %", "missed")
	both := func(hedged, plain float64) string { return figure(hedged) + " (" + figure(plain) + ")" }
	for _, row := range r.Lookups {
		t.row(row.Jitter, row.Trouble, figure(row.Nearest), both(row.Took.P50, row.Plain.P50), both(row.Took.P99, row.Plain.P99),
			both(row.P999, row.Plain999), figure(100*row.Hedges), fmt.Sprint(row.Missed))
	}
	return t
}

// charts is stretch as a distribution, and look-ups.
func (r *wanReport) charts() []*plot.Plot {
	all := []*plot.Plot{
		distribution("From the write to a node", "ms", r.Replication.delays),
		distribution("… in direct one-way times", "times", r.Replication.stretches),
	}
	for rows := range slices.Chunk(r.Lookups, len(troubles)) {
		all = append(all, lookupChart(rows))
	}
	return all
}

// lookupChart is of look-ups over one kind of jitter.
func lookupChart(rows []lookupRow) *plot.Plot {
	var names []string
	groups := []bars{{legend: "p50"}, {legend: "p99"}, {legend: "p99.9"}}
	for _, row := range rows {
		names = append(names, row.Trouble)
		for i, f := range []float64{row.Took.P50, row.Took.P99, row.P999} {
			groups[i].figures = append(groups[i].figures, f)
		}
	}
	return barChart("Look-ups of what others hold, jitter: "+rows[0].Jitter, "ms", names, groups)
}

// distribution is the share of the figures that are not above x, up to the 99.9 %: beyond, a few would take all the room.
// The figures are sorted.
func distribution(title, unit string, figures []float64) *plot.Plot {
	const points = 500
	c := newChart(title, unit, "share")
	var line plotter.XYs
	for i := range points {
		share := .999 * float64(i) / points
		line = append(line, plotter.XY{X: figures[int(share*float64(len(figures)))], Y: share})
	}
	if l, err := plotter.NewLine(line); err == nil {
		l.Color = colour(0)
		c.Add(l)
	}
	c.Y.Min, c.Y.Max = 0, 1
	return c
}
