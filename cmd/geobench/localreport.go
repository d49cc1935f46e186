package main

import (
	"fmt"
	"slices"
)

// localReport is what `geobench local` found. Phases that were not run are empty.
type localReport struct {
	About  surroundings `json:"about"`
	Plan   localPlan    `json:"plan"`
	Speed  []speedRow   `json:"speed"`
	Memory []memoryRow  `json:"memory"`
	Expiry []expiryRow  `json:"expiry"`
}

func (r *localReport) tables() []*table {
	all := []*table{r.About.title("Caches in one process")}
	if len(r.Speed) > 0 {
		all = append(all, r.speedTables()...)
	}
	if len(r.Memory) > 0 {
		all = append(all, r.memoryTable())
	}
	if len(r.Expiry) > 0 {
		all = append(all, r.expiryTable())
	}
	return all
}

// speedTables is CPU, then wall time for each GOMAXPROCS, then allocations.
func (r *localReport) speedTables() (all []*table) {
	for _, procs := range r.Plan.Speed.Procs {
		all = append(all,
			r.speedTable(procs, "CPU ns per operation", func(row speedRow) string { return figure(row.CPU) }),
			r.speedTable(procs, "Wall ns per operation", func(row speedRow) string { return figure(row.Wall) }))
	}
	last := r.Plan.Speed.Procs[len(r.Plan.Speed.Procs)-1]
	all = append(all,
		r.speedTable(last, "Allocations per operation", func(row speedRow) string { return fmt.Sprintf("%.2f", row.Allocs) }),
		r.speedTable(last, "Million operations a second", func(row speedRow) string { return figure(1e3 / row.Wall) }))
	if t := r.missedTable(); len(t.rows) > 1 {
		all = append(all, t)
	}
	return all
}

func (r *localReport) speedTable(procs int, what string, cell func(speedRow) string) *table {
	p := r.Plan.Speed
	t := &table{heading: fmt.Sprintf("## %s, GOMAXPROCS %d\n\n%d-B keys, %d-B values, capacity %d; as many goroutines, "+
		"in a crowd 64; medians of %d rounds", what, procs, keyBytes, valueBytes, p.Capacity, p.Rounds)}
	names := []string{"cache"}
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	t.row(names...)
	for _, cache := range r.cachesOf() {
		cells := []string{cache}
		for _, w := range workloads() {
			cells = append(cells, r.speedCell(speedPlace{cache, w.name, procs}, cell))
		}
		t.row(cells...)
	}
	return t
}

func (r *localReport) speedCell(at speedPlace, cell func(speedRow) string) string {
	row, ok := r.speedOf(at)
	if !ok {
		return "–"
	}
	return cell(row)
}

func (r *localReport) speedOf(at speedPlace) (speedRow, bool) {
	i := slices.IndexFunc(r.Speed, func(row speedRow) bool {
		return speedPlace{row.Cache, row.Workload, row.Procs} == at
	})
	if i < 0 {
		return speedRow{}, false
	}
	return r.Speed[i], true
}

// cachesOf is the caches that were measured, in the order of the table.
func (r *localReport) cachesOf() (names []string) {
	for _, row := range r.Speed {
		if !slices.Contains(names, row.Cache) {
			names = append(names, row.Cache)
		}
	}
	return names
}

// worthAWord is the share of reads without an answer from which a figure of reads means something else.
const worthAWord = 0.001

// missedTable is the measurements in which keys were gone that should have been there.
func (r *localReport) missedTable() *table {
	t := &table{heading: "## Reads that found nothing, though there was room for everything"}
	t.row("cache", "workload", "GOMAXPROCS", "worst round, %")
	for _, row := range r.Speed {
		if row.Missed >= worthAWord {
			t.row(row.Cache, row.Workload, fmt.Sprint(row.Procs), figure(row.Missed*100))
		}
	}
	return t
}

func (r *localReport) memoryTable() *table {
	t := &table{heading: fmt.Sprintf("## Memory at %d entries\n\nstring keys of %d B; []byte values of %d B. "+
		"Bytes per entry include both; GC is CPU ms of one collection, median of %d", r.Plan.Entries, keyBytes, valueBytes, collections)}
	t.row("cache", "values", "held", "B/entry", "GC CPU ms")
	for _, row := range r.Memory {
		t.row(row.Cache, row.Values, fmt.Sprint(row.Held), figure(row.BytesPerEntry), figure(row.GCms))
	}
	return t
}

func (r *localReport) expiryTable() *table {
	p := r.Plan.Expiry
	t := &table{heading: fmt.Sprintf("## %d entries expire at once\n\nOne caller, 75/25 mix on entries that live on, for %v before "+
		"and after the deadline: µs an operation. Gone: the last of them out of memory, after the deadline; left: what memory is not given back",
		p.Entries, p.Window)}
	t.row("cache", "p99.99 before", "max before", "p99.99 after", "max after", "gone, ms", "left, B/entry")
	for _, row := range r.Expiry {
		t.row(row.Cache, figure(row.Calm.P9999), figure(row.Calm.Max), figure(row.Storm.P9999), figure(row.Storm.Max),
			p.gone(row), figure(row.Left))
	}
	return t
}

func (p expiryPlan) gone(row expiryRow) string {
	switch {
	case !row.Expires:
		return "–"
	case row.Gone < 0:
		return fmt.Sprintf("> %d", p.Patience.Milliseconds())
	}
	return figure(row.Gone)
}
