package replica

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// Options says what a replicated cache is. Name, Capacity, TTL and Hash are needed.
type Options struct {
	Name       string
	Capacity   int
	TTL        time.Duration // the lifetime bound L, equal on all replicas
	Hash       func(string) uint64
	Ghosts     int // bounds of the rings; 0 = the store's defaults
	Tombstones int
	Weigh      func(key string, b Blob) int
	Unweighed  func(panicked any) // Weigh panicked on a value of a peer, which is a ghost here; must be quick
	Evicted    func(key string, b Blob, c store.Cause)
	Loads      bool // what no peer has is loaded: every Ask that finds nothing is followed by a Bid

	// Restore is called before the replica hears or is heard of: it may give fill what an earlier life left, and again
	// if that was of no use. An error of fill says why it took nothing. nil = a cold start.
	Restore func(fill func(*store.Snapshot) error)
	// Journal is told of the records of a large sync once they are here, with what their sender had seen before it read
	// them and how many it was about to send in a bootstrap, else 0. It must not wait; syncs with several peers call it at
	// once. nil = nobody wants to know.
	Journal func(by *crdt.Seen, total uint64, m *wire.Records)
	// Replay is called after Restore: it gives back what Journal was told in an earlier life. nil = nothing.
	Replay func(replay func(by *crdt.Seen, total uint64, m *wire.Records))
	// Parted is called once, when the replica hears nothing more and is heard of no more, also if it could not open after
	// all: its name is free when this returns, so what is kept on a disk is of one replica at a time. nil = nothing to do.
	Parted func(*Cache)
}

// Cache is a replica of one cache. Safe for concurrent use.
type Cache struct {
	engine  *Engine
	name    string
	loads   bool
	ttl     int64 // L, milliseconds
	store   *store.Store[Blob]
	clock   crdt.Clock
	life    atomic.Pointer[life]
	out     outbox
	active  answers      // leaf lock
	bidding atomic.Int32 // bids that wait: one look for the records that concern none
	journal func(by *crdt.Seen, total uint64, m *wire.Records)
	parted  func(*Cache)

	peerHits, refused, dropped, mismatches atomic.Uint64

	// Guarded by engine.mu.
	opened    int64 // Unix nanoseconds
	closed    bool
	whole     bool    // one whole sync is done
	warm      bool    // it began with what an earlier life left
	share     float64 // of the first one, what is here: 0 to 1
	seen      crdt.Seen
	ripening  ripeness
	looks     map[geo.ID]*crdt.Seen // what peers had seen at whom a look back is scheduled
	marked    uint64                // the own numbers up to this one are in seen, or were
	authors   map[crdt.Origin]geo.ID
	pulls     map[uint64]*pull
	turns     turns
	acks      ackState
	claims    claims
	coming    map[string]*transfer
	nextNear  int64 // when the next round is due, Unix nanoseconds
	nextFar   int64
	audit     *audit   // under way; nil = none
	sketches  []geo.ID // for whom one is made
	nextAudit int64
	changed   int64 // when a dot was last marked or given, Unix nanoseconds
	rushed    int64 // when a full batch last was sent or came; 0 = never
	gapDue    bool  // a look at the gaps is scheduled
	gapTries  int   // looks since there was none
	detours   int   // lossy answers not taken since the last one that was
}

// Open makes a replica. A second one of the same name on one node is an error, until the first has parted.
func (e *Engine) Open(o Options) (*Cache, error) {
	if err := e.reserve(o.Name); err != nil {
		return nil, err
	}
	c := &Cache{engine: e, name: o.Name, loads: o.Loads, ttl: o.TTL.Milliseconds(), journal: o.Journal, parted: o.Parted, authors: map[crdt.Origin]geo.ID{}, pulls: map[uint64]*pull{}, coming: map[string]*transfer{}, looks: map[geo.ID]*crdt.Seen{}}
	e.mu.Lock()
	c.opened = e.clock.Now()
	c.beginLife()
	e.mu.Unlock()
	cfg := store.Config[Blob]{
		Capacity: o.Capacity, TTL: c.ttl, Replicated: true, Ghosts: o.Ghosts, Tombstones: o.Tombstones,
		Hash: o.Hash, Now: e.millis, Stamp: c.stamp, Weigh: o.Weigh, Unweighed: o.Unweighed, Rank: rank,
		Evicted: c.buried(o.Evicted), Dirty: c.dirty, Forgot: c.active.forgot,
	}
	c.store = store.New(cfg)
	if o.Restore != nil {
		o.Restore(func(s *store.Snapshot) error { return c.fill(cfg, s) })
	}
	if o.Replay != nil {
		o.Replay(c.replay)
	}
	c.warm = c.store.Len() > 0
	err := e.register(c)
	if err == nil {
		err = e.net.Open(o.Name)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.greet()
	return c, nil
}

// rank is the hash that settles equal versions: the same on every node, so not a seeded one.
func rank(b Blob) uint64 {
	sum := sha256.Sum256(b.Bytes())
	return binary.BigEndian.Uint64(sum[:])
}

// stamp is a version above `above` and everything that this cache has stamped or seen.
func (c *Cache) stamp(above crdt.Time) crdt.Version {
	if plant.On(plant.WallClock) {
		return crdt.Version{Time: crdt.At(c.engine.millis()), Origin: c.origin()}
	}
	t := c.clock.Now(c.engine.millis())
	if t <= above {
		t = above.Next()
		c.clock.Raise(t)
	}
	return crdt.Version{Time: t, Origin: c.origin()}
}

// Store holds the records: reads and local writes go straight to it.
func (c *Cache) Store() *store.Store[Blob] { return c.store }

// Writer is the node that an origin belongs to; empty if it is not known.
func (c *Cache) Writer(o crdt.Origin) geo.ID {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return c.authors[o]
}

// CacheCounts is what a replica has done since it was opened.
type CacheCounts struct {
	PeerHits        uint64  // values that peers lent
	Refused         uint64  // records and answers from the future
	Dropped         uint64  // records of bad shape, or that live longer than the TTL
	AuditMismatches uint64  // versions held although a higher one was seen: a bug
	Bootstrap       float64 // 0 to 1
	Claims          int     // loads of peers that this node knows to be under way
}

// Counts reads the counters.
func (c *Cache) Counts() CacheCounts {
	n := CacheCounts{PeerHits: c.peerHits.Load(), Refused: c.refused.Load(), Dropped: c.dropped.Load(), AuditMismatches: c.mismatches.Load()}
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	n.Claims = c.claims.count
	if n.Bootstrap = c.share; c.whole {
		n.Bootstrap = 1
	}
	return n
}

// expire lets go of what is due, in steps.
func (c *Cache) expire() {
	for !c.store.Expire(c.engine.millis()) {
	}
}

// prune forgets origins of which nothing can be alive. engine.mu is held.
func (c *Cache) prune(now int64) {
	c.seen.Prune(c.eldest(now - pruning.Milliseconds()))
	for o := range c.authors {
		if o != c.origin() && c.seen.Of(o) == nil && !c.engine.lives(c.name, o) {
			delete(c.authors, o)
		}
	}
}

// disown forgets who is behind an origin that has ended and of which nothing is known. engine.mu is held.
func (c *Cache) disown(o crdt.Origin) {
	if c.seen.Of(o) == nil {
		delete(c.authors, o)
	}
}

// eldest is the time before which nothing can be alive at now.
func (c *Cache) eldest(now int64) crdt.Time {
	return crdt.At(max(now-crdt.Retention(time.Duration(c.ttl)*time.Millisecond), 0))
}

// digest is what this replica has seen, all its own records included, less what nothing can be alive of. The caller must
// have given the records that are to be covered their dots. Taken before a record is read it vouches for that record.
// engine.mu is held.
func (c *Cache) digest() *crdt.Seen {
	s := c.claim()
	s.Prune(c.dead())
	return s
}

// digestHash is digest().Hash(), which costs nothing most of the time. engine.mu is held.
func (c *Cache) digestHash() uint64 {
	c.markOwn()
	return c.seen.HashFrom(c.dead())
}

// dead is the time before which nothing is told of any more what was seen, to the minute: peers draw the line at one
// place then, and it does not move at each look.
func (c *Cache) dead() crdt.Time {
	now := c.engine.millis()
	return c.eldest(now - now%pruning.Milliseconds())
}

// claim is digest with all that is remembered: what a pull says it need not be sent. A peer whose clock is slower does
// not take for dead yet what is dead here, and would send it in every round. engine.mu is held.
func (c *Cache) claim() *crdt.Seen {
	c.markOwn()
	return c.seen.Clone()
}

// markOwn marks what was written here since it was last called; what is forgotten since, for nothing of it can be alive,
// it leaves so. engine.mu is held.
func (c *Cache) markOwn() {
	n := c.store.Seq()
	if n == c.marked {
		return
	}
	c.marked = n
	if err := c.seen.UnionKnown([]crdt.Known{{Origin: c.origin(), Head: n, Last: c.clock.Last()}}); err != nil {
		c.engine.log.Error("own dots not marked", "cache", c.name, "err", err)
	}
}

// state is what a probe tells of this cache. engine.mu is held.
func (c *Cache) state() wire.CacheState {
	return wire.CacheState{Name: c.name, TTL: c.ttl, Hash: c.digestHash(), Nonce: c.life.Load().nonce}
}

// Close leaves the cache. What waits in its outbox is not sent any more.
func (c *Cache) Close() {
	e := c.engine
	e.mu.Lock()
	if c.closed {
		e.mu.Unlock()
		return
	}
	c.closed = true
	if i, ok := e.find(c.name); ok && e.caches[i] == c {
		e.caches = slices.Delete(e.caches, i, i+1)
	}
	e.mu.Unlock()
	e.net.Shut(c.name)
	c.active.drop("")
	e.abandon(c)
	e.checkReady()
	if c.parted != nil {
		c.parted(c)
	}
	e.release(c.name)
}

func compare(a, b string) int { return strings.Compare(a, b) }
