package lru

import "math"

// order is a ring of nodes: node 0 is its end, node n is slot n-1. Going newer from the end leads from the least recently
// used slot to the most recently used one and back to the end. A slot that is not in the order is a ring of its own
// (both links lead to itself), which the links of a slot in the order never do.
//
// The links are an array of their own because a Use writes to four of them: eight fit in a line of memory.
type order struct {
	links []link // by node
	count int    // slots in the order
}

type link struct{ older, newer uint32 }

// vacant stands in the older link of a free slot, whose newer link leads to the next free one, or is 0. No node has
// this number, so following it panics.
const vacant = math.MaxUint32

func newOrder() order { return order{links: make([]link, 1)} }

// Use makes a slot the most recently used. It links a slot that is not in the order.
func (t *Table[V]) Use(slot uint32) {
	if node := t.node(slot); t.order.links[0].older != node {
		t.order.unlink(node)
		t.order.link(t.order.links[0].older, node, 0)
	}
}

// Cold makes a slot the least recently used, the next to be evicted. It links a slot that is not in the order.
func (t *Table[V]) Cold(slot uint32) {
	if node := t.node(slot); t.order.links[0].newer != node {
		t.order.unlink(node)
		t.order.link(0, node, t.order.links[0].newer)
	}
}

// Unlink takes a slot out of the order, if it is in it. Its key is still found.
func (t *Table[V]) Unlink(slot uint32) { t.order.unlink(t.node(slot)) }

// Linked tells whether a slot is in the order.
func (t *Table[V]) Linked(slot uint32) bool {
	l := t.order.links[t.node(slot)]
	return l.newer != slot+1 && l.older != vacant
}

// Oldest returns the least recently used slot, false if the order is empty.
func (t *Table[V]) Oldest() (slot uint32, ok bool) { return slotOf(t.order.links[0].newer) }

// Newer returns the slot used next after a slot of the order, false if none was. With Oldest it makes a walk from the
// least to the most recently used; what is used meanwhile moves ahead of the walk. It is false for a slot not in the order.
func (t *Table[V]) Newer(slot uint32) (newer uint32, ok bool) {
	if !t.Linked(slot) {
		return 0, false
	}
	return slotOf(t.order.links[slot+1].newer)
}

// Newest returns the most recently used slot, false if the order is empty.
func (t *Table[V]) Newest() (slot uint32, ok bool) { return slotOf(t.order.links[0].older) }

// Older is Newer the other way: with Newest it makes a walk from the most to the least recently used. What is used
// meanwhile is behind the walk already.
func (t *Table[V]) Older(slot uint32) (older uint32, ok bool) {
	if !t.Linked(slot) {
		return 0, false
	}
	return slotOf(t.order.links[slot+1].older)
}

// InOrder counts the slots in the order.
func (t *Table[V]) InOrder() int { return t.order.count }

func slotOf(node uint32) (uint32, bool) {
	if node == 0 {
		return 0, false
	}
	return node - 1, true
}

// unlink makes a node a ring of its own.
func (o *order) unlink(node uint32) {
	l := o.links[node]
	if l.newer == node {
		return
	}
	o.links[l.older].newer = l.newer
	o.links[l.newer].older = l.older
	o.links[node] = link{node, node}
	o.count--
}

// link puts a node that is a ring of its own between two neighbours.
func (o *order) link(older, node, newer uint32) {
	o.links[node] = link{older, newer}
	o.links[older].newer = node
	o.links[newer].older = node
	o.count++
}
