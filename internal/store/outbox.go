package store

import "github.com/geolru/geolru/crdt"

// outFlags is what of a record waits to be sent.
type outFlags uint8

const (
	outRecord outFlags = 1 << iota // the record itself
	outTouch                       // its later deadline
)

// queue links a record into the outbox, at its end unless it waits already: a key that is written a thousand times
// while the link is busy keeps its place, and is sent once.
func (sh *shard[P]) queue(slot uint32, what outFlags) {
	x := &sh.extras[slot]
	if x.out == 0 {
		x.before, x.after = sh.back, 0
		if sh.back != 0 {
			sh.extras[sh.back].after = slot
		} else {
			sh.front = slot
		}
		sh.back = slot
		sh.store.waiting.Add(1)
	}
	x.out |= what
}

// unqueue takes a record out of the outbox, if it waits there.
func (sh *shard[P]) unqueue(slot uint32) {
	if sh.extras == nil || sh.extras[slot].out == 0 {
		return
	}
	x := &sh.extras[slot]
	if x.before != 0 {
		sh.extras[x.before].after = x.after
	} else {
		sh.front = x.after
	}
	if x.after != 0 {
		sh.extras[x.after].before = x.before
	} else {
		sh.back = x.before
	}
	x.before, x.after, x.out = 0, 0, 0
	sh.store.waiting.Add(-1)
}

// dotted is the record of a slot, which gets its number now if it leaves for the first time. Without a node
// there are none.
func (sh *shard[P]) dotted(slot uint32) crdt.Register {
	if sh.extras != nil && sh.extras[slot].seq == 0 {
		sh.extras[slot].seq = sh.store.seq.Add(1)
	}
	return sh.reg(slot)
}

// Seq is the last number given to a record of this node: all up to it have left or are about to, none above has.
func (s *Store[P]) Seq() uint64 { return s.seq.Load() }

// Waiting is how many records wait in the outbox.
func (s *Store[P]) Waiting() int { return int(s.waiting.Load()) }

// DotAll gives every record in the outbox its number, before a digest is taken that must cover them.
func (s *Store[P]) DotAll() {
	s.clearMu.Lock()
	s.dotClear()
	s.clearMu.Unlock()
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for slot := sh.front; slot != 0; slot = sh.extras[slot].after {
			if sh.extras[slot].out&outRecord != 0 {
				sh.dotted(slot)
			}
		}
		sh.mu.Unlock()
	}
}

// Drain takes records from the outbox, shard by shard in turn, and hands each over with its dot; touch tells that only
// its deadline is news. It ends when take returns false (that record stays), or when nothing waits.
func (s *Store[P]) Drain(take func(rec Record[P], touch bool) bool) {
	if !s.drainClear(take) {
		return
	}
	start := s.turn.Add(1)
	for i := range s.shards {
		if s.waiting.Load() == 0 || !s.shards[(int(start)+i)%len(s.shards)].drain(take) {
			return
		}
	}
}

func (s *Store[P]) drainClear(take func(Record[P], bool) bool) bool {
	s.clearMu.Lock()
	defer s.clearMu.Unlock()
	if !s.clearOut {
		return true
	}
	if !take(Record[P]{Register: s.dotClear()}, false) {
		return false
	}
	s.queueClear(false)
	return true
}

func (sh *shard[P]) drain(take func(Record[P], bool) bool) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for sh.front != 0 {
		slot := sh.front
		touch := sh.extras[slot].out&outRecord == 0
		if !touch {
			sh.dotted(slot)
		}
		if !take(Record[P]{sh.table.Key(slot), sh.reg(slot), sh.table.At(slot).value}, touch) {
			return false
		}
		sh.unqueue(slot)
	}
	return true
}
