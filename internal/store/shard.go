package store

import (
	"sync"
	"sync/atomic"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/lru"
	"github.com/geolru/geolru/ttl"
)

// shard is a part of the records under one lock.
//
// Invariant: a slot holds a value and is in the order of use and the wheel, or a ghost and is in ghosts, or a tombstone
// and is in tombs; between attach and detach only is it in none.
type shard[P any] struct {
	// Down to the heads of table's slab and cells this is one line of memory: all that a hit or an overwrite writes here,
	// and all that it reads. So two processors that work in turns pass one line to and fro, not four.
	mu   sync.Mutex // guards all below but store and contended
	hits uint64
	sets uint64
	last crdt.Time // the latest stamp, without a node

	table     lru.Table[item[P]]
	store     *Store[P]
	contended atomic.Bool // mu is waited for so often that waiting awake would do harm
	met       uint64      // hits and sets when mu was waited for last
	misses    uint64
	weight    int     // of the values
	loose     int     // room that was freed and is not yet given back; 0 while the lock is free
	short     int     // the weight of a value that was too heavy; likewise
	weights   []int32 // by slot, of values; nil = 1 each
	extras    []extra // by slot; none without a node
	wheel     *ttl.Wheel
	due       int64 // before this time nothing in the wheel is
	ghosts    ring[P]
	tombs     ring[P]
	front     uint32 // outbox, slots; 0 = empty
	back      uint32
	fallen    []fallen[P]

	done Counts // the counters only, but for hits, misses and sets

	_ [lines - 456%lines]byte // so that no shard has a line in common with its neighbour
}

// lines is two lines of memory, in bytes: some processors fetch them in pairs.
const lines = 128

func (sh *shard[P]) init(s *Store[P], now int64, limit, ghosts, tombs int) {
	sh.store = s
	if s.cfg.Replicated {
		limit += ghosts + tombs
	}
	if s.cfg.Weigh != nil {
		sh.weights = make([]int32, 1)
	}
	sh.table = *lru.New[item[P]](limit)
	sh.wheel = ttl.New(now, func(slot uint32) int64 { return sh.table.At(slot).deadline() })
	sh.ghosts = ring[P]{shard: sh, limit: ghosts}
	sh.tombs = ring[P]{shard: sh, limit: tombs}
}

// A hit holds a lock for some 50 ns, and of 128 locks two processors want the same once in 200 times: to be put to sleep
// and woken costs more than all that, a tenth of the time of a hit on average (64 goroutines on two processors, the "crowd
// get" of geobench local). So who finds a lock taken looks again some times first; a hundred times gain a little less, a
// thousand no more. Unless it is taken more often than once in 16 times: then all want one key, whose line of memory would
// go to and fro, and those who sleep let one processor work on it alone, which is twice as fast. sync.Mutex does not wait
// awake while other goroutines could run.
const (
	looks = 300
	often = 16
)

// lock takes mu, on the paths that are short and taken often.
func (sh *shard[P]) lock() {
	if !sh.mu.TryLock() {
		sh.await()
	}
}

func (sh *shard[P]) await() {
	if sh.contended.Load() || !sh.comesFree() {
		sh.mu.Lock()
	}
	sh.contended.Store(sh.hits+sh.sets-sh.met < often)
	sh.met = sh.hits + sh.sets
}

// comesFree takes mu if it comes free in a moment.
func (sh *shard[P]) comesFree() bool {
	for range looks {
		if sh.mu.TryLock() {
			return true
		}
	}
	return false
}

// unlock gives the lock back, and then what was freed, and tells of the values that left meanwhile.
func (sh *shard[P]) unlock() {
	if sh.loose == 0 && sh.fallen == nil {
		sh.mu.Unlock()
		return
	}
	sh.settleUp()
}

func (sh *shard[P]) settleUp() {
	gone := sh.fallen
	sh.store.spare.Add(int64(sh.loose))
	sh.fallen, sh.loose = nil, 0
	sh.mu.Unlock()
	for _, f := range gone {
		sh.store.cfg.Evicted(f.key, f.value, f.cause)
	}
}

// live tells whether the slot holds a value that may be served now.
func (sh *shard[P]) live(slot uint32, now int64) bool {
	it := sh.table.At(slot)
	return it.deadline()+late() > now && it.kind() == crdt.Value && !sh.buried(slot)
}

// expired tells whether the slot holds a value whose deadline has come.
func (sh *shard[P]) expired(slot uint32, now int64) bool {
	it := sh.table.At(slot)
	return it.kind() == crdt.Value && it.deadline() <= now
}

// reg is the record of a slot without key and payload.
func (sh *shard[P]) reg(slot uint32) crdt.Register {
	it := sh.table.At(slot)
	r := crdt.Register{Version: crdt.Version{Time: it.time}, Deadline: it.deadline(), Kind: it.kind()}
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
	it.time, it.term = r.Version.Time, termOf(r.Deadline, r.Kind)
	if sh.extras != nil {
		x := &sh.extras[slot]
		x.origin, x.seq = r.Version.Origin, r.Seq
	}
}

// insert makes a slot for a key that has none.
func (sh *shard[P]) insert(hash uint64, key string) uint32 {
	slot := sh.table.Insert(hash, key)
	if sh.store.cfg.Replicated && int(slot) >= len(sh.extras) {
		sh.extras = append(sh.extras, make([]extra, int(slot)+1-len(sh.extras))...)
	}
	if sh.weights != nil && int(slot) >= len(sh.weights) {
		sh.weights = append(sh.weights, 0)
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
	switch sh.table.At(slot).kind() {
	case crdt.Value:
		sh.weight += sh.weightOf(slot)
		sh.arm(slot)
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

// arm puts a slot into the wheel, anew if it is there.
func (sh *shard[P]) arm(slot uint32) {
	sh.wheel.Add(slot)
	sh.due = min(sh.due, sh.table.At(slot).deadline())
}

// detach takes a slot out of where its kind belongs. It stays in the table.
func (sh *shard[P]) detach(slot uint32) {
	switch sh.table.At(slot).kind() {
	case crdt.Value:
		weight := sh.weightOf(slot)
		sh.weight -= weight
		sh.loose += weight
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

// fade turns a value into a ghost, or drops it where no ghosts are kept.
func (sh *shard[P]) fade(slot uint32, cause Cause, now int64) {
	sh.leaves(slot, cause)
	if !sh.store.cfg.Replicated || silent(cause) {
		sh.drop(slot)
		return
	}
	sh.detach(slot)
	sh.empty(slot)
	it := sh.table.At(slot)
	it.term = termOf(it.deadline(), crdt.Ghost)
	sh.attach(slot, false)
	sh.trim(now)
}

// leaves tells everybody of a value that is about to leave because of its age.
func (sh *shard[P]) leaves(slot uint32, cause Cause) {
	sh.fell(slot, cause)
	sh.tell(causeChange[cause], slot)
	sh.done.faded(cause)
}

// empty takes the payload away from a slot that is attached nowhere.
func (sh *shard[P]) empty(slot uint32) {
	var none P
	sh.table.At(slot).value = none
}

// trim forgets what the rings have no room for, the lowest version first.
func (sh *shard[P]) trim(now int64) {
	for _, r := range [...]*ring[P]{&sh.ghosts, &sh.tombs} {
		for r.full() {
			sh.forget(r.lowest(), now)
		}
	}
}
