package store

import (
	"sync"
	"sync/atomic"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
)

// Heads tells how far somebody has seen an origin without a hole: every number from 1 to the result. It is how a
// sender vouches for a record; nil vouches for nothing.
type Heads func(o crdt.Origin) uint64

// Forgotten is what a store has forgotten of one origin: of the numbers up to N some, the latest written at Time.
type Forgotten struct {
	N    uint64
	Time crdt.Time
}

// memory is what a store knows of what it no longer knows. It is a leaf: its mutex is taken under a shard's.
type memory struct {
	floor     atomic.Uint64 // crdt.Time: the highest forgotten
	mu        sync.Mutex    // guards forgotten
	forgotten map[crdt.Origin]Forgotten
}

// rise lifts the floor to t.
func (m *memory) rise(t crdt.Time) {
	for {
		old := m.floor.Load()
		if uint64(t) <= old || plant.On(plant.NoFloor) || m.floor.CompareAndSwap(old, uint64(t)) {
			return
		}
	}
}

// number notes that d, written at t, is forgotten.
func (m *memory) number(d crdt.Dot, t crdt.Time) {
	if d.Seq == 0 || plant.On(plant.NoForgotten) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forgotten == nil {
		m.forgotten = map[crdt.Origin]Forgotten{}
	}
	f := m.forgotten[d.Origin]
	m.forgotten[d.Origin] = Forgotten{max(f.N, d.Seq), max(f.Time, t)}
}

// vouched tells whether by has seen every number up to each forgotten one, as they stand now. What has outlived its
// retention needs nobody's word.
func (m *memory) vouched(by Heads, outlived func(crdt.Time) bool) bool {
	if by == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for o, f := range m.forgotten {
		if by(o) < f.N && !outlived(f.Time) {
			return false
		}
	}
	return true
}

// prune drops what has outlived its retention.
func (m *memory) prune(outlived func(crdt.Time) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for o, f := range m.forgotten {
		if outlived(f.Time) {
			delete(m.forgotten, o)
		}
	}
}

// forget takes a ghost or tombstone out of memory before its retention has ended: nothing at or below its time is
// believed any more of a key that is not known. One that never left gets its dot first, or peers would vouch for what
// it deleted without having seen it.
func (sh *shard[P]) forget(slot uint32, now int64) {
	s, it := sh.store, sh.table.At(slot)
	if !s.outlived(it.time, now) && !(plant.On(plant.TombstoneSilent) && it.kind() == crdt.Tombstone) {
		r := sh.dotted(slot)
		s.memory.rise(r.Version.Time)
		s.memory.number(r.Dot(), r.Version.Time)
		if s.cfg.Forgot != nil {
			s.cfg.Forgot(r.Dot())
		}
	}
	sh.drop(slot)
}

// Floor is the highest time forgotten before its retention ended.
func (s *Store[P]) Floor() crdt.Time { return crdt.Time(s.memory.floor.Load()) }

// Forgetful tells whether anything was forgotten that somebody may still hold alive.
func (s *Store[P]) Forgetful(now int64) bool {
	outlived := func(t crdt.Time) bool { return s.outlived(t, now) }
	if f := s.Floor(); f > 0 && !outlived(f) {
		return true
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	for _, f := range s.memory.forgotten {
		if !outlived(f.Time) {
			return true
		}
	}
	return false
}

// Forgotten is what was forgotten, by origin.
func (s *Store[P]) Forgotten() map[crdt.Origin]Forgotten {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	all := make(map[crdt.Origin]Forgotten, len(s.memory.forgotten))
	for o, f := range s.memory.forgotten {
		all[o] = f
	}
	return all
}

// Adopt takes over what a peer has forgotten (rule 8): every record here at or below its floor that it does not list is
// forgotten too. The floor rises first, so a record that is merged meanwhile is refused or found by the walk.
func (s *Store[P]) Adopt(floor crdt.Time, forgotten map[crdt.Origin]Forgotten, listed func(key string) bool) (dropped int) {
	if !plant.On(plant.LossyNoFloor) {
		s.memory.rise(floor)
		for o, f := range forgotten {
			s.memory.number(crdt.Dot{Origin: o, Seq: f.N}, f.Time)
		}
	}
	now := s.cfg.Now()
	for i := range s.shards {
		dropped += s.shards[i].adopt(floor, now, listed)
	}
	return dropped
}

func (sh *shard[P]) adopt(floor crdt.Time, now int64, listed func(string) bool) (dropped int) {
	sh.mu.Lock()
	defer sh.unlock()
	for slot := range sh.table.Slots() {
		if !sh.table.Used(slot) {
			continue
		}
		it := sh.table.At(slot)
		if it.time > floor || listed(sh.table.Key(slot)) || spared(sh.reg(slot)) {
			continue
		}
		switch {
		case sh.expired(slot, now):
			sh.leaves(slot, CauseExpired)
		case it.kind() == crdt.Value:
			sh.leaves(slot, CauseCapacity)
		}
		sh.forget(slot, now)
		dropped++
	}
	return dropped
}
