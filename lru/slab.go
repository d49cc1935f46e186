package lru

// take makes a slot or reuses the one freed last, whose memory is the likeliest still to be in the processor's cache.
func (t *Table[V]) take() uint32 {
	slot := t.free
	if slot == 0 {
		return t.create()
	}
	e := &t.slab[slot]
	t.free = e.newer
	e.older, e.newer = slot, slot
	return slot
}

// give empties a slot that is in no order and puts it at the head of the free list.
func (t *Table[V]) give(slot uint32) {
	t.slab[slot] = entry[V]{older: vacant, newer: t.free}
	t.free = slot
}

func (t *Table[V]) create() uint32 {
	if len(t.slab) == cap(t.slab) {
		t.grow(room(cap(t.slab)-1, t.limit) + 1)
	}
	slot := uint32(len(t.slab))
	t.slab = append(t.slab, entry[V]{older: slot, newer: slot})
	t.index.hashes = append(t.index.hashes, 0)
	return slot
}

// grow moves the arrays to ones with room for n slots, slot 0 included. Left to append they would end up to a quarter
// too large.
func (t *Table[V]) grow(n int) {
	t.slab = append(make([]entry[V], 0, n), t.slab...)
	t.index.hashes = append(make([]uint32, 0, n), t.index.hashes...)
}

// room is the size to grow to from have: half as much again until the limit, exactly the limit, and beyond it a 32nd:
// keys fall unevenly, so some of many tables come to hold a few per cent more than their share. Doubling would leave a
// cache of many shards half empty while they fill. Where no limit was given it grows by a quarter.
func room(have, limit int) int {
	switch {
	case have < limit:
		return min(limit, max(have+have/2, 16))
	case limit <= 0:
		return have + have/4 + 1
	}
	return have + have/32 + 1
}
