package replica

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/wire"
)

// renewEvery bounds how often a replica takes a new origin: each one is remembered everywhere for a lifetime, and a
// member that lies could have it take one after the other.
const renewEvery = 10 * time.Minute

// life is what a replica writes under. Immutable. No two lives of any replicas share an origin.
type life struct {
	nonce  [8]byte
	origin crdt.Origin
	before *life // of the same replica, what may still wait in the outbox was written under it; nil = it is the first
	since  int64 // Unix nanoseconds
}

// originOf names one life of one replica: no two lives share an author and a nonce.
func originOf(author geo.ID, nonce [8]byte) crdt.Origin {
	h := sha256.New()
	h.Write(nonce[:])
	h.Write([]byte(author))
	return crdt.Origin(max(binary.BigEndian.Uint64(h.Sum(nil)), 1))
}

// beginLife begins a life. engine.mu is held.
func (c *Cache) beginLife() {
	e := c.engine
	l := &life{before: c.life.Load(), since: e.clock.Now()}
	if l.before != nil {
		l.before = &life{nonce: l.before.nonce, origin: l.before.origin} // the one before that has left the outbox
	}
	binary.LittleEndian.PutUint64(l.nonce[:], e.rnd.Uint64())
	if plant.On(plant.SameOrigin) {
		clear(l.nonce[:])
	}
	l.origin = originOf(e.self, l.nonce)
	c.life.Store(l)
	c.authors[l.origin] = e.self
}

// origin is what is written under now.
func (c *Cache) origin() crdt.Origin { return c.life.Load().origin }

// under is the life in which a record of this replica was written.
func (c *Cache) under(o crdt.Origin) *life {
	l := c.life.Load()
	if b := l.before; b != nil && b.origin == o {
		return b
	}
	return l
}

// renew takes a new origin: somebody writes, or claims to, under the one there was. Numbers go on from where they are,
// so the first sync closes the gap below them; what was written under the old one keeps its dots.
func (c *Cache) renew() {
	c.store.DotAll()
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	e.quiet.Error("clone "+c.name, "a peer has seen records of this node's origin that it never wrote: is it a copy of this process?", "cache", c.name)
	if c.closed || e.clock.Now()-c.life.Load().since < int64(renewEvery) && c.life.Load().before != nil {
		return
	}
	c.markOwn()
	c.beginLife()
	c.marked = 0
	for _, p := range e.peers { // they hear of it at once, and fetch what they lack
		if p.Connected {
			e.probeOne(p, e.clock.Now())
		}
	}
}

// markOld marks what was written under an earlier life and got its number after it ended: markOwn sees to the current one
// alone.
func (c *Cache) markOld(l *life, records []wire.Record) {
	if l.origin == c.origin() {
		return
	}
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	for _, r := range records {
		c.seen.Add(r.Dot(), r.Version.Time)
	}
}
