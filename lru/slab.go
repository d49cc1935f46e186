package lru

// take makes a slot or reuses the one freed last, whose memory is the likeliest still to be in the processor's cache.
func (t *Table[V]) take() uint32 {
	if t.free == 0 {
		return t.create()
	}
	node := t.free
	t.free = t.order.links[node].newer
	t.order.links[node] = link{node, node}
	return node - 1
}

// give empties a slot that is in no order and puts it at the head of the free list.
func (t *Table[V]) give(slot uint32) {
	t.slab[slot] = entry[V]{}
	t.order.links[slot+1] = link{older: vacant, newer: t.free}
	t.free = slot + 1
}

func (t *Table[V]) create() uint32 {
	if len(t.slab) == cap(t.slab) {
		t.grow(room(cap(t.slab), t.limit))
	}
	slot := t.Slots()
	t.slab = append(t.slab, entry[V]{})
	t.index.hashes = append(t.index.hashes, 0)
	t.order.links = append(t.order.links, link{slot + 1, slot + 1})
	return slot
}

// grow moves the arrays to ones with room for n slots. Left to append they would end up to a quarter too large.
func (t *Table[V]) grow(n int) {
	t.slab = append(make([]entry[V], 0, n), t.slab...)
	t.index.hashes = append(make([]uint32, 0, n), t.index.hashes...)
	t.order.links = append(make([]link, 0, n+1), t.order.links...)
}

// room is the size to grow to from have: half as much again until the limit, exactly the limit, and beyond it, where
// it was an underestimate, a quarter. Doubling would leave a cache of many shards half empty while they fill.
func room(have, limit int) int {
	if have < limit {
		return min(limit, max(have+have/2, 16))
	}
	return have + have/4 + 1
}

// node is the number of a slot in the links: 0 is taken there. It panics for a slot that was never made, also for
// the highest uint32, which would wrap around to 0.
func (t *Table[V]) node(slot uint32) uint32 {
	_ = t.slab[slot]
	return slot + 1
}
