package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
)

// lifetime is that of entries which are not to expire while they are measured.
const lifetime = time.Hour

// speedPlan is how speed is measured. The zero value measures nothing.
type speedPlan struct {
	Capacity int   `json:"capacity"` // entries
	Ops      int   `json:"ops"`      // in a measurement, of all goroutines
	Rounds   int   `json:"rounds"`
	Procs    []int `json:"gomaxprocs"`
}

// speedRow is the speed of a cache under a workload.
type speedRow struct {
	Cache      string   `json:"cache"`
	Workload   string   `json:"workload"`
	Procs      int      `json:"gomaxprocs"`
	Goroutines int      `json:"goroutines"`
	sample              // medians
	Missed     float64  `json:"missed"` // share of all operations that should have found something and did not
	Samples    []sample `json:"samples"`
}

// speedPlace is which row a sample belongs to.
type speedPlace struct {
	cache, workload string
	procs           int
}

// speedRun is a measurement of speed while it runs.
type speedRun struct {
	plan     speedPlan
	material material
	rows     map[speedPlace]*speedRow
	progress *progress
}

// speed measures all contenders in turns: a round is every one of them once, each round begins with another one, so
// that nobody always runs on a machine which a certain other has warmed. One cache is open at a time.
func speed(all []caches.Contender[[]byte], plan speedPlan, p *progress) ([]speedRow, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	r := &speedRun{plan, newMaterial(plan.Capacity), map[speedPlace]*speedRow{}, p}
	p.begin("speed", plan.Rounds*len(all)*len(plan.Procs))
	for round := range plan.Rounds {
		for i := range all {
			c := all[(i+round)%len(all)]
			for _, procs := range plan.Procs {
				p.step(fmt.Sprintf("round %d of %d, %s", round+1, plan.Rounds, c.Name))
				if err := r.contender(c, procs); err != nil {
					return nil, err
				}
			}
		}
	}
	return r.inOrder(all), nil
}

// contender is the turn of a cache. It is opened anew, for some choose their shards by GOMAXPROCS.
func (r *speedRun) contender(c caches.Contender[[]byte], procs int) error {
	runtime.GOMAXPROCS(procs)
	cache, err := c.Open(r.plan.Capacity, lifetime)
	if err != nil {
		return fmt.Errorf("open %s: %w", c.Name, err)
	}
	defer cache.Close()
	fill(cache, r.material.present, r.material.value)
	r.together(cache, workload{do: mix}, procs, len(r.material.present)) // all that is made at first use is made now
	cache.Settle()
	for _, w := range workloads() {
		if w.evict && !c.Bounded {
			continue
		}
		if w.evict {
			fill(cache, r.material.others, r.material.value)
		}
		r.measure(cache, w, speedPlace{c.Name, w.name, procs})
	}
	return nil
}

// settleEvery keeps a fill from going faster than the background work of a cache, which may drop what it cannot keep
// up with.
const settleEvery = 1024

func fill(c caches.Cache[[]byte], keys []string, value []byte) {
	for i, key := range keys {
		c.Set(key, value)
		if i%settleEvery == 0 {
			c.Settle()
		}
	}
	c.Settle()
}

// measure takes a sample. What a cache has put off until later is waited for and counts.
func (r *speedRun) measure(c caches.Cache[[]byte], w workload, at speedPlace) {
	goroutines := w.crowd
	if goroutines == 0 {
		goroutines = at.procs
	}
	ops := max(r.plan.Ops/goroutines, 1)
	runtime.GC()
	start := read()
	missed := r.together(c, w, goroutines, ops)
	c.Settle()
	s := since(start, goroutines*ops)

	row := r.rows[at]
	if row == nil {
		row = &speedRow{Cache: at.cache, Workload: at.workload, Procs: at.procs, Goroutines: goroutines}
		r.rows[at] = row
	}
	row.Samples = append(row.Samples, s)
	row.sample = medians(row.Samples)
	row.Missed = max(row.Missed, float64(missed)/float64(goroutines*ops))
}

// together runs the workers and adds up what they missed.
func (r *speedRun) together(c caches.Cache[[]byte], w workload, goroutines, ops int) (missed int) {
	missing := make([]int, goroutines)
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() { missing[i] = w.do(c, r.material, worker{i, goroutines, ops}) })
	}
	all.Wait()
	for _, n := range missing {
		missed += n
	}
	return missed
}

func (r *speedRun) inOrder(all []caches.Contender[[]byte]) (rows []speedRow) {
	for _, procs := range r.plan.Procs {
		for _, w := range workloads() {
			for _, c := range all {
				if row := r.rows[speedPlace{c.Name, w.name, procs}]; row != nil {
					rows = append(rows, *row)
				}
			}
		}
	}
	return rows
}
