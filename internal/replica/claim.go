package replica

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// One load per key. Nodes that miss a key together should not all load it. Whoever loads tells its near peers (claim),
// and whoever misses meanwhile waits for what comes of it. No load waits for an answer: a node that hears no claim loads
// without having sent anything, and claims as it does.
//
// So that of several that miss at one moment only one loads, they do it in an order that each of them can tell for itself,
// by a hash of key and node: the first at once, the others not before a claim of those ahead of them has had the time to
// arrive, one way and its jitter (as IP multicast keeps receivers from all asking for one lost packet: Floyd and others,
// A Reliable Multicast Framework, 1997). To ask for leave instead would cost every load a round trip.
//
// A miss that asks peers before it loads claims with its request: the answers take each node its own time, and with three
// regions at 10, 40 and 45 ms 100 keys that had expired everywhere were loaded 148 times when it did not, 100 times now.
//
// It is no lock. A claim is believed for Mesh.Timeout, until its node is gone, or until it says that nothing came of it;
// two nodes that cannot hear each other both load, and both values are writes like any other.

const (
	// claimSlack is what "at one moment" may mean, beyond the time that a claim takes.
	claimSlack = 5 * time.Millisecond

	maxTold  = 8    // near peers that a claim goes to: in a mesh of up to nine nodes everybody
	maxHeard = 4096 // claims of others that a cache remembers; of more they are not believed, and a key is loaded twice
)

// bid is a load of this node that waits for its turn, or runs. Guarded by engine.mu.
type bid struct {
	id      uint64
	key     string
	done    func(load bool)
	state   bidState
	end     int64           // when it loads whatever it hears, Unix nanoseconds
	due     int64           // when it loads if it hears nothing; 0 = not reckoned yet
	told    []geo.ID        // whom it has told that it loads
	since   int64           // when it told them before its turn; 0 = it did not
	failed  map[geo.ID]bool // whose claim came to nothing
	stop    func() bool     // of the timer; nil = none
	lending bool            // a peer that loaded it is asked for it
}

type bidState uint8

const (
	bidWaits bidState = iota
	bidLoads
	bidOver
)

// Bid calls done once, on any goroutine and perhaps before it returns: with true when it is this node's turn to load a
// key, with false if a value has come meanwhile. The wait is at most twice the engine's timeout. over must be called in
// the end, with whether the load brought a value; before done it gives the bid up, and done is not called any more.
func (c *Cache) Bid(key string, done func(load bool)) (over func(loaded bool)) {
	e := c.engine
	e.mu.Lock()
	b := c.claims.early[key]
	if delete(c.claims.early, key); b == nil {
		b = &bid{id: e.newID(), key: key}
	}
	b.done, b.end = done, e.clock.Now()+2*int64(e.timeout)
	if c.claims.bids == nil {
		c.claims.bids = map[string][]*bid{}
	}
	c.claims.bids[key] = append(c.claims.bids[key], b)
	c.bidding.Add(1)
	finish := c.decide(b)
	e.mu.Unlock()
	finish()
	return func(loaded bool) { c.outcome(b, loaded) }
}

// decide lets a bid go on, if it may. The caller runs the continuation without the lock. engine.mu is held.
func (c *Cache) decide(b *bid) (finish func()) {
	if b.state != bidWaits || b.lending {
		return nothing
	}
	now := c.engine.clock.Now()
	if _, _, ok := c.store.Peek(b.key, c.engine.millis()); ok {
		c.claims.remove(b)
		c.resolve(b, bidOver)
		c.tell(b, true)
		return func() { b.done(false) }
	}
	claimed := c.claims.until(b, c.engine.self, now)
	switch {
	case now >= b.end || c.closed:
	case claimed > 0:
		b.due = 0
		c.wake(b, min(claimed, b.end))
		return nothing
	case b.due == 0:
		since := now
		if b.since > 0 {
			since = b.since
		}
		b.due = since + int64(min(c.patience(b, now), c.engine.timeout))
		fallthrough
	default:
		if now < b.due {
			c.wake(b, b.due)
			return nothing
		}
	}
	c.resolve(b, bidLoads)
	return func() {
		b.done(true)
		c.announceBid(b)
	}
}

// resolve ends the wait of a bid. engine.mu is held.
func (c *Cache) resolve(b *bid, s bidState) {
	c.bidding.Add(-1)
	b.state = s
	if b.stop != nil {
		b.stop()
	}
}

// wake has a bid looked at again at a time, and no more at the one before. engine.mu is held.
func (c *Cache) wake(b *bid, at int64) {
	if b.stop != nil {
		b.stop()
	}
	e := c.engine
	b.stop = e.clock.After(nanos(at-e.clock.Now()), func() {
		e.mu.Lock()
		finish := c.decide(b)
		e.mu.Unlock()
		finish()
	})
}

// patience is how long a claim of those ahead may take to arrive. engine.mu is held.
func (c *Cache) patience(b *bid, now int64) (wait time.Duration) {
	e := c.engine
	own := precedence(b.key, e.self)
	for _, id := range c.near(now) {
		if !b.failed[id] && precedence(b.key, id) > own {
			wait = max(wait, e.rank.Hedge(id, 0)/2+claimSlack)
		}
	}
	return wait
}

// precedence is the place of a node in the order in which a key is loaded: the highest first. It is the same on every node.
func precedence(key string, id geo.ID) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return mix(h.Sum64() ^ mixString(string(id)))
}

func mixString(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return mix(h.Sum64())
}

// near is the peers that are told of a load. engine.mu is held.
func (c *Cache) near(now int64) (ids []geo.ID) {
	e := c.engine
	for _, id := range e.rank.Nearest(-1, now) {
		if p := e.member(id); p != nil && c.syncs(p) && len(ids) < maxTold {
			ids = append(ids, id)
		}
	}
	return ids
}

// announceBid tells that a load has begun.
func (c *Cache) announceBid(b *bid) {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if b.state == bidLoads && b.since == 0 { // else it was short, or they know
		c.sendClaim(b)
	}
}

// sendClaim sends the claim of a bid. engine.mu is held.
func (c *Cache) sendClaim(b *bid) {
	e := c.engine
	for _, id := range c.near(e.clock.Now()) {
		if e.send(id, geo.LaneFetch, &wire.Claim{Cache: c.name, ID: b.id, Key: b.key}) {
			b.told = append(b.told, id)
		}
	}
}

// outcome ends a bid, and tells those who wait for its load what came of it: a little later than the value itself leaves,
// for whoever has that need not ask for it.
func (c *Cache) outcome(b *bid, loaded bool) {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if b.state == bidOver {
		return
	}
	if b.state == bidWaits {
		c.resolve(b, bidOver)
	}
	b.state = bidOver
	c.claims.remove(b)
	c.tell(b, loaded)
}

// tell ends the claim of a bid. engine.mu is held.
func (c *Cache) tell(b *bid, loaded bool) {
	told, wait := b.told, time.Duration(0)
	if b.told = nil; len(told) == 0 {
		return
	}
	if loaded {
		wait = window
	}
	e := c.engine
	e.clock.After(wait, func() {
		for _, id := range told {
			e.send(id, geo.LaneFetch, &wire.Claimed{Cache: c.name, ID: b.id, Key: b.key, Loaded: loaded})
		}
	})
}

// claimEarly claims a key that peers are asked for before it is loaded: the answers take each node its own time, and
// whoever has them first would begin before the others. Messages are sent anyhow. Not if somebody else has claimed it, nor
// for a lot of keys. engine.mu is held.
func (c *Cache) claimEarly(a *ask, now int64) {
	if !c.loads || len(a.missing) != 1 {
		return
	}
	for key := range a.missing {
		b := &bid{id: c.engine.newID(), key: key, since: now}
		if c.claims.early[key] != nil || len(c.claims.bids[key]) > 0 || c.claims.until(b, c.engine.self, now+1) > 0 {
			return
		}
		if c.claims.early == nil {
			c.claims.early = map[string]*bid{}
		}
		c.claims.early[key], a.early = b, b
		c.sendClaim(b)
	}
}

// unclaim ends the early claim of an ask whose caller has given up. A Bid may have taken it over.
func (c *Cache) unclaim(a *ask) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	if b := a.early; b != nil && c.claims.early[b.key] == b {
		delete(c.claims.early, b.key)
		c.tell(b, false)
	}
}

// dropEarly ends the early claims that no Bid has taken over. engine.mu is held.
func (c *Cache) dropEarly(now int64) {
	for _, key := range slices.Sorted(keys(c.claims.early)) {
		if b := c.claims.early[key]; now-b.since > 2*int64(c.engine.timeout) {
			delete(c.claims.early, key)
			c.tell(b, false)
		}
	}
}

// heardClaim takes in that a peer loads a key.
func (c *Cache) heardClaim(from geo.ID, m *wire.Claim) {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.member(from); p != nil && p.Connected {
		now := e.clock.Now()
		until := now + int64(e.timeout)
		c.claims.add(m.Key, from, claim{id: m.ID, heard: now, until: until, lapse: until + int64(e.timeout)}) // who waits finds it when he wakes
	}
}

// heardClaimed takes in what came of a load. If there is a value and it is not here, its loader is asked for it.
func (c *Cache) heardClaimed(from geo.ID, m *wire.Claimed) {
	e := c.engine
	e.mu.Lock()
	if h, ok := c.claims.heard[m.Key][from]; !ok || h.id != m.ID {
		e.mu.Unlock()
		return
	}
	var due []func()
	for _, b := range c.claims.bids[m.Key] {
		if m.Loaded && b.state == bidWaits {
			due = append(due, func() { c.collectFrom(b, from) })
		} else {
			due = append(due, c.without(b, from))
		}
	}
	if !m.Loaded || len(due) == 0 {
		c.claims.take(m.Key, from)
	} else {
		c.claims.ends(m.Key, from)
	}
	e.mu.Unlock()
	runAll(due)
}

// collectFrom asks a peer for what it has loaded, unless it is here.
func (c *Cache) collectFrom(b *bid, from geo.ID) {
	e := c.engine
	e.mu.Lock()
	finish := c.decide(b)
	ask := b.state == bidWaits && !b.lending
	b.lending = b.lending || ask
	e.mu.Unlock()
	finish()
	if !ask {
		return
	}
	c.ask([]string{b.key}, true, from, func(map[string]Blob) {
		e.mu.Lock()
		b.lending = false
		c.claims.take(b.key, from)
		finish := c.without(b, from)
		e.mu.Unlock()
		finish()
	})
}

// without lets a bid go on without a peer whose load came to nothing, or of which nothing more is to be expected.
// engine.mu is held.
func (c *Cache) without(b *bid, from geo.ID) func() {
	if b.failed == nil {
		b.failed = map[geo.ID]bool{}
	}
	b.failed[from] = true
	c.claims.take(b.key, from)
	return c.decide(b)
}

// claimantGone forgets what a peer claimed that is gone. engine.mu is held.
func (c *Cache) claimantGone(id geo.ID) (due []func()) {
	for _, key := range slices.Sorted(keys(c.claims.heard)) {
		c.claims.take(key, id)
	}
	for _, key := range slices.Sorted(keys(c.claims.bids)) {
		for _, b := range c.claims.bids[key] {
			due = append(due, c.decide(b))
		}
	}
	return due
}

// arrived has those looked at who wait for a key of which a record has come.
func (c *Cache) arrived(key string) {
	if c.bidding.Load() == 0 {
		return
	}
	e := c.engine
	e.mu.Lock()
	var due []func()
	for _, b := range slices.Clone(c.claims.bids[key]) {
		due = append(due, c.decide(b))
	}
	e.mu.Unlock()
	runAll(due)
}
