package store

import (
	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// recount holds what a store says of itself, and its structures, against what is in its slots.
func recount[P any](t rapid.TB, s *Store[P]) {
	t.Helper()
	var want Counts
	out := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n := sh.recount(t)
		out += len(waiting(sh))
		sh.mu.Unlock()
		want.Entries += n.Entries
		want.Weight += n.Weight
		want.Ghosts += n.Ghosts
		want.Tombstones += n.Tombstones
	}
	if s.clearOut {
		out++
	}
	got := s.Counts()
	got.Hits, got.Misses, got.Sets, got.Deletes, got.Evictions, got.Expirations, got.Conflicts = 0, 0, 0, 0, 0, 0, 0
	if spare := int(s.spare.Load()); spare < 0 || spare+want.Weight != s.cfg.Capacity {
		t.Errorf("%d are spare and %d taken of %d", spare, want.Weight, s.cfg.Capacity)
	}
	if got != want || s.Waiting() != out {
		t.Errorf("counts %+v, %d wait; counted %+v, %d", got, s.Waiting(), want, out)
	}
}

// recount counts the slots of a shard, which is locked.
func (sh *shard[P]) recount(t rapid.TB) (n Counts) {
	t.Helper()
	for slot := range sh.table.Slots() {
		if sh.table.Used(slot) {
			sh.countSlot(t, slot, &n)
		}
	}
	if n.Weight != sh.weight || sh.loose != 0 || sh.table.InOrder() != n.Entries || sh.wheel.Len() != n.Entries {
		t.Errorf("counted %+v, it says weight %d and %d loose, %d in order, %d in the wheel", n, sh.weight, sh.loose, sh.table.InOrder(), sh.wheel.Len())
	}
	sh.ghosts.check(t, crdt.Ghost)
	sh.tombs.check(t, crdt.Tombstone)
	return n
}

func (sh *shard[P]) countSlot(t rapid.TB, slot uint32, n *Counts) {
	t.Helper()
	it := sh.table.At(slot)
	value := it.kind() == crdt.Value
	switch it.kind() {
	case crdt.Value:
		n.Entries++
		n.Weight += sh.weightOf(slot)
	case crdt.Ghost:
		n.Ghosts++
	case crdt.Tombstone:
		n.Tombstones++
	}
	if sh.wheel.Has(slot) != value || sh.table.Linked(slot) != value {
		t.Errorf("slot %d: kind %d, in the wheel %v, in order %v",
			slot, it.kind(), sh.wheel.Has(slot), sh.table.Linked(slot))
	}
}

// check holds a ring against its bound and the order of its heap.
func (r *ring[P]) check(t rapid.TB, kind crdt.Kind) {
	t.Helper()
	if r.len() > r.limit {
		t.Errorf("%d of kind %d, the bound is %d", r.len(), kind, r.limit)
	}
	for i, slot := range r.heap {
		if it := r.shard.table.At(slot); it.kind() != kind || int(r.shard.extras[slot].place) != i || i > 0 && r.less(i, (i-1)/2) {
			t.Errorf("slot %d is of kind %d, at %d of its ring, thinks at %d", slot, it.kind(), i, r.shard.extras[slot].place)
		}
	}
}
