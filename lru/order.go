package lru

import "math"

// The order is a ring of entries linked by their slots, which begins and ends at slot 0: going newer from there leads from
// the least recently used slot to the most recently used one and back. An entry that is not in the order is a ring of its
// own (both links lead to itself), which the links of one that is in it never do.
//
// The links lie in the entries, not in an array of their own: a Use writes to the entry that was just read, and to two
// neighbours and the end wherever they lie, so an array of links would be one more line of memory for each hit.

// vacant stands in the older link of a free slot, whose newer link leads to the next free one, or is 0. No slot has
// this number, so following it panics.
const vacant = math.MaxUint32

const noSlot = "lru: there is no slot 0"

// Use makes a slot the most recently used. It links a slot that is not in the order.
func (t *Table[V]) Use(slot uint32) {
	s := t.slab
	newest := s[0].older
	if newest == slot {
		return
	}
	if slot == 0 {
		panic(noSlot)
	}
	e := &s[slot]
	if e.newer == slot {
		t.count++
	} else { // not by unlink, which counts: the count is in a line of memory that a hit only reads
		s[e.older].newer = e.newer
		s[e.newer].older = e.older
	}
	e.older, e.newer = newest, 0
	s[newest].newer = slot
	s[0].older = slot
}

// Cold makes a slot the least recently used, the next to be evicted. It links a slot that is not in the order.
func (t *Table[V]) Cold(slot uint32) {
	s := t.slab
	oldest := s[0].newer
	if oldest == slot {
		return
	}
	t.unlink(slot)
	e := &s[slot]
	e.older, e.newer = 0, oldest
	s[oldest].older = slot
	s[0].newer = slot
	t.count++
}

// Unlink takes a slot out of the order, if it is in it. Its key is still found.
func (t *Table[V]) Unlink(slot uint32) { t.unlink(slot) }

// unlink makes a slot a ring of its own. It panics for what is no slot in use, before anything is written.
func (t *Table[V]) unlink(slot uint32) {
	if slot == 0 {
		panic(noSlot)
	}
	s := t.slab
	e := &s[slot]
	if e.newer == slot {
		return
	}
	s[e.older].newer = e.newer
	s[e.newer].older = e.older
	e.older, e.newer = slot, slot
	t.count--
}

// Linked tells whether a slot is in the order.
func (t *Table[V]) Linked(slot uint32) bool {
	e := &t.slab[slot]
	return e.newer != slot && e.older != vacant
}

// Oldest returns the least recently used slot, false if the order is empty.
func (t *Table[V]) Oldest() (slot uint32, ok bool) {
	slot = t.slab[0].newer
	return slot, slot != 0
}

// Newer returns the slot used next after a slot of the order, false if none was. With Oldest it makes a walk from the
// least to the most recently used; what is used meanwhile moves ahead of the walk. It is false for a slot not in the order.
func (t *Table[V]) Newer(slot uint32) (newer uint32, ok bool) {
	if !t.Linked(slot) {
		return 0, false
	}
	newer = t.slab[slot].newer
	return newer, newer != 0
}

// Newest returns the most recently used slot, false if the order is empty.
func (t *Table[V]) Newest() (slot uint32, ok bool) {
	slot = t.slab[0].older
	return slot, slot != 0
}

// Older is Newer the other way: with Newest it makes a walk from the most to the least recently used. What is used
// meanwhile is behind the walk already.
func (t *Table[V]) Older(slot uint32) (older uint32, ok bool) {
	if !t.Linked(slot) {
		return 0, false
	}
	older = t.slab[slot].older
	return older, older != 0
}

// InOrder counts the slots in the order.
func (t *Table[V]) InOrder() int { return t.count }
