package store

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
)

// KeepTTL as a ttl keeps the deadline of the value that is overwritten.
const KeepTTL = -1

// draft is a local write before it has its stamp.
type draft[P any] struct {
	kind   crdt.Kind
	value  P
	weight int // of a value
	ttl    int64
	cond   bool         // write only over held
	held   crdt.Version // the live value's version; zero = none

	at crdt.Version // its stamp, once it is written
	ok bool         // of a conditional write whether it was done, of another whether there was a live value
}

// SetIf writes like Set if the live value of the key has the version held (zero: if there is none), and tells whether
// it did. ttl may be KeepTTL.
func (s *Store[P]) SetIf(key string, held crdt.Version, v P, ttl int64) (bool, error) {
	d := draft[P]{kind: crdt.Value, value: v, ttl: ttl, cond: true, held: held}
	err := s.write(key, &d)
	return d.ok, err
}

// Delete removes a key, on all nodes whatever is held here, and tells whether a live value was.
func (s *Store[P]) Delete(key string) (had bool) {
	d := draft[P]{kind: crdt.Tombstone}
	_ = s.write(key, &d) // weighs nothing
	return d.ok
}

// DeleteIf deletes if the live value of the key has the version held, and tells whether it did.
func (s *Store[P]) DeleteIf(key string, held crdt.Version) bool {
	d := draft[P]{kind: crdt.Tombstone, cond: true, held: held}
	_ = s.write(key, &d) // weighs nothing
	return d.ok
}

// write stamps a draft above all that is known of its key and merges it.
func (s *Store[P]) write(key string, d *draft[P]) error {
	hash := s.hash(key)
	sh := s.of(hash)
	if d.kind == crdt.Value {
		if d.weight = s.weigh(key, d.value); d.weight > s.cfg.Capacity {
			return ErrTooLarge
		}
	}
	sh.fitting(func() Outcome { return sh.write(hash, key, d) })
	s.dirty()
	return nil
}

// written is the time of a write. The usual life, if it is a second or more, may begin by the coarse clock, and so end that
// much early: the exact one took 57 ns of a write. Whoever asks for another life gets it to the millisecond.
func (s *Store[P]) written(ttl int64) int64 {
	if s.cfg.Coarse != nil && ttl == s.cfg.TTL && ttl >= near {
		return s.cfg.Coarse.Load()
	}
	return s.cfg.Now()
}

// now is the time of a draft. A conditional one follows a read, which is exact near a deadline, so it has to be exact,
// too: where the two differ over whether a value lives, the write is refused until the coarse clock has caught up.
func (sh *shard[P]) now(d *draft[P]) int64 {
	if d.cond {
		return sh.store.cfg.Now()
	}
	return sh.store.written(d.ttl)
}

func (sh *shard[P]) write(hash uint64, key string, d *draft[P]) Outcome {
	now := sh.now(d)
	slot, known := sh.table.Find(hash, key)
	live := known && sh.live(slot, now)
	if d.cond && (live && sh.version(slot) != d.held || !live && d.held != crdt.Version{}) {
		return Lost
	}
	rec := Record[P]{Key: key, Register: crdt.Register{Kind: d.kind, Deadline: sh.deadline(slot, live, now, d)}, Value: d.value}
	out, a := Lost, arrival{now: now, local: true, use: true}
	if live && !sh.store.cfg.Replicated { // nobody else writes: the stamp is above what is held
		rec.Version = sh.stamp(0, now)
		out = sh.replace(slot, &rec, d.weight, a, Won)
	} else {
		out = sh.offer(hash, slot, known, &rec, a)
	}
	if out != crowded {
		sh.wrote(d.kind)
		d.at, d.ok = rec.Version, live || d.cond
	}
	return out
}

// deadline is that of a draft, over the value of a slot if there is a live one.
func (sh *shard[P]) deadline(slot uint32, live bool, now int64, d *draft[P]) int64 {
	switch {
	case d.kind != crdt.Value:
		return 0
	case d.ttl != KeepTTL:
		return now + d.ttl
	case live:
		return sh.table.At(slot).deadline()
	}
	return now + sh.store.cfg.TTL
}

// offer stamps a record of this node above what is known of its key, and merges it: once more if the floor rose between
// stamp and door.
func (sh *shard[P]) offer(hash uint64, slot uint32, known bool, rec *Record[P], a arrival) (out Outcome) {
	var held crdt.Time
	if known {
		held = sh.table.At(slot).time
	}
	for out = Refused; out == Refused; known = false {
		rec.Version = sh.stamp(sh.store.above(held), a.now)
		out = once(sh.merge(hash, slot, known, rec, a))
	}
	return out
}

// stamp is a version above `above` and all that this node has stamped or seen.
func (sh *shard[P]) stamp(above crdt.Time, now int64) crdt.Version {
	if f := sh.store.cfg.Stamp; f != nil {
		return f(above)
	}
	return crdt.Version{Time: sh.next(now)}
}

// next is a time above all that this shard has stamped, without a node.
func (sh *shard[P]) next(now int64) crdt.Time {
	sh.last = max(crdt.At(now), sh.last.Next())
	return sh.last
}

// dirty wakes the engine when something waits in the outbox.
func (s *Store[P]) dirty() {
	if s.cfg.Dirty != nil && s.waiting.Load() > 0 {
		s.cfg.Dirty()
	}
}

// Touch lengthens the life of the value held to ttl milliseconds from now, never beyond its writing + L, and never
// shortens it; false if none is held.
func (s *Store[P]) Touch(key string, ttl int64) bool {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	now := s.cfg.Now()
	slot, ok := sh.table.Find(hash, key)
	ok = ok && sh.live(slot, now)
	if ok {
		sh.touch(slot, sh.version(slot), now+ttl, now, true)
	}
	sh.unlock()
	s.dirty()
	return ok
}

// MergeTouch lengthens the life of version v of a key, as a peer did, if it is held and alive.
func (s *Store[P]) MergeTouch(key string, v crdt.Version, deadline, now int64) bool {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	defer sh.unlock()
	slot, ok := sh.table.Find(hash, key)
	return ok && sh.live(slot, now) && sh.touch(slot, v, deadline, now, false)
}

func (sh *shard[P]) touch(slot uint32, v crdt.Version, deadline, now int64, local bool) bool {
	r := sh.reg(slot)
	before := r.Deadline
	if !r.Extend(v, deadline, touchBound(v.Time.Milli()+sh.store.cfg.TTL), now) {
		return false
	}
	sh.setReg(slot, &r)
	sh.tell(ChangePut, slot)
	if local && sh.store.cfg.Replicated && tellTouch(before, r.Deadline, now) {
		sh.queue(slot, outTouch)
	}
	return true
}

// tellTouch tells whether a touch is worth a message: when the deadline steps over a mark, and there are between five
// and ten marks in the time left to live, however often and by however little a key is touched.
func tellTouch(before, after, now int64) bool {
	mark := int64(1)
	for 10*mark < after-now {
		mark *= 2
	}
	return before/mark != after/mark
}

// BeginLoad is the stamp of a load, taken when it begins.
func (s *Store[P]) BeginLoad(key string) crdt.Version {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	defer sh.unlock()
	var above crdt.Time
	if slot, ok := sh.table.Find(hash, key); ok {
		above = sh.table.At(slot).time
	}
	return sh.stamp(above, s.cfg.Now())
}

// EndLoad writes a loaded value as if it had been written when its load began, and tells whether it is held now: not
// if something came meanwhile, nor if the floor rose over it, nor if it took longer than a lifetime. What lost is told
// to nobody.
func (s *Store[P]) EndLoad(key string, at crdt.Version, v P, ttl int64) (stored bool) {
	hash := s.hash(key)
	sh := s.of(hash)
	if s.weigh(key, v) > s.cfg.Capacity {
		return false
	}
	out := sh.fitting(func() Outcome { return sh.endLoad(hash, key, at, v, ttl) })
	s.dirty()
	return out.Held()
}

func (sh *shard[P]) endLoad(hash uint64, key string, at crdt.Version, v P, ttl int64) Outcome {
	now := sh.store.cfg.Now()
	if plant.On(plant.LoadAtEnd) {
		at = sh.stamp(at.Time, now)
	}
	reg := crdt.Register{Version: at, Deadline: min(now+ttl, at.Time.Milli()+sh.store.cfg.TTL), Kind: crdt.Value}
	if reg.Deadline <= now {
		return Dead
	}
	slot, known := sh.table.Find(hash, key)
	return sh.merge(hash, slot, known, &Record[P]{key, reg, v}, arrival{now: now, local: true, use: true})
}

// Replace exchanges the payload that a key still has, as same tells, for one that says the same (a decoded form beside
// the bytes). same runs under a shard's lock.
func (s *Store[P]) Replace(key string, v P, same func(P) bool) {
	hash := s.hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	defer sh.unlock()
	if slot, ok := sh.table.Find(hash, key); ok {
		if it := sh.table.At(slot); it.kind() == crdt.Value && same(it.value) {
			it.value = v
		}
	}
}
