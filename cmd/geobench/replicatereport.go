package main

import (
	"fmt"

	"gonum.org/v1/plot"

	"github.com/geolru/geolru/cmd/geobench/internal/links"
)

// replicateReport is what `geobench replicate` found.
type replicateReport struct {
	About   surroundings      `json:"about"`
	Plan    replicatePlan     `json:"plan"`
	Links   []linkRow         `json:"links"`
	Skipped map[string]string `json:"skipped,omitempty"` // and why
}

// linkRow is a link: medians of each figure by itself, the worst of what was lost.
type linkRow struct {
	Link    string `json:"link"`
	Carrier bool   `json:"carrier"`
	linkSample
	Samples []linkSample `json:"samples"`
}

func newLinkRow(l links.Link, samples []linkSample) linkRow {
	mid := func(of func(linkSample) float64) float64 {
		var all []float64
		for _, s := range samples {
			all = append(all, of(s))
		}
		return median(all)
	}
	delay := func(of func(linkSample) latencyFigure) latencyFigure {
		return latencyFigure{
			Seen: int(mid(func(s linkSample) float64 { return float64(of(s).Seen) })),
			P50:  mid(func(s linkSample) float64 { return of(s).P50 }),
			P99:  mid(func(s linkSample) float64 { return of(s).P99 }),
			Max:  mid(func(s linkSample) float64 { return of(s).Max }),
		}
	}
	row := linkRow{Link: l.Name, Carrier: l.Carrier, Samples: samples}
	row.Calm = delay(func(s linkSample) latencyFigure { return s.Calm })
	row.Busy = delay(func(s linkSample) latencyFigure { return s.Busy })
	row.Burst = burstSample{
		Rate:  mid(func(s linkSample) float64 { return s.Burst.Rate }),
		CPU:   mid(func(s linkSample) float64 { return s.Burst.CPU }),
		Bytes: mid(func(s linkSample) float64 { return s.Burst.Bytes }),
		Drain: mid(func(s linkSample) float64 { return s.Burst.Drain }),
	}
	row.Steady.Rate = mid(func(s linkSample) float64 { return s.Steady.Rate })
	for _, s := range samples {
		row.Burst.Lost = max(row.Burst.Lost, s.Burst.Lost)
		row.Steady.Missing = max(row.Steady.Missing, s.Steady.Missing)
	}
	return row
}

func (r *replicateReport) tables() []*table {
	head := &table{heading: r.About.heading("Replication between two processes")}
	head.row("link", "version")
	for _, row := range r.Links {
		head.row(row.Link, r.About.Versions[row.Link])
	}
	for _, l := range links.All() {
		if why, ok := r.Skipped[l.Name]; ok {
			head.row(l.Name, "not measured: "+why)
		}
	}
	return []*table{head, r.delayTable(), r.burstTable()}
}

func (r *replicateReport) delayTable() *table {
	t := &table{heading: fmt.Sprintf("## From the write to visible on the other side, ms\n\n%d-B keys, %d-B values, %v s each; medians of %d rounds",
		keyBytes, valueBytes, r.Plan.Seconds, r.Plan.Rounds)}
	t.row("link", "100/s p50", "p99", "10,000/s p50", "p99")
	for _, row := range r.Links {
		t.row(row.Link, figure(row.Calm.P50), figure(row.Calm.P99), figure(row.Busy.P50), figure(row.Busy.P99))
	}
	return t
}

func (r *replicateReport) burstTable() *table {
	t := &table{heading: fmt.Sprintf("## %d records, as fast as they are taken\n\nUntil the last is visible. CPU of both sides, helpers included; "+
		"bytes on the wire both ways. Lost: not there %v s after the last, or, of records at %d a second, %v s after", r.Plan.Records, drained, steadyRate, inTime)}
	t.row("link", "records/s", "CPU s a million", "B a write", "lost", "records/s kept", "lost then")
	for _, row := range r.Links {
		bytes := "–"
		if row.Burst.Bytes > 0 {
			bytes = figure(row.Burst.Bytes)
		}
		t.row(row.Link, figure(row.Burst.Rate), figure(row.Burst.CPU), bytes, fmt.Sprint(row.Burst.Lost),
			figure(row.Steady.Rate), fmt.Sprint(row.Steady.Missing))
	}
	return t
}

// charts is delay, speed and cost.
func (r *replicateReport) charts() []*plot.Plot {
	var names []string
	rate, cpu := bars{legend: "records/s"}, bars{legend: "CPU s a million"}
	delays := []bars{{legend: "100/s p50"}, {legend: "100/s p99"}, {legend: "10,000/s p50"}, {legend: "10,000/s p99"}}
	for _, row := range r.Links {
		names = append(names, row.Link)
		rate.figures = append(rate.figures, row.Burst.Rate)
		cpu.figures = append(cpu.figures, row.Burst.CPU)
		for i, f := range []float64{row.Calm.P50, row.Calm.P99, row.Busy.P50, row.Busy.P99} {
			delays[i].figures = append(delays[i].figures, f)
		}
	}
	return []*plot.Plot{
		barChart("From the write to visible on the other side", "ms", names, delays),
		barChart("Records of 16 + 100 B, until all are visible", "records/s", names, []bars{rate}),
		barChart("CPU time of both sides", "seconds a million records", names, []bars{cpu}),
	}
}
