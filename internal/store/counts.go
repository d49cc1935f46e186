package store

import "github.com/geolru/geolru/crdt"

// Counts is what a store has done since it was made, and what it holds now.
type Counts struct {
	Hits, Misses, Sets, Deletes, Evictions, Expirations, Conflicts uint64

	Entries, Weight, Ghosts, Tombstones int
}

// Counts reads the counters of all shards at one moment: room moves between them, and a sum over many moments could
// come out above the capacity.
func (s *Store[P]) Counts() (c Counts) {
	s.lockAll()
	defer s.unlockAll()
	for i := range s.shards {
		sh := &s.shards[i]
		c.add(&sh.done)
		c.Hits += sh.hits
		c.Misses += sh.misses
		c.Sets += sh.sets
		c.Entries += sh.table.InOrder()
		c.Weight += sh.weight
		c.Ghosts += sh.ghosts.len()
		c.Tombstones += sh.tombs.len()
	}
	return c
}

// lockAll takes the locks of all shards, in their order. Nobody else holds more than one.
func (s *Store[P]) lockAll() {
	for i := range s.shards {
		s.shards[i].mu.Lock()
	}
}

func (s *Store[P]) unlockAll() {
	for i := range s.shards {
		s.shards[i].mu.Unlock()
	}
}

// add adds what another has counted.
func (c *Counts) add(o *Counts) {
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

func (sh *shard[P]) wrote(kind crdt.Kind) {
	if kind == crdt.Value {
		sh.sets++
	} else {
		sh.done.Deletes++
	}
}
