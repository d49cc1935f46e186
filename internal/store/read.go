package store

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
)

// near is how close to its deadline, in milliseconds, a value is looked at with the exact clock: a coarse one that
// starved for less than that serves nothing expired.
const near = 1000

// Hit is the live value of a key and when it was written; it counts as a use. now is Unix milliseconds, perhaps of a
// coarse clock.
func (s *Store[P]) Hit(key string, now int64) (v P, at crdt.Time, ok bool) {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.lock()
	if slot, known := sh.table.Find(hash, key); known {
		if it := sh.table.At(slot); it.surely(now) && s.clear.Load() == nil || sh.fresh(slot, now) {
			sh.table.Use(slot)
			sh.hits++
			v, at = it.value, it.time
			sh.mu.Unlock()
			return v, at, true
		}
	}
	sh.misses++
	sh.mu.Unlock()
	return v, 0, false
}

// Get is Hit and then Peek, for those who need all that is known of the value.
func (s *Store[P]) Get(key string, now int64) (v P, r crdt.Register, ok bool) {
	if _, _, ok := s.Hit(key, now); !ok {
		return v, r, false
	}
	return s.Peek(key, now)
}

// Peek is the live value of a key and all that is known of it, without use and without count.
func (s *Store[P]) Peek(key string, now int64) (v P, r crdt.Register, ok bool) {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if slot, known := sh.table.Find(hash, key); known {
		if it := sh.table.At(slot); sh.fresh(slot, now) {
			return it.value, sh.reg(slot), true
		}
	}
	return v, r, false
}

// surely tells whether this is a value so far from its deadline that a coarse clock will do.
func (it *item[P]) surely(now int64) bool {
	return it.term >= termOf(now+near, 0) && it.kind() == crdt.Value
}

// fresh is live by a clock that may be coarse.
func (sh *shard[P]) fresh(slot uint32, now int64) bool {
	if sh.table.At(slot).deadline()-now < near {
		now = sh.store.cfg.Now()
	}
	return sh.live(slot, now)
}

// buried tells whether a Clear is at or above what a slot holds.
func (sh *shard[P]) buried(slot uint32) bool {
	c := sh.store.clear.Load()
	return c != nil && !plant.On(plant.ClearOnce) && !c.Version.Less(sh.version(slot))
}

// Known is whatever is known of a key; Kind None if nothing. An expired value is a ghost.
func (s *Store[P]) Known(key string) crdt.Register {
	rec, _ := s.look(key, false)
	return rec.Register
}

// Look is the record of a key as it may be sent: with its dot.
func (s *Store[P]) Look(key string) (Record[P], bool) { return s.look(key, true) }

func (s *Store[P]) look(key string, dot bool) (rec Record[P], ok bool) {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	slot, ok := sh.table.Find(hash, key)
	if !ok || s.cleared(sh.version(slot)) {
		return rec, false
	}
	if dot {
		sh.dotted(slot)
	}
	return sh.record(slot, s.cfg.Now()), true
}

// record is what a slot holds; an expired value is a ghost.
func (sh *shard[P]) record(slot uint32, now int64) Record[P] {
	rec := Record[P]{sh.table.Key(slot), sh.reg(slot), sh.table.At(slot).value}
	if rec.Kind == crdt.Value && rec.Deadline <= now {
		var none P
		rec.Kind, rec.Value = crdt.Ghost, none
	}
	return rec
}

// Walk visits n slots from cursor on, a shard at a time, and hands over the records in them with their dots. Records
// never move, so one that is held throughout a whole walk is visited; next is 0 at the end. f runs under a shard's
// lock and must not call the store; when it returns false, the next call begins with the record that it refused, be it
// the very first.
func (s *Store[P]) Walk(cursor uint64, n int, f func(Record[P]) bool) (next uint64) {
	return s.WalkBut(cursor, n, nil, f)
}

// WalkBut is Walk without the records whose dots somebody has, as has tells: it does not look at more of them than the
// dots, so that among a million the few that somebody lacks are found in milliseconds. nil = nobody has any.
func (s *Store[P]) WalkBut(cursor uint64, n int, has func(crdt.Dot) bool, f func(Record[P]) bool) (next uint64) {
	now := s.cfg.Now()
	return s.visit(cursor, n, func(sh *shard[P], slot uint32) bool {
		if has != nil && sh.extras != nil {
			if x := &sh.extras[slot]; x.seq != 0 && has(crdt.Dot{Origin: x.origin, Seq: x.seq}) {
				return true
			}
		}
		if s.cleared(sh.version(slot)) {
			return true
		}
		sh.dotted(slot)
		return f(sh.record(slot, now))
	})
}

// Scan is Walk over the live values only, and gives no dots.
func (s *Store[P]) Scan(cursor uint64, n int, f func(Record[P])) (next uint64) {
	now := s.cfg.Now()
	return s.visit(cursor, n, func(sh *shard[P], slot uint32) bool {
		if sh.live(slot, now) {
			f(sh.record(slot, now))
		}
		return true
	})
}

// visit calls f for the used slots among the n from cursor on, until it returns false. A cursor is the shard's number
// and, in the low half, one more than the slot's: 0 is the end, so it cannot be a place to go on from.
func (s *Store[P]) visit(cursor uint64, n int, f func(*shard[P], uint32) bool) uint64 {
	for i, slot := cursor>>32, max(uint32(cursor), 1)-1; i < uint64(len(s.shards)); i, slot = i+1, 0 {
		at, ended := s.shards[i].visit(slot, n, f)
		if !ended {
			return i<<32 | uint64(at+1)
		}
		n -= int(at - slot)
	}
	return 0
}

func (sh *shard[P]) visit(slot uint32, n int, f func(*shard[P], uint32) bool) (at uint32, ended bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for end := uint64(slot) + uint64(max(n, 0)); slot < sh.table.Slots(); slot++ {
		if uint64(slot) == end || sh.table.Used(slot) && !f(sh, slot) {
			return slot, false
		}
	}
	return slot, true
}

// Len is how many values are held that have not expired.
func (s *Store[P]) Len() int {
	now, n := s.cfg.Now(), 0
	for i := range s.shards {
		s.shards[i].sweepAll(now)
	}
	s.lockAll()
	defer s.unlockAll()
	for i := range s.shards {
		n += s.shards[i].table.InOrder()
	}
	return n
}

// sweepAll sweeps in steps, between which others get the lock.
func (sh *shard[P]) sweepAll(now int64) {
	for done := false; !done; {
		sh.mu.Lock()
		done = sh.sweep(now, sweepStep)
		sh.unlock()
	}
}

// Each is Walk for those who only look: no dots, no values.
func (s *Store[P]) Each(cursor uint64, n int, f func(key string, r crdt.Register)) (next uint64) {
	return s.visit(cursor, n, func(sh *shard[P], slot uint32) bool {
		if r := sh.reg(slot); !s.cleared(r.Version) {
			f(sh.table.Key(slot), r)
		}
		return true
	})
}
