package store

import (
	"sync"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/lru"
	"github.com/geolru/geolru/ttl"
)

// item is one record in its slot: what a cache without a node needs of it. With its key and a value of three words it
// fills a line of the processor's cache, which is all that a hit reads of it.
type item[P any] struct {
	value    P
	time     crdt.Time // of its version; the origin is in extras
	deadline int64
	weight   int32 // of a value; 0 for ghosts and tombstones
	kind     crdt.Kind
}

// extra is what a replica needs of a record beside its item. Zero for a slot that is not used.
type extra struct {
	origin crdt.Origin
	seq    uint64
	place  uint32 // where its ring holds it (ghosts and tombstones)
	before uint32 // neighbours in the outbox, slot+1; 0 = none
	after  uint32
	out    outFlags
}

// shard is a part of the records under one lock.
//
// Invariant: a slot holds a value and is in the order of use and the wheel, or a ghost and is in ghosts, or a tombstone
// and is in tombs; between attach and detach only is it in none.
type shard[P any] struct {
	store *Store[P]

	mu     sync.Mutex // guards all below
	table  *lru.Table[item[P]]
	extras []extra // by slot; none without a node
	wheel  *ttl.Wheel
	ghosts ring[P]
	tombs  ring[P]
	clock  crdt.Clock // stamps of a cache without a node

	room   int // weight at the most
	weight int
	first  uint32 // outbox, slot+1
	last   uint32
	fallen []fallen[P]

	done Counts // the counters only
}

func (sh *shard[P]) init(s *Store[P], now int64, room, ghosts, tombs int) {
	sh.store, sh.room = s, room
	limit := room
	if s.cfg.Replicated {
		limit += ghosts + tombs
	}
	sh.table = lru.New[item[P]](limit)
	sh.wheel = ttl.New(now, func(slot uint32) int64 { return sh.table.At(slot).deadline })
	sh.ghosts = ring[P]{shard: sh, limit: ghosts}
	sh.tombs = ring[P]{shard: sh, limit: tombs}
}

// unlock gives the lock back and then tells of the values that left meanwhile.
func (sh *shard[P]) unlock() {
	gone := sh.fallen
	sh.fallen = nil
	sh.mu.Unlock()
	for _, f := range gone {
		sh.store.cfg.Evicted(f.key, f.value, f.cause)
	}
}

// live tells whether the slot holds a value that may be served now.
func (sh *shard[P]) live(slot uint32, now int64) bool {
	it := sh.table.At(slot)
	if it.kind != crdt.Value || it.deadline <= now {
		return false
	}
	c := sh.store.clear.Load()
	return c == nil || plant.On(plant.ClearOnce) || c.Version.Less(sh.version(slot))
}

// expired tells whether the slot holds a value whose deadline has come.
func (sh *shard[P]) expired(slot uint32, now int64) bool {
	it := sh.table.At(slot)
	return it.kind == crdt.Value && it.deadline <= now
}

// reg is the record of a slot without key and payload.
func (sh *shard[P]) reg(slot uint32) crdt.Register {
	it := sh.table.At(slot)
	r := crdt.Register{Version: crdt.Version{Time: it.time}, Deadline: it.deadline, Kind: it.kind}
	if sh.extras != nil {
		x := &sh.extras[slot]
		r.Version.Origin, r.Seq = x.origin, x.seq
	}
	return r
}

// version is that of reg.
func (sh *shard[P]) version(slot uint32) crdt.Version {
	v := crdt.Version{Time: sh.table.At(slot).time}
	if sh.extras != nil {
		v.Origin = sh.extras[slot].origin
	}
	return v
}

// setReg is what reg is from now on.
func (sh *shard[P]) setReg(slot uint32, r *crdt.Register) {
	it := sh.table.At(slot)
	it.time, it.deadline, it.kind = r.Version.Time, r.Deadline, r.Kind
	if sh.extras != nil {
		x := &sh.extras[slot]
		x.origin, x.seq = r.Version.Origin, r.Seq
	}
}

// insert makes a slot for a key that has none.
func (sh *shard[P]) insert(hash uint64, key string) uint32 {
	slot := sh.table.Insert(hash, key)
	if sh.store.cfg.Replicated && int(slot) >= len(sh.extras) {
		sh.extras = append(sh.extras, extra{})
	}
	return slot
}

// remove frees a slot that is attached nowhere and does not wait in the outbox.
func (sh *shard[P]) remove(slot uint32) {
	sh.table.Remove(slot)
	if sh.extras != nil {
		sh.extras[slot] = extra{}
	}
}

// attach puts a slot where its kind belongs. The caller has made room.
func (sh *shard[P]) attach(slot uint32, cold bool) {
	switch it := sh.table.At(slot); it.kind {
	case crdt.Value:
		sh.weight += int(it.weight)
		sh.wheel.Add(slot)
		if cold {
			sh.table.Cold(slot)
		} else {
			sh.table.Use(slot)
		}
	case crdt.Ghost:
		sh.ghosts.push(slot)
	case crdt.Tombstone:
		sh.tombs.push(slot)
	}
}

// detach takes a slot out of where its kind belongs. It stays in the table.
func (sh *shard[P]) detach(slot uint32) {
	switch it := sh.table.At(slot); it.kind {
	case crdt.Value:
		sh.weight -= int(it.weight)
		sh.wheel.Remove(slot)
		sh.table.Unlink(slot)
	case crdt.Ghost:
		sh.ghosts.remove(slot)
	case crdt.Tombstone:
		sh.tombs.remove(slot)
	}
}

// drop takes a record out of memory, remembering nothing.
func (sh *shard[P]) drop(slot uint32) {
	sh.detach(slot)
	sh.unqueue(slot)
	sh.remove(slot)
}

// makeRoom evicts the least recently used until a value of this weight fits. Those that expired go first.
func (sh *shard[P]) makeRoom(weight int, now int64) {
	if sh.weight+weight > sh.room {
		if due, ok := sh.wheel.Next(); ok && due <= now {
			sh.sweep(now, sweepStep)
		}
	}
	for sh.weight+weight > sh.room {
		oldest, ok := sh.table.Oldest()
		if !ok {
			return
		}
		sh.fade(oldest, CauseCapacity, now)
	}
}

// fade turns a value into a ghost, or drops it where no ghosts are kept.
func (sh *shard[P]) fade(slot uint32, cause Cause, now int64) {
	sh.leaves(slot, cause)
	if !sh.store.cfg.Replicated || silent(cause) {
		sh.drop(slot)
		return
	}
	sh.detach(slot)
	sh.empty(slot)
	sh.table.At(slot).kind = crdt.Ghost
	sh.attach(slot, false)
	sh.trim(now)
}

// leaves tells everybody of a value that is about to leave because of its age.
func (sh *shard[P]) leaves(slot uint32, cause Cause) {
	sh.fell(sh.table.Key(slot), sh.table.At(slot).value, cause)
	sh.tell(causeChange[cause], slot)
	sh.done.faded(cause)
}

// empty takes the payload away from a slot that is attached nowhere.
func (sh *shard[P]) empty(slot uint32) {
	it := sh.table.At(slot)
	var none P
	it.value, it.weight = none, 0
}

// trim forgets what the rings have no room for, the lowest version first.
func (sh *shard[P]) trim(now int64) {
	for _, r := range [...]*ring[P]{&sh.ghosts, &sh.tombs} {
		for r.len() > r.limit {
			sh.forget(r.lowest(), now)
		}
	}
}
