package store

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
)

// Clear removes everything written before it, in a replicated cache on every node: it is a version of the whole cache
// (rule 11).
func (s *Store[P]) Clear() {
	if s.setClear(s.stampAll, s.cfg.Replicated) {
		s.sweepCleared(false)
	}
	s.dirty()
}

// mergeClear takes a Clear from a peer, if none as high is held. What was written behind it may have come before it:
// that is told again, for the Clear is told as taking all.
func (s *Store[P]) mergeClear(r crdt.Register, now int64) Outcome {
	if s.outlived(r.Version.Time, now) {
		return Dead
	}
	if !s.setClear(func() crdt.Register { return r }, false) {
		return Lost
	}
	s.sweepCleared(true)
	return Won
}

// setClear takes the Clear that draw gives, if none as high is held. All shards stand still for that moment: what was
// written before it is told before it, and the rest after it and is not swept. It is set before anything is swept, so a
// record that is merged behind the sweep's back is found dead at the door.
func (s *Store[P]) setClear(draw func() crdt.Register, out bool) bool {
	s.clearMu.Lock()
	defer s.clearMu.Unlock()
	s.lockAll()
	defer s.unlockAll()
	r, held := draw(), s.clear.Load()
	won := held == nil || held.Version.Less(r.Version)
	if won {
		s.clear.Store(&r)
		s.queueClear(out)
		s.tellClear(r)
	}
	return won
}

// stampAll is a Clear above all that has been written here. All shards are locked.
func (s *Store[P]) stampAll() crdt.Register {
	r := crdt.Register{Kind: crdt.Clear}
	if f := s.cfg.Stamp; f != nil {
		r.Version = f(0)
		return r
	}
	now := s.cfg.Now()
	for i := range s.shards {
		r.Version.Time = max(r.Version.Time, s.shards[i].stamp(0, now).Time)
	}
	for i := range s.shards {
		s.shards[i].last = r.Version.Time
	}
	return r
}

// queueClear puts the Clear into the outbox or takes it out. clearMu is held.
func (s *Store[P]) queueClear(out bool) {
	switch {
	case out && !s.clearOut:
		s.waiting.Add(1)
	case !out && s.clearOut:
		s.waiting.Add(-1)
	}
	s.clearOut = out
}

// sweepCleared takes the dead out of memory, a shard at a time, and may tell of the living once more.
func (s *Store[P]) sweepCleared(again bool) {
	for i := range s.shards {
		s.shards[i].sweepCleared(again)
	}
}

func (sh *shard[P]) sweepCleared(again bool) {
	sh.mu.Lock()
	defer sh.unlock()
	for slot := range sh.table.Slots() {
		if !sh.table.Used(slot) {
			continue
		}
		it := sh.table.At(slot)
		value, dead := it.kind() == crdt.Value, sh.store.sweeps(sh.version(slot))
		if value && dead {
			sh.fell(slot, CauseDeleted)
		}
		if dead {
			sh.drop(slot)
		} else if value && again {
			sh.tell(ChangePut, slot)
		}
	}
}

func (s *Store[P]) tellClear(r crdt.Register) {
	if f := s.changed.Load(); f != nil {
		(*f)(Change[P]{Kind: ChangeClear, Register: r})
	}
}

// Cleared is the Clear that is held, with its dot; Kind None if there is none.
func (s *Store[P]) Cleared() crdt.Register {
	s.clearMu.Lock()
	defer s.clearMu.Unlock()
	return s.dotClear()
}

// ClearedTo is the version of the Clear that is held; zero if there is none. It takes no lock.
func (s *Store[P]) ClearedTo() crdt.Version {
	if c := s.clear.Load(); c != nil {
		return c.Version
	}
	return crdt.Version{}
}

// dotClear gives the Clear its dot. clearMu is held.
func (s *Store[P]) dotClear() crdt.Register {
	r := s.clear.Load()
	if r == nil {
		return crdt.Register{}
	}
	if r.Seq == 0 {
		dotted := *r
		dotted.Seq = s.seq.Add(1)
		r = &dotted
		s.clear.Store(r)
	}
	return *r
}

// pruneClear forgets a Clear that has outlived its retention.
func (s *Store[P]) pruneClear(now int64) {
	s.clearMu.Lock()
	defer s.clearMu.Unlock()
	if r := s.clear.Load(); r != nil && (s.outlived(r.Version.Time, now) || plant.On(plant.ClearShort)) {
		s.clear.Store(nil)
		s.queueClear(false)
	}
}
