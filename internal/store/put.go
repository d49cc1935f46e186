package store

import "github.com/geolru/geolru/crdt"

// put is Set in a cache without a node whose entries weigh the same: there is one writer, whose every stamp is above what
// is held, so there is nothing to merge; and in a full cache the one that goes leaves its slot, and its place in the
// wheel, to the one that comes. So a write costs a fifth of what the door costs. False if it is for the door after all:
// there is room still, or what is held has died.
func (s *Store[P]) put(key string, v P, ttl int64) (at crdt.Time, ok bool) {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	now := s.written(ttl)
	slot, known := sh.table.Find(hash, key)
	switch {
	case known && sh.live(slot, now):
		sh.fell(slot, CauseReplaced)
	case known:
		sh.mu.Unlock()
		return 0, false
	default:
		if slot, ok = sh.supplant(now); !ok {
			sh.unlock()
			return 0, false
		}
		sh.table.Rename(slot, hash, key)
	}
	at = sh.renew(slot, v, now, now+ttl)
	sh.unlock()
	return at, true
}

// supplant is the slot of the least recently used value, which leaves; false if nothing has to.
func (sh *shard[P]) supplant(now int64) (slot uint32, ok bool) {
	if sh.store.spare.Load() > 0 {
		return 0, false
	}
	if sh.sweepDue(now); sh.loose > 0 {
		return 0, false
	}
	if slot, ok = sh.table.Oldest(); ok {
		sh.leaves(slot, CauseCapacity)
	}
	return slot, ok
}

// renew writes a value over one that is in the order of use and in the wheel.
func (sh *shard[P]) renew(slot uint32, v P, now, deadline int64) crdt.Time {
	it := sh.table.At(slot)
	sooner := deadline < it.deadline()
	it.value, it.time, it.term = v, sh.next(now), termOf(deadline, crdt.Value)
	if sooner { // a later one is found when the old one fires
		sh.arm(slot)
	}
	sh.table.Use(slot)
	sh.done.Sets++
	sh.tell(ChangePut, slot)
	return it.time
}
