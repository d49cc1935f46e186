package store

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
)

// ErrTooLarge: the weight of the value is over the capacity.
var ErrTooLarge = errors.New("store: the value weighs more than the capacity")

// Up to one entry less than `exactly` a cache is one shard, and its order of use exact. Beyond that it has a shard for
// each 512 entries: with 4,096, two goroutines met at a lock of 24 so often that a hit cost a quarter more. More than 128
// take no contention away, and make a collection of garbage dearer, 1.5 times phuslu/lru's with 256 and 1.3 with 128:
// it goes from shard to shard, and what was allocated one after the other is far apart there. For weights, shards of as
// many as 4,096 entries that weigh 16 each, which in bytes they do; beyond 64 the order would suffer when entries are few.
const (
	exactly     = 8192
	perShard    = 512
	perHeavy    = 16 * 4096
	maxShards   = 128
	maxWeighing = 64
)

// The bounds of the rings: with a smaller ring of ghosts a lossy sync dropped 97 % of a cache, with this one nothing.
const (
	minGhosts     = 128 << 10
	minTombstones = 64 << 10
)

// Record is a record with its key and payload.
type Record[P any] struct {
	Key string
	crdt.Register
	Value P
}

// Config says what a store is. Now is needed, all else may be zero.
type Config[P any] struct {
	Capacity   int   // entries, or weight if Weigh is set; at least 1
	TTL        int64 // the lifetime bound L, milliseconds
	Replicated bool  // keep ghosts, tombstones and an outbox
	Ghosts     int   // bound of the ghosts; 0 = max(Capacity/4, 128 Ki), 128 Ki if Weigh is set
	Tombstones int   // bound of the tombstones; 0 = max(Capacity/10, 64 Ki), 64 Ki if Weigh is set

	Hash   func(string) uint64                // of keys, seeded; nil = hash/maphash under a seed of this store's own
	Now    func() int64                       // Unix milliseconds, exact
	Coarse *atomic.Int64                      // the same, at most 1 ms old: for writes that live for TTL, if that is a second or more; nil = Now
	Stamp  func(above crdt.Time) crdt.Version // a version of this node above all it has seen and above `above`; nil = a clock per shard
	Weigh  func(key string, v P) int          // nil = 1 each
	Rank   func(v P) uint64                   // hash of a value's bytes: settles equal versions; nil = the held one stays

	Evicted func(key string, v P, c Cause) // a value left the store; outside the locks
	Dirty   func()                         // a local write waits in the outbox; outside the locks
	Forgot  func(d crdt.Dot)               // a record was forgotten before its retention ended; under a shard's lock

	Unweighed func(panicked any) // Weigh panicked on a value from elsewhere, which is a ghost here; under a shard's lock
}

// Store is the records of one cache. Safe for concurrent use; make one with New.
type Store[P any] struct {
	cfg       Config[P]
	shards    []shard[P]
	plain     bool         // there is no node, and every entry weighs 1
	seed      maphash.Seed // of keys, so that nobody who chooses them can make them collide
	retention int64        // R, milliseconds

	clear    atomic.Pointer[crdt.Register] // what is not above it is dead; nil = none
	clearMu  sync.Mutex                    // serialises changes of clear and clearOut
	clearOut bool                          // the clear waits in the outbox

	spare     atomic.Int64 // room that nobody has taken (room.go)
	squeezing sync.Mutex   // held by whoever squeezes; guards squeezed
	squeezed  int          // the shard that is next

	seq     atomic.Uint64 // the last dot given
	waiting atomic.Int64  // records in the outboxes
	turn    atomic.Uint32 // the shard from which the next Drain begins

	changed atomic.Pointer[func(Change[P])]
	memory  memory
}

// New makes an empty store.
func New[P any](c Config[P]) *Store[P] {
	switch {
	case c.Weigh != nil:
		return sharded(c, min(max(c.Capacity/perHeavy, 1), maxWeighing))
	case c.Capacity < exactly:
		return sharded(c, 1)
	}
	return sharded(c, min(c.Capacity/perShard, maxShards))
}

// sharded is New with n shards.
func sharded[P any](c Config[P], n int) *Store[P] {
	entries := c.Capacity
	if c.Weigh != nil {
		entries = 0 // nobody knows how many
	}
	if c.Ghosts == 0 {
		c.Ghosts = max(entries/4, minGhosts)
	}
	if c.Tombstones == 0 {
		c.Tombstones = max(entries/10, minTombstones)
	}
	s := &Store[P]{cfg: c, shards: make([]shard[P], n), plain: !c.Replicated && c.Weigh == nil, seed: maphash.MakeSeed(), retention: crdt.Retention(time.Duration(c.TTL) * time.Millisecond)}
	s.spare.Store(int64(c.Capacity))
	now := c.Now()
	for i := range s.shards {
		s.shards[i].init(s, now, share(entries, n, i), share(c.Ghosts, n, i), share(c.Tombstones, n, i))
	}
	return s
}

// share is the i-th of n parts of a whole; the parts add up to it.
func share(whole, n, i int) int {
	part := whole / n
	if i < whole%n {
		part++
	}
	return part
}

// hash is that of a key.
func (s *Store[P]) hash(key string) uint64 {
	if s.cfg.Hash != nil {
		return s.cfg.Hash(key)
	}
	return maphash.String(s.seed, key)
}

// of is the shard of a hash: chosen by its top bits, for the table inside uses the low ones.
func (s *Store[P]) of(hash uint64) *shard[P] {
	return &s.shards[(hash>>32)*uint64(len(s.shards))>>32]
}

// outlived tells whether nobody can hold anything alive of a version of this time.
func (s *Store[P]) outlived(t crdt.Time, now int64) bool {
	if plant.On(plant.NoSlack) {
		return t.Milli()+s.cfg.TTL <= now
	}
	return t.Milli()+s.retention <= now
}

// cleared tells whether a Clear is at or above v.
func (s *Store[P]) cleared(v crdt.Version) bool {
	return !plant.On(plant.ClearOnce) && s.sweeps(v)
}

// sweeps is cleared for a Clear that has just come.
func (s *Store[P]) sweeps(v crdt.Version) bool {
	c := s.clear.Load()
	return c != nil && !c.Version.Less(v)
}
