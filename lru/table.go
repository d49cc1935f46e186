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
// Three arrays run in parallel, by slot: the slab (key and value, the only one with pointers, so the only one that the
// garbage collector reads), 4 bytes of hash, and 8 bytes of links. A fourth, the index, is an open-addressing table of
// 32-bit cells with linear probing (index.go). Nothing is allocated but these arrays as they grow, and they never shrink.
//
// Invariants: every slot in use has exactly one cell; every slot ever made is in exactly one ring of links: the order,
// a ring of its own, or (not a ring, but in the same links) the list of free slots.
package lru

// Table maps keys to slots and keeps slots in order of use. New makes one, the zero value does not work.
// It is not safe for concurrent use: its owner locks.
//
// Slots count from 0, at most 3<<30 of them. Methods that take a slot want one in use; given another, Use, Cold, Unlink
// and Remove panic rather than corrupt the order.
type Table[V any] struct {
	index index
	order order
	slab  []entry[V] // by slot; zero while the slot is free
	free  uint32     // the node of the free slot to be used next, 0 = none; the others follow it by order.links
	limit int
}

// entry has no other fields: beside a value of whole words, a hash or link here would cost padding, and a walk of the
// order would fetch a line of slab for each step.
type entry[V any] struct {
	key   string
	value V
}

// New makes an empty table for about limit slots. Limit is no bound: it is where the slab stops growing in proportion,
// so that a full cache holds no spare room. It may be 0, memory is only taken as slots are made.
func New[V any](limit int) *Table[V] {
	return &Table[V]{index: newIndex(), order: newOrder(), limit: limit}
}

// Find returns the slot of key. The hash must be the one that the key was inserted with.
func (t *Table[V]) Find(hash uint64, key string) (slot uint32, ok bool) {
	h, cells, mask := uint32(hash), t.index.cells, t.index.mask()
	for i := h & mask; ; i = (i + 1) & mask {
		cell := cells[i]
		if cell == 0 {
			return 0, false
		}
		if (cell^h)&^mask != 0 {
			continue
		}
		if slot = cell&mask - 1; t.slab[slot].key == key {
			return slot, true
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

// Remove takes the slot out of the order, if it is in it, out of the index and out of the slab: its key and value become
// garbage, and a later Insert may reuse the number.
func (t *Table[V]) Remove(slot uint32) {
	t.order.unlink(t.node(slot))
	t.index.remove(slot)
	t.give(slot)
}

// At leads to the value of a slot, until the next Insert or Remove.
func (t *Table[V]) At(slot uint32) *V { return &t.slab[slot].value }

// Key is the key of a slot, empty if the slot is free.
func (t *Table[V]) Key(slot uint32) string { return t.slab[slot].key }

// Len counts the slots in use, in the order or not.
func (t *Table[V]) Len() int { return t.index.used }

// Slots is the number of slots ever made, used or free: a walk over everything is
//
//	for slot := range t.Slots() {
//		if t.Used(slot) { … }
//	}
//
// It may be interrupted and resumed at the same number: an entry keeps its slot, so none that stays is missed.
func (t *Table[V]) Slots() uint32 { return uint32(len(t.slab)) }

// Used tells whether a slot holds a key. It may be asked of any number.
func (t *Table[V]) Used(slot uint32) bool {
	return slot < t.Slots() && t.order.links[slot+1].older != vacant
}
