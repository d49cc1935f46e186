package store

import (
	"sync"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/lru"
	"github.com/geolru/geolru/ttl"
)

// item is one record in its slot.
type item[P any] struct {
	value  P
	reg    crdt.Register
	weight int32  // of a value; 0 for ghosts and tombstones
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
	wheel  *ttl.Wheel
	ghosts ring[P]
	tombs  ring[P]
	clock  crdt.Clock // stamps of a cache without a node

	room   int // weight at the most
	weight int
	first  uint32 // outbox, slot+1
	last   uint32
	fallen []fallen[P]

	hits, misses uint64
}

func (sh *shard[P]) init(s *Store[P], now int64, room, ghosts, tombs int) {
	sh.store, sh.room = s, room
	limit := room
	if s.cfg.Replicated {
		limit += ghosts + tombs
	}
	sh.table = lru.New[item[P]](limit)
	sh.wheel = ttl.New(now, func(slot uint32) int64 { return sh.table.At(slot).reg.Deadline })
	sh.ghosts = ring[P]{table: sh.table, limit: ghosts}
	sh.tombs = ring[P]{table: sh.table, limit: tombs}
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
func (sh *shard[P]) live(it *item[P], now int64) bool {
	return it.reg.Kind == crdt.Value && it.reg.Deadline > now && !sh.store.cleared(it.reg.Version)
}

// expired tells whether the slot holds a value whose deadline has come.
func (sh *shard[P]) expired(slot uint32, now int64) bool {
	it := sh.table.At(slot)
	return it.reg.Kind == crdt.Value && it.reg.Deadline <= now
}

// attach puts a slot where its kind belongs. The caller has made room.
func (sh *shard[P]) attach(slot uint32, cold bool) {
	switch it := sh.table.At(slot); it.reg.Kind {
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
	switch it := sh.table.At(slot); it.reg.Kind {
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
	sh.table.Remove(slot)
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
	sh.table.At(slot).reg.Kind = crdt.Ghost
	sh.attach(slot, false)
	sh.trim(now)
}

// leaves tells everybody of a value that is about to leave because of its age.
func (sh *shard[P]) leaves(slot uint32, cause Cause) {
	sh.fell(sh.table.Key(slot), sh.table.At(slot).value, cause)
	sh.tell(causeChange[cause], slot)
	sh.store.counts.faded(cause)
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
