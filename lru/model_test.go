package lru

import (
	"container/list"
	"fmt"
	"testing"
)

// model is what a Table must be indistinguishable from: a map and a list, beside the table that every operation goes to too.
type model struct {
	t     testing.TB
	table *Table[*int]
	hash  func(key string) uint64
	keys  map[string]*modelEntry
	order *list.List // of *modelEntry, the least recently used in front
	made  uint32     // most slots ever in use at once
}

type modelEntry struct {
	key   string
	slot  uint32
	value *int
	place *list.Element // nil: not in the order
}

func newModel(t testing.TB, limit int, hash func(string) uint64) *model {
	return &model{t: t, table: New[*int](limit), hash: hash, keys: map[string]*modelEntry{}, order: list.New()}
}

// hashes of all qualities: a good one, few different ones (long clusters), one home for all at the end of every table
// with different high bits, and one and the same.
var hashes = []func(string) uint64{
	fnv,
	func(key string) uint64 { return fnv(key) % 5 },
	func(key string) uint64 { return fnv(key) | 0xFFFFF },
	func(key string) uint64 { return 0xFFFFFFFE + fnv(key)%4 },
	func(string) uint64 { return 0 },
}

func fnv(key string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(key) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h ^ h>>32
}

// do applies one operation to both. An operation that wants a present key does nothing for an absent one.
func (m *model) do(op byte, arg int) {
	key := fmt.Sprint("key", arg)
	e, present := m.keys[key]
	switch op % 9 {
	case 0, 1:
		m.insert(key)
		return
	case 2:
		m.evict()
		return
	case 8:
		m.rename(key)
		return
	}
	if !present {
		return
	}
	switch op % 9 {
	case 3:
		m.remove(e)
	case 4, 5:
		m.table.Use(e.slot)
		m.relink(e, m.order.PushBack)
	case 6:
		m.table.Cold(e.slot)
		m.relink(e, m.order.PushFront)
	case 7:
		m.table.Unlink(e.slot)
		m.relink(e, nil)
	}
}

func (m *model) insert(key string) {
	if m.keys[key] != nil {
		return
	}
	e := &modelEntry{key: key, value: new(int), slot: m.table.Insert(m.hash(key), key)}
	if v := m.table.At(e.slot); *v != nil {
		m.t.Fatalf("slot %d of a new key has an old value", e.slot)
	}
	*m.table.At(e.slot) = e.value
	m.keys[key] = e
	m.made = max(m.made, uint32(len(m.keys)))
}

func (m *model) evict() {
	slot, ok := m.table.Oldest()
	if ok != (m.order.Len() > 0) {
		m.t.Fatalf("Oldest says %v, in order are %d", ok, m.order.Len())
	}
	if ok {
		e := m.keys[m.table.Key(slot)]
		if e != m.order.Front().Value {
			m.t.Fatalf("Oldest is %q", m.table.Key(slot))
		}
		m.remove(e)
	}
}

// rename gives the oldest slot to a key that is absent.
func (m *model) rename(key string) {
	slot, ok := m.table.Oldest()
	if !ok || m.keys[key] != nil {
		return
	}
	e := m.keys[m.table.Key(slot)]
	m.table.Rename(slot, m.hash(key), key)
	delete(m.keys, e.key)
	e.key = key
	m.keys[key] = e
}

func (m *model) remove(e *modelEntry) {
	m.table.Remove(e.slot)
	m.relink(e, nil)
	delete(m.keys, e.key)
	if m.table.Key(e.slot) != "" || *m.table.At(e.slot) != nil {
		m.t.Fatalf("slot %d still holds a key or value after Remove", e.slot)
	}
}

func (m *model) relink(e *modelEntry, push func(any) *list.Element) {
	if e.place != nil {
		m.order.Remove(e.place)
		e.place = nil
	}
	if push != nil {
		e.place = push(e)
	}
}

// check compares everything that can be asked.
func (m *model) check() {
	m.t.Helper()
	if m.table.Len() != len(m.keys) || m.table.InOrder() != m.order.Len() || m.table.Slots() != m.made+1 {
		m.t.Fatalf("Len %d, InOrder %d, Slots %d, want %d, %d, %d",
			m.table.Len(), m.table.InOrder(), m.table.Slots(), len(m.keys), m.order.Len(), m.made+1)
	}
	m.checkKeys()
	m.checkOrder()
	m.checkOrderBack()
	m.checkSlots()
	m.checkIndex()
}

func (m *model) checkKeys() {
	m.t.Helper()
	for key, e := range m.keys {
		slot, ok := m.table.Find(m.hash(key), key)
		if !ok || slot != e.slot || m.table.Key(slot) != key || *m.table.At(slot) != e.value {
			m.t.Fatalf("Find(%q) = %d, %v, want %d", key, slot, ok, e.slot)
		}
		if m.table.Linked(slot) != (e.place != nil) {
			m.t.Fatalf("Linked(%q) = %v", key, e.place == nil)
		}
		if absent := key + "?"; m.finds(absent) {
			m.t.Fatalf("Find(%q) found it", absent)
		}
	}
}

func (m *model) finds(key string) bool {
	_, ok := m.table.Find(m.hash(key), key)
	return ok
}

func (m *model) checkOrder() {
	m.t.Helper()
	slot, ok := m.table.Oldest()
	for at := m.order.Front(); at != nil; at = at.Next() {
		if want := at.Value.(*modelEntry); !ok || slot != want.slot {
			m.t.Fatalf("the walk of the order came to %d, %v, want %d", slot, ok, want.slot)
		}
		slot, ok = m.table.Newer(slot)
	}
	if ok {
		m.t.Fatalf("the walk of the order went on to %d", slot)
	}
}

func (m *model) checkOrderBack() {
	m.t.Helper()
	slot, ok := m.table.Newest()
	for at := m.order.Back(); at != nil; at = at.Prev() {
		if want := at.Value.(*modelEntry); !ok || slot != want.slot {
			m.t.Fatalf("the walk back came to %d, %v, want %d", slot, ok, want.slot)
		}
		slot, ok = m.table.Older(slot)
	}
	if ok {
		m.t.Fatalf("the walk back went on to %d", slot)
	}
}

func (m *model) checkSlots() {
	m.t.Helper()
	used := 0
	for slot := range m.table.Slots() {
		e := m.keys[m.table.Key(slot)]
		if m.table.Used(slot) != (e != nil) {
			m.t.Fatalf("Used(%d) = %v", slot, e == nil)
		}
		if e != nil {
			used++
		}
		if slot == 0 {
			continue
		}
		if _, ok := m.table.Newer(slot); ok && (e == nil || e.place == nil) {
			m.t.Fatalf("slot %d is not in the order and has a newer one", slot)
		}
		if _, ok := m.table.Older(slot); ok && (e == nil || e.place == nil) {
			m.t.Fatalf("slot %d is not in the order and has an older one", slot)
		}
		if e == nil && m.table.Linked(slot) {
			m.t.Fatalf("free slot %d is linked", slot)
		}
	}
	if used != len(m.keys) || m.table.Used(m.table.Slots()) || m.table.Used(vacant) {
		m.t.Fatalf("%d slots used, want %d, or one past the end", used, len(m.keys))
	}
}

// checkIndex holds the bounds that the look of Find does not show: how full, and one cell for each slot.
func (m *model) checkIndex() {
	m.t.Helper()
	cells, full := m.table.index.cells, 0
	for _, cell := range cells {
		if cell != 0 {
			full++
		}
	}
	if full != len(m.keys) || 4*full > 3*len(cells) || len(cells) > max(minCells, 8*int(m.made)/3) {
		m.t.Fatalf("%d of %d cells are full with %d keys", full, len(cells), len(m.keys))
	}
}
