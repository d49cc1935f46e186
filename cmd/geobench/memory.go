package main

import (
	"fmt"
	"runtime"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
)

// collections is how many garbage collections the figure of one is the median of.
const collections = 5

// memoryRow is what a full cache costs while nobody uses it.
type memoryRow struct {
	Cache         string    `json:"cache"`
	Values        string    `json:"values"`
	Held          int       `json:"held"`            // entries; sharded caches evict a few before they are full
	BytesPerEntry float64   `json:"bytes_per_entry"` // key and value included
	GCms          float64   `json:"gc_cpu_ms"`       // of one collection; median
	Samples       []float64 `json:"samples"`
}

// memory measures contenders one after another, each filled with entries that have memory of their own, as a program
// would have made them.
func memory[V any](all []caches.Contender[V], values string, value func(i int) V, entries int, p *progress) ([]memoryRow, error) {
	p.begin("memory", len(all))
	var rows []memoryRow
	for _, c := range all {
		p.step(fmt.Sprintf("%d entries of %s, %s", entries, values, c.Name))
		row, err := memoryOf(c, value, entries)
		if err != nil {
			return nil, err
		}
		row.Values = values
		rows = append(rows, row)
	}
	return rows, nil
}

func memoryOf[V any](c caches.Contender[V], value func(i int) V, entries int) (memoryRow, error) {
	before := restingHeap()
	cache, err := c.Open(entries, lifetime)
	if err != nil {
		return memoryRow{}, fmt.Errorf("open %s: %w", c.Name, err)
	}
	defer cache.Close() // which also keeps it alive until here
	for i := range entries {
		cache.Set(newKey(i), value(i))
		if i%settleEvery == 0 {
			cache.Settle()
		}
	}
	cache.Settle()
	row := memoryRow{Cache: c.Name, Held: cache.Held()}
	row.BytesPerEntry = (float64(liveHeap()) - float64(before)) / float64(row.Held)
	for range collections {
		start := cpuTime()
		runtime.GC()
		row.Samples = append(row.Samples, (cpuTime()-start).Seconds()*1e3)
	}
	row.GCms = median(row.Samples)
	return row, nil
}

func newBytes(int) []byte { return make([]byte, valueBytes) }

func newInt(i int) int64 { return int64(i) }
