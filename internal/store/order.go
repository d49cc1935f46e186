package store

// Order is a cursor for each record that is held: the values first, those used last before all others, then the ghosts,
// then the tombstones. Values of different shards, which have no common order, are interleaved by their rank. Each shard
// is locked once; what comes or goes afterwards is not in the list, which At finds out.
func (s *Store[P]) Order() []uint64 {
	ranked := make([][]uint64, len(s.shards))
	values := 0
	var ghosts, tombs []uint64
	for i := range s.shards {
		ranked[i], ghosts, tombs = s.shards[i].order(uint64(i)<<32, ghosts, tombs)
		values += len(ranked[i])
	}
	all := make([]uint64, 0, values+len(ghosts)+len(tombs))
	for rank := 0; len(all) < values; rank++ {
		for _, cursors := range ranked {
			if rank < len(cursors) {
				all = append(all, cursors[rank])
			}
		}
	}
	return append(append(all, ghosts...), tombs...)
}

// order is the cursors of a shard's values, and appends those of its ghosts and tombstones. base is the shard's part of
// a cursor.
func (sh *shard[P]) order(base uint64, ghosts, tombs []uint64) (values, _, _ []uint64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	values = make([]uint64, 0, sh.table.InOrder())
	for slot, ok := sh.table.Newest(); ok; slot, ok = sh.table.Older(slot) {
		values = append(values, base|uint64(slot))
	}
	for _, slot := range sh.ghosts.heap {
		ghosts = append(ghosts, base|uint64(slot))
	}
	for _, slot := range sh.tombs.heap {
		tombs = append(tombs, base|uint64(slot))
	}
	return values, ghosts, tombs
}

// At is the record at a cursor of Order as it may be sent, with its dot: the one that was there, a newer one of its key,
// or another that took its place; false if there is none.
func (s *Store[P]) At(cursor uint64) (rec Record[P], ok bool) {
	i, slot := cursor>>32, uint32(cursor)
	if i >= uint64(len(s.shards)) {
		return rec, false
	}
	sh := &s.shards[i]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.table.Used(slot) || s.cleared(sh.version(slot)) {
		return rec, false
	}
	sh.dotted(slot)
	return sh.record(slot, s.cfg.Now()), true
}
