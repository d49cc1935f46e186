package store

import "github.com/geolru/geolru/crdt"

// The capacity is one for the whole store: a value that enters takes its weight of what is spare, in whatever shard it
// is, and so all of it is used before anything is evicted, however unevenly the keys fall. Once nothing is spare, what
// enters displaces the least recently used of its own shard, and no other shard hears of it.
//
// Shares of the capacity, one to each shard, were rejected: at the moment when as many keys have come as there is room
// for, they had lost up to 1.5 %, and no value could weigh more than a share.
//
// Invariant: what is spare, the weights of all shards, what is loose in them and what a squeeze holds add up to the
// capacity.

// take takes so much of what is spare, or nothing.
func (s *Store[P]) take(weight int) bool {
	for {
		spare := s.spare.Load()
		if spare < int64(weight) {
			return false
		}
		if s.spare.CompareAndSwap(spare, spare-int64(weight)) {
			return true
		}
	}
}

// take takes room for a weight, first what was freed under this lock: an eviction makes room for what comes in its place
// without a word to others.
func (sh *shard[P]) take(weight int) bool {
	if sh.loose >= weight {
		sh.loose -= weight
		return true
	}
	if sh.store.take(weight - sh.loose) {
		sh.loose = 0
		return true
	}
	return false
}

// makeRoom takes room for a weight, and evicts the least recently used until there is. Those that expired go first; the
// slot kept (0 = none) does not go. False if this shard is not the one to bear that: then short says what all have to make room for.
func (sh *shard[P]) makeRoom(weight int, kept uint32, now int64) bool {
	if sh.take(weight) {
		return true
	}
	for sh.sweepDue(now); !sh.take(weight); {
		oldest, ok := sh.oldest(kept)
		if !ok || sh.tooHeavy(weight) {
			sh.short = weight
			return false
		}
		sh.fade(oldest, CauseCapacity, now)
	}
	return true
}

// sweepDue lets go of what has expired, at most a step.
func (sh *shard[P]) sweepDue(now int64) {
	if sh.due <= now {
		sh.sweep(now, sweepStep)
	}
}

// tooHeavy tells whether a weight would displace most of what a shard holds, and hot entries with it: all shards have to
// make room then.
func (sh *shard[P]) tooHeavy(weight int) bool {
	return len(sh.store.shards) > 1 && weight-sh.loose > sh.weight/2
}

// oldest is the least recently used value but for one.
func (sh *shard[P]) oldest(kept uint32) (slot uint32, ok bool) {
	slot, ok = sh.table.Oldest()
	if ok && slot == kept {
		return sh.table.Newer(slot)
	}
	return slot, ok
}

// squeeze takes room for a weight, at most the capacity, from all shards in turn: the least recently used of one, then of
// the next. The caller holds no lock, and gives it to a shard as loose. One squeezes at a time, and what is evicted for it
// is out of everybody's reach, so it comes to an end.
func (s *Store[P]) squeeze(weight int) {
	s.squeezing.Lock()
	defer s.squeezing.Unlock()
	for weight > 0 {
		if part := min(int64(weight), s.spare.Load()); part > 0 && s.take(int(part)) {
			weight -= int(part)
			continue
		}
		weight -= s.shards[s.squeezed%len(s.shards)].yield(weight, s.cfg.Now())
		s.squeezed++
	}
}

// yield gives up to so much of what is loose, after something left.
func (sh *shard[P]) yield(weight int, now int64) int {
	sh.mu.Lock()
	defer sh.unlock()
	sh.sweepDue(now)
	if oldest, ok := sh.table.Oldest(); ok && sh.loose == 0 {
		sh.fade(oldest, CauseCapacity, now)
	}
	part := min(weight, sh.loose)
	sh.loose -= part
	return part
}

// fitting does what may find no room in a shard, which it locks. It is done again once all shards have made room.
func (sh *shard[P]) fitting(do func() Outcome) Outcome {
	for squeezed := 0; ; {
		sh.mu.Lock()
		sh.loose += squeezed
		out := do()
		squeezed = sh.short
		sh.short = 0
		sh.unlock()
		if out != crowded {
			return out
		}
		sh.store.squeeze(squeezed)
	}
}

// weightOf is what a slot weighs: a value 1, unless the cache weighs, all else nothing.
func (sh *shard[P]) weightOf(slot uint32) int {
	switch {
	case sh.table.At(slot).kind() != crdt.Value:
		return 0
	case sh.weights == nil:
		return 1
	}
	return int(sh.weights[slot])
}
