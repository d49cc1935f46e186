package store

import "sync/atomic"

// Counts is what a store has done since it was made, and what it holds now.
type Counts struct {
	Hits, Misses, Sets, Deletes, Evictions, Expirations, Conflicts uint64

	Entries, Weight, Ghosts, Tombstones int
}

type counts struct {
	sets, deletes, evictions, expirations, conflicts atomic.Uint64
}

func (c *counts) faded(cause Cause) {
	if cause == CauseCapacity {
		c.evictions.Add(1)
	} else {
		c.expirations.Add(1)
	}
}

// Counts reads the counters, a shard at a time.
func (s *Store[P]) Counts() Counts {
	c := Counts{
		Sets: s.counts.sets.Load(), Deletes: s.counts.deletes.Load(), Evictions: s.counts.evictions.Load(),
		Expirations: s.counts.expirations.Load(), Conflicts: s.counts.conflicts.Load(),
	}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		c.Hits += sh.hits
		c.Misses += sh.misses
		c.Entries += sh.table.InOrder()
		c.Weight += sh.weight
		c.Ghosts += sh.ghosts.len()
		c.Tombstones += sh.tombs.len()
		sh.mu.Unlock()
	}
	return c
}
