package store

import "github.com/geolru/geolru/crdt"

// Counts is what a store has done since it was made, and what it holds now.
type Counts struct {
	Hits, Misses, Sets, Deletes, Evictions, Expirations, Conflicts uint64

	Entries, Weight, Ghosts, Tombstones int
}

// Counts reads the counters, a shard at a time.
func (s *Store[P]) Counts() (c Counts) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		c.add(&sh.done)
		c.Entries += sh.table.InOrder()
		c.Weight += sh.weight
		c.Ghosts += sh.ghosts.len()
		c.Tombstones += sh.tombs.len()
		sh.mu.Unlock()
	}
	return c
}

// add adds what another has counted.
func (c *Counts) add(o *Counts) {
	c.Hits += o.Hits
	c.Misses += o.Misses
	c.Sets += o.Sets
	c.Deletes += o.Deletes
	c.Evictions += o.Evictions
	c.Expirations += o.Expirations
	c.Conflicts += o.Conflicts
}

func (c *Counts) faded(cause Cause) {
	if cause == CauseCapacity {
		c.Evictions++
	} else {
		c.Expirations++
	}
}

func (c *Counts) wrote(kind crdt.Kind) {
	if kind == crdt.Value {
		c.Sets++
	} else {
		c.Deletes++
	}
}
