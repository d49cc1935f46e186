package replica

import (
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// A miss asks nobody when this node's knowledge is whole: then a key of which it knows nothing was never written, or is
// dead everywhere. Whole means that bootstrap is done, nothing was forgotten that may be alive, no number is missing
// below one that was seen, and every peer that could be asked has been found even: nothing is missing here that it has.
//
// What is published last before a silence, and lost, leaves no hole in the numbers. It is not known of until the next
// probe of a peer that has it (1 s for the nearest three, 5 s for others) or, while other writes come in all the time,
// until the first round 2 to 4 s later, so a miss may overlook it for as long. The price is a load, or a miss without a loader.

const (
	// unrest is how long after the last record digests may differ because of what is under way.
	unrest = time.Second
	// evenFor is how long that excuses a difference, in a mesh that is never at rest.
	evenFor = time.Minute
)

// even is when a peer was last found even, and under which Clear: a Clear takes the ghosts away that told of evictions.
type even struct {
	since int64 // Unix nanoseconds
	clear crdt.Version
}

// level notes that nothing is missing here that a peer has. engine.mu is held.
func (c *Cache) level(id geo.ID) {
	if p := c.engine.member(id); p != nil && p.Connected {
		p.even[c.name] = even{c.engine.clock.Now(), c.store.ClearedTo()}
	}
}

// odd is the end of it. engine.mu is held.
func (c *Cache) odd(id geo.ID) {
	if p := c.engine.member(id); p != nil {
		delete(p.even, c.name)
	}
}

// match draws from what a peer tells of its replica whether it is even. engine.mu is held.
func (c *Cache) match(p *peer, before, now wire.CacheState) {
	at, t := p.even[c.name], c.engine.clock.Now()
	switch {
	case now.Hash == c.digestHash():
		c.level(p.ID)
	case before.Nonce != now.Nonce, t-c.changed > int64(unrest), t-at.since > int64(evenFor):
		c.odd(p.ID)
	}
}

// sure tells whether this node's knowledge is whole. engine.mu is held.
func (c *Cache) sure() bool {
	e := c.engine
	if !c.whole || c.seen.Holes() || c.store.Forgetful(e.millis()) {
		return false
	}
	clear := c.store.ClearedTo()
	for _, p := range e.peers {
		if p.Connected && !c.evenWith(p, clear) {
			return false
		}
	}
	return true
}

// evenWith tells whether a connected peer is even, or nobody to ask. engine.mu is held.
func (c *Cache) evenWith(p *peer, clear crdt.Version) bool {
	if p.states == nil {
		return false // it has not told yet what it has
	}
	m, ok := p.even[c.name]
	return ok && m.clear == clear || !c.syncs(p)
}
