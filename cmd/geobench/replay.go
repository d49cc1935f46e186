package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
	"github.com/geolru/geolru/cmd/geobench/internal/ideal"
	"github.com/geolru/geolru/cmd/geobench/internal/trace"
)

// Rules that need no cache to be run.
const (
	ruleOPT = "OPT" // the bound: it knows the future
	ruleLRU = "LRU" // exact, as one list
)

// hitRow is how a cache of a size did on a trace.
type hitRow struct {
	Trace string  `json:"trace"`
	Cache string  `json:"cache"`
	Size  int     `json:"size"` // entries it was to keep to
	Held  int     `json:"held"` // entries it had at the end: more than the size is no fair win
	Hits  int     `json:"hits"`
	Ratio float64 `json:"hit_ratio"`
}

// traceReport is what was found on one trace.
type traceReport struct {
	Trace    string   `json:"trace"`
	Requests int      `json:"requests"`
	Distinct int      `json:"distinct"`
	Sizes    []int    `json:"sizes"`
	Rows     []hitRow `json:"rows"` // by cache, then by size
}

// replayAll finds the hits of the rules and of all contenders at the sizes that make sense for the trace.
func replayAll(t trace.Trace, all []caches.Contender[int64], sizes []size, p *progress) (traceReport, error) {
	r := traceReport{Trace: t.Name, Requests: len(t.Requests), Distinct: t.Distinct, Sizes: entriesOf(sizes, t.Distinct)}
	p.begin(t.Name, len(all)*len(r.Sizes)+2)
	p.step("the best possible")
	best := ideal.NewBelady(t.Requests, t.Distinct)
	for _, n := range r.Sizes {
		r.add(ruleOPT, n, n, best.Hits(n))
	}
	p.step("least recently used")
	lru := ideal.NewLRU(t.Requests, t.Distinct)
	for _, n := range r.Sizes {
		r.add(ruleLRU, n, n, lru.Hits(n))
	}
	keys := keysOf(t)
	for _, c := range all {
		for _, n := range r.Sizes {
			p.step(fmt.Sprintf("%s of %d entries", c.Name, n))
			hits, held, err := replay(t, keys, c, n)
			if err != nil {
				return r, err
			}
			r.add(c.Name, n, held, hits)
		}
	}
	return r, nil
}

func (r *traceReport) add(cache string, size, held, hits int) {
	r.Rows = append(r.Rows, hitRow{r.Trace, cache, size, held, hits, float64(hits) / float64(r.Requests)})
}

// of is the row of a cache at a size.
func (r *traceReport) of(cache string, size int) (hitRow, bool) {
	i := slices.IndexFunc(r.Rows, func(row hitRow) bool { return row.Cache == cache && row.Size == size })
	if i < 0 {
		return hitRow{}, false
	}
	return r.Rows[i], true
}

func keysOf(t trace.Trace) []string {
	keys := make([]string, t.Distinct)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	return keys
}

// replay asks a cache for each key in its turn and writes those that it does not have. After each write it waits for
// the background work, as if there were time between requests: what is measured is the rule, not the race.
func replay(t trace.Trace, keys []string, c caches.Contender[int64], size int) (hits, held int, err error) {
	cache, err := c.Open(size, lifetime)
	if err != nil {
		return 0, 0, fmt.Errorf("open %s of %d entries: %w", c.Name, size, err)
	}
	defer cache.Close()
	for _, id := range t.Requests {
		if _, ok := cache.Get(keys[id]); ok {
			hits++
			continue
		}
		cache.Set(keys[id], int64(id))
		cache.Settle()
	}
	return hits, cache.Held(), nil
}
