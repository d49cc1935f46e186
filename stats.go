package geolru

// Stats is what a cache has done on this node since Open, and what it holds now. The zero value is that of a cache
// which was just opened, but for Bootstrap.
type Stats struct {
	Hits            uint64 // reads of a key that was here
	Misses          uint64 // reads of a key that was not
	PeerHits        uint64 // values that peers lent for misses
	Loads           uint64 // calls of Options.Load
	LoadErrors      uint64 // of those, errors other than ErrNotFound, and values that could not be stored
	Sets            uint64 // values written here, by Set and Update
	Deletes         uint64 // keys deleted here, by Delete and Update
	Evictions       uint64 // values that went for room
	Expirations     uint64 // values that went at their deadline
	Conflicts       uint64 // records of one version with different bytes: a bug somewhere
	Refused         uint64 // records and answers of peers from the future
	Dropped         uint64 // records of peers that had no proper shape, or a lifetime beyond Options.TTL, as under another TTL there
	AuditMismatches uint64 // keys held in a version lower than one that was seen, as an audit by peers found: a bug

	Entries    int // values held, also such as expired within the last second
	Weight     int // of those; as Entries unless Options.Weigh is set
	Ghosts     int // versions known without their value
	Tombstones int // deletions remembered

	Bootstrap float64 // how much of what peers have has come, 0 to 1; 1 without a node
}

// Stats counts. It stops the shards for some microseconds, so Entries and Weight are of one moment.
func (c *Cache[V]) Stats() Stats {
	n := c.table.Counts()
	s := Stats{
		Hits: n.Hits, Misses: n.Misses, Sets: n.Sets, Deletes: n.Deletes,
		Evictions: n.Evictions, Expirations: n.Expirations, Conflicts: n.Conflicts,
		Entries: n.Entries, Weight: n.Weight, Ghosts: n.Ghosts, Tombstones: n.Tombstones,
		Loads: c.loads.begun.Load(), LoadErrors: c.loads.failed.Load(), Bootstrap: 1,
	}
	if c.mesh != nil {
		m := c.mesh.Counts()
		s.PeerHits, s.Refused, s.Dropped = m.PeerHits, m.Refused, m.Dropped
		s.AuditMismatches, s.Bootstrap = m.AuditMismatches, m.Bootstrap
	}
	return s
}

// undecodable is how many versions did not decode; for metrics.
func (c *Cache[V]) undecodable() uint64 { return c.form.strange.found.Load() }

// waiting is how many writes made here are still to be sent; for metrics.
func (c *Cache[V]) waiting() int {
	if c.mesh == nil {
		return 0
	}
	return c.mesh.Store().Waiting()
}

func (c *Cache[V]) label() string { return c.name }
