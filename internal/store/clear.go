package store

import "github.com/geolru/geolru/crdt"

// Clear removes everything written before it, in a replicated cache on every node: it is a version of the whole cache
// (rule 11).
func (s *Store[P]) Clear() {
	if !s.cfg.Replicated {
		s.sweepCleared(func(crdt.Version) bool { return true })
		s.tellClear(crdt.Register{Kind: crdt.Clear})
		return
	}
	now := s.cfg.Now()
	s.mergeClear(crdt.Register{Version: s.cfg.Stamp(0), Kind: crdt.Clear}, now, true)
	s.dirty()
}

// mergeClear takes a Clear, if none as high is held. It is set before anything is swept, so a record that is merged
// behind the sweep's back is found dead at the door.
func (s *Store[P]) mergeClear(r crdt.Register, now int64, local bool) Outcome {
	if s.outlived(r.Version.Time, now) {
		return Dead
	}
	s.clearMu.Lock()
	held := s.clear.Load()
	if held != nil && !held.Version.Less(r.Version) {
		s.clearMu.Unlock()
		return Lost
	}
	s.clear.Store(&r)
	s.queueClear(local)
	s.clearMu.Unlock()
	s.sweepCleared(s.cleared)
	s.tellClear(r)
	return Won
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

// sweepCleared takes the dead out of memory, a shard at a time.
func (s *Store[P]) sweepCleared(dead func(crdt.Version) bool) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for slot := range sh.table.Slots() {
			if !sh.table.Used(slot) {
				continue
			}
			if it := sh.table.At(slot); dead(it.reg.Version) {
				if it.reg.Kind == crdt.Value {
					sh.fell(sh.table.Key(slot), it.value, CauseDeleted)
				}
				sh.drop(slot)
			}
		}
		sh.unlock()
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
	if r := s.clear.Load(); r != nil && s.outlived(r.Version.Time, now) {
		s.clear.Store(nil)
		s.queueClear(false)
	}
}
