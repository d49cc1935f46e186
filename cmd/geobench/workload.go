package main

import "github.com/geolru/geolru/cmd/geobench/internal/caches"

// material is the keys and the value of all measurements of speed.
type material struct {
	present []string // to fill with: three quarters of the capacity, so that no shard is so unlucky as to evict
	asked   []string // the same, elsewhere in memory: a caller's key is not the pointer that the cache holds
	written []string // … and not the one that it was last written by: a map keeps that
	others  []string // as many as the capacity, to fill with before fresh ones are inserted
	fresh   []string // still others, in a ring so long that each was evicted before its next turn
	value   []byte
}

// ringOf is how many times the capacity the fresh keys are.
const ringOf = 4

func newMaterial(capacity int) material {
	n := capacity * 3 / 4
	return material{
		present: keysFrom(0, n), asked: keysFrom(0, n), written: keysFrom(0, n),
		others: keysFrom(n, capacity), fresh: keysFrom(n+capacity, ringOf*capacity),
		value: make([]byte, valueBytes),
	}
}

// worker is one of the goroutines that share a workload. Its number counts from 0.
type worker struct{ number, of, ops int }

// workload is something that callers do to a cache. do returns how many of its reads found nothing.
type workload struct {
	name  string
	evict bool // it means nothing to a cache without bound
	reads bool // what it does not find is worth a word
	crowd int  // goroutines; 0 = GOMAXPROCS
	do    func(c caches.Cache[[]byte], m material, w worker) (missed int)
}

// workloads are in the order in which they are run on one cache: only the last changes what is in it.
func workloads() []workload {
	return []workload{
		{name: "get", reads: true, do: get},
		{name: "hot key", reads: true, do: hot},
		{name: "overwrite", do: overwrite},
		{name: "mix", do: mix},
		{name: "crowd get", reads: true, crowd: 64, do: get},
		{name: "crowd mix", crowd: 64, do: mix},
		{name: "insert", evict: true, do: insert},
	}
}

// get reads keys that are there, each as likely as any.
func get(c caches.Cache[[]byte], m material, w worker) (missed int) {
	d := newDice(w.number)
	for range w.ops {
		if _, ok := c.Get(m.asked[d.below(len(m.asked))]); !ok {
			missed++
		}
	}
	return missed
}

// hot reads one key.
func hot(c caches.Cache[[]byte], m material, w worker) (missed int) {
	for range w.ops {
		if _, ok := c.Get(m.asked[0]); !ok {
			missed++
		}
	}
	return missed
}

// overwrite writes keys that are there, each as likely as any.
func overwrite(c caches.Cache[[]byte], m material, w worker) (missed int) {
	d := newDice(w.number)
	for range w.ops {
		c.Set(m.written[d.below(len(m.written))], m.value)
	}
	return 0
}

// mix is three reads to one write of keys that are there, each as likely as any.
func mix(c caches.Cache[[]byte], m material, w worker) (missed int) {
	d := newDice(w.number)
	for i := range w.ops {
		key := d.below(len(m.asked))
		if i%4 == 3 {
			c.Set(m.written[key], m.value)
		} else if _, ok := c.Get(m.asked[key]); !ok {
			missed++
		}
	}
	return missed
}

// insert writes keys that are not there: each evicts one. The workers go round the ring at equal distances.
func insert(c caches.Cache[[]byte], m material, w worker) (missed int) {
	at := w.number * (len(m.fresh) / w.of)
	for range w.ops {
		c.Set(m.fresh[at], m.value)
		if at++; at == len(m.fresh) {
			at = 0
		}
	}
	return 0
}
