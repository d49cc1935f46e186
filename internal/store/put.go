package store

import "github.com/geolru/geolru/crdt"

// Set writes a value that lives ttl milliseconds, 1 to L (the caller has checked).
//
// In a cache without a node whose entries weigh the same there is one writer, whose every stamp is above what is held, so
// there is nothing to merge; and in a full one the entry that goes leaves its slot, and its place in the wheel, to the one
// that comes. So a write costs little more than a read, and a fifth of what the door costs. It is for the door after all
// if there is room still, or somebody is told of what is overwritten, or what is held has died or will soon.
func (s *Store[P]) Set(key string, v P, ttl int64) (crdt.Version, error) {
	if !s.plain {
		return s.insist(key, v, ttl)
	}
	hash := s.hash(key)
	sh := s.of(hash)
	now := s.written(ttl)
	sh.lock()
	slot, known := sh.table.Find(hash, key)
	ok := known && sh.table.At(slot).surely(now) && s.unwatched()
	if !known {
		slot, ok = sh.supplant(hash, key, now)
	}
	if !ok {
		sh.unlock()
		return s.insist(key, v, ttl)
	}
	it := sh.table.At(slot)
	was, at := it.term, sh.next(now)
	it.value, it.time, it.term = v, at, termOf(now+ttl, crdt.Value)
	if it.term < was { // a later one is found when the old one fires
		sh.arm(slot)
	}
	sh.table.Use(slot)
	sh.sets++
	if known {
		sh.mu.Unlock()
	} else {
		sh.tell(ChangePut, slot)
		sh.unlock()
	}
	return crdt.Version{Time: at}, nil
}

// insist is Set by the door.
func (s *Store[P]) insist(key string, v P, ttl int64) (crdt.Version, error) {
	d := draft[P]{kind: crdt.Value, value: v, ttl: ttl}
	err := s.write(key, &d)
	return d.at, err
}

// unwatched tells whether nobody wants to know what is overwritten. A Clear that is remembered need not be asked: what
// is written is above it, whether or not what was held is.
func (s *Store[P]) unwatched() bool {
	return s.cfg.Evicted == nil && s.changed.Load() == nil
}

// supplant gives a key the slot of the least recently used value, which leaves; false if nothing has to.
func (sh *shard[P]) supplant(hash uint64, key string, now int64) (slot uint32, ok bool) {
	if sh.store.spare.Load() > 0 {
		return 0, false
	}
	if sh.sweepDue(now); sh.loose > 0 {
		return 0, false
	}
	if slot, ok = sh.table.Oldest(); ok {
		sh.leaves(slot, CauseCapacity)
		sh.table.Rename(slot, hash, key)
	}
	return slot, ok
}
