// Package lru is the table of one shard of a cache: it finds a key, keeps the order of use, and says what to evict next.
//
// The life of one entry: Insert gives its key a slot, a small number that stays its name until Remove; At leads to its
// value. Use puts the slot at the recent end of the order, at first and again whenever it is read. Find leads from a key
// back to its slot. When room is needed, Oldest is the victim, and Remove takes it out of the order, the index and the
// slab. A slot need not be in the order: what must not be displaced (a tombstone, say) is just never linked, or unlinked
// again, and Find still finds it.
//
//	slot, ok := t.Find(hash, key)
//	if !ok {
//		if t.InOrder() == capacity {
//			oldest, _ := t.Oldest()
//			t.Remove(oldest)
//		}
//		slot = t.Insert(hash, key)
//	}
//	*t.At(slot) = value
//	t.Use(slot)
//
// Two arrays run in parallel, by slot: the slab (key, value and the links of the order, the only one with pointers, so the
// only one that the garbage collector reads) and 4 bytes of hash. A third, the index, is an open-addressing table of
// 32-bit cells with linear probing (index.go). Nothing is allocated but these arrays as they grow, and they never shrink.
//
// Invariants: every slot in use has exactly one cell; every slot ever made is in exactly one ring of links: the order,
// a ring of its own, or (not a ring, but in the same links) the list of free slots.
package lru

// Table maps keys to slots and keeps slots in order of use. New makes one, the zero value does not work. It may be copied
// before its first use, not after. It is not safe for concurrent use: its owner locks.
//
// Slots count from 1, at most 3<<30 of them; 0 is no slot. Methods that take a slot want one in use; given another, Use,
// Cold, Unlink and Remove panic rather than corrupt the order.
type Table[V any] struct {
	slab  []entry[V] // by slot; zero but for the links while the slot is free. The first is the end of the order
	index index
	count int    // slots in the order
	free  uint32 // the free slot to be used next, 0 = none; the others follow it by their newer links
	limit int
}

// entry has no other fields: with a value of five words it fills a line of the processor's cache, which is all of the
// slab that a hit reads.
type entry[V any] struct {
	key          string
	older, newer uint32 // slots
	value        V
}

// New makes an empty table for about limit slots. Limit is no bound: it is where the slab stops growing in proportion,
// so that a full cache holds no spare room. It may be 0, memory is only taken as slots are made.
func New[V any](limit int) *Table[V] {
	return &Table[V]{index: newIndex(), slab: make([]entry[V], 1), limit: limit}
}

// Find returns the slot of key. The hash must be the one that the key was inserted with.
func (t *Table[V]) Find(hash uint64, key string) (slot uint32, ok bool) {
	h, cells := uint32(hash), t.index.cells
	mask := uint32(len(cells) - 1)
	for i := h & mask; cells[i] != 0; i = (i + 1) & mask {
		if (cells[i]^h)&^mask == 0 {
			if slot = cells[i] & mask; t.slab[slot].key == key {
				return slot, true
			}
			return t.findPast(i, h, key)
		}
	}
	return 0, false
}

// findPast is Find from after a cell whose key was another, for all its bits of the hash.
func (t *Table[V]) findPast(i, hash uint32, key string) (slot uint32, ok bool) {
	for {
		if i, slot = t.index.probe(i+1, hash); slot == 0 || t.slab[slot].key == key {
			return slot, slot != 0
		}
	}
}

// Insert gives key a slot, which is in no order yet and has the zero value. The key must be absent. The low 32 bits of
// the hash place it, so they must be well mixed; the high ones are left to choose a shard by.
func (t *Table[V]) Insert(hash uint64, key string) uint32 {
	slot := t.take()
	t.slab[slot].key = key
	t.index.insert(slot, uint32(hash))
	return slot
}

// Rename gives a slot another key, which must be absent. Its value and its place in the order stay: it is Remove and
// Insert in one for a cache that is full.
func (t *Table[V]) Rename(slot uint32, hash uint64, key string) {
	t.index.remove(slot)
	t.slab[slot].key = key
	t.index.insert(slot, uint32(hash))
}

// Remove takes the slot out of the order, if it is in it, out of the index and out of the slab: its key and value become
// garbage, and a later Insert may reuse the number.
func (t *Table[V]) Remove(slot uint32) {
	t.unlink(slot)
	t.index.remove(slot)
	t.give(slot)
}

// At leads to the value of a slot, until the next Insert or Remove.
func (t *Table[V]) At(slot uint32) *V { return &t.slab[slot].value }

// Key is the key of a slot, empty if the slot is free.
func (t *Table[V]) Key(slot uint32) string { return t.slab[slot].key }

// Len counts the slots in use, in the order or not.
func (t *Table[V]) Len() int { return t.index.used }

// Slots is one more than the highest slot ever made, used or free: a walk over everything is
//
//	for slot := range t.Slots() {
//		if t.Used(slot) { … }
//	}
//
// It may be interrupted and resumed at the same number: an entry keeps its slot, so none that stays is missed.
func (t *Table[V]) Slots() uint32 { return uint32(len(t.slab)) }

// Used tells whether a slot holds a key. It may be asked of any number.
func (t *Table[V]) Used(slot uint32) bool {
	return slot != 0 && slot < t.Slots() && t.slab[slot].older != vacant
}
