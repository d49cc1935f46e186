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
}

// Set writes a value that lives ttl milliseconds, 1 to L (the caller has checked).
func (s *Store[P]) Set(key string, v P, ttl int64) (crdt.Version, error) {
	at, _, err := s.write(key, draft[P]{kind: crdt.Value, value: v, ttl: ttl})
	return at, err
}

// SetIf writes like Set if the live value of the key has the version held (zero: if there is none), and tells whether
// it did. ttl may be KeepTTL.
func (s *Store[P]) SetIf(key string, held crdt.Version, v P, ttl int64) (bool, error) {
	_, ok, err := s.write(key, draft[P]{kind: crdt.Value, value: v, ttl: ttl, cond: true, held: held})
	return ok, err
}

// Delete removes a key, on all nodes whatever is held here, and tells whether a live value was.
func (s *Store[P]) Delete(key string) (had bool) {
	_, had, _ = s.write(key, draft[P]{kind: crdt.Tombstone})
	return had
}

// DeleteIf deletes if the live value of the key has the version held, and tells whether it did.
func (s *Store[P]) DeleteIf(key string, held crdt.Version) bool {
	_, ok, _ := s.write(key, draft[P]{kind: crdt.Tombstone, cond: true, held: held})
	return ok
}

// write stamps a draft above all that is known of its key and merges it. ok tells of a conditional write whether it
// was done, of another whether there was a live value.
func (s *Store[P]) write(key string, d draft[P]) (at crdt.Version, ok bool, err error) {
	hash := s.cfg.Hash(key)
	sh := s.of(hash)
	if d.kind == crdt.Value {
		if d.weight = s.weigh(key, d.value); d.weight > sh.room {
			return at, false, ErrTooLarge
		}
	}
	sh.mu.Lock()
	at, ok = sh.write(hash, key, d)
	sh.unlock()
	s.dirty()
	return at, ok, nil
}

// written is the time of a write. A life of a second or more may begin by the coarse clock, and so end that much early:
// the exact one took 57 ns of a write.
func (s *Store[P]) written(ttl int64) int64 {
	if s.cfg.Coarse != nil && ttl >= near {
		return s.cfg.Coarse()
	}
	return s.cfg.Now()
}

func (sh *shard[P]) write(hash uint64, key string, d draft[P]) (crdt.Version, bool) {
	now := sh.store.written(d.ttl)
	slot, known := sh.table.Find(hash, key)
	var held crdt.Register
	live := false
	if known {
		held, live = sh.reg(slot), sh.live(slot, now)
	}
	if d.cond && (live && held.Version != d.held || !live && d.held != crdt.Version{}) {
		return crdt.Version{}, false
	}
	reg := crdt.Register{Kind: d.kind}
	switch {
	case d.kind != crdt.Value:
	case d.ttl == KeepTTL && live:
		reg.Deadline = held.Deadline
	case d.ttl == KeepTTL:
		reg.Deadline = now + sh.store.cfg.TTL
	default:
		reg.Deadline = now + d.ttl
	}
	sh.done.wrote(d.kind)
	rec, a := Record[P]{key, reg, d.value}, arrival{now: now, local: true, use: true}
	if live && !sh.store.cfg.Replicated { // nobody else writes: the stamp is above what is held
		rec.Version = sh.stamp(0, now)
		sh.replace(slot, &rec, d.weight, a)
		return rec.Version, live || d.cond
	}
	for out := Refused; out == Refused; known = false { // the floor may rise between stamp and door: then once more
		rec.Version = sh.stamp(sh.store.above(held.Version.Time), now)
		out = once(sh.merge(hash, slot, known, &rec, a))
	}
	return rec.Version, live || d.cond
}

// stamp is a version above `above` and all that this node has stamped or seen.
func (sh *shard[P]) stamp(above crdt.Time, now int64) crdt.Version {
	if f := sh.store.cfg.Stamp; f != nil {
		return f(above)
	}
	return crdt.Version{Time: sh.clock.Now(now)}
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
	hash := s.cfg.Hash(key)
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
	hash := s.cfg.Hash(key)
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
	hash := s.cfg.Hash(key)
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
	hash := s.cfg.Hash(key)
	sh := s.of(hash)
	if s.weigh(key, v) > sh.room {
		return false
	}
	sh.mu.Lock()
	stored = sh.endLoad(hash, key, at, v, ttl)
	sh.unlock()
	s.dirty()
	return stored
}

func (sh *shard[P]) endLoad(hash uint64, key string, at crdt.Version, v P, ttl int64) (stored bool) {
	now := sh.store.cfg.Now()
	if plant.On(plant.LoadAtEnd) {
		at = sh.stamp(at.Time, now)
	}
	reg := crdt.Register{Version: at, Deadline: min(now+ttl, at.Time.Milli()+sh.store.cfg.TTL), Kind: crdt.Value}
	if reg.Deadline <= now {
		return false
	}
	slot, known := sh.table.Find(hash, key)
	return sh.merge(hash, slot, known, &Record[P]{key, reg, v}, arrival{now: now, local: true, use: true}).Held()
}

// Replace exchanges the payload of a version, for one that says the same (a decoded form beside the bytes).
func (s *Store[P]) Replace(key string, held crdt.Version, v P) {
	hash := s.cfg.Hash(key)
	sh := s.of(hash)
	sh.mu.Lock()
	defer sh.unlock()
	if slot, ok := sh.table.Find(hash, key); ok {
		if it := sh.table.At(slot); it.kind == crdt.Value && sh.version(slot) == held {
			it.value = v
		}
	}
}
