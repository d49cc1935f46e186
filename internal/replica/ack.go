package replica

import (
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// ackEvery bounds how often a receiver tells an origin how far it has come.
const ackEvery = 100 * time.Millisecond

// ackState is what of a cache must be acknowledged, and who waits to be. Guarded by engine.mu.
type ackState struct {
	due     map[crdt.Origin]struct{}
	armed   bool
	last    int64 // when acknowledgements were last sent, Unix nanoseconds
	awaited []*await
}

// progress is how far a peer has come with what was written here. Guarded by engine.mu.
type progress struct {
	head  uint64
	since int64 // when it began to lack something, Unix nanoseconds; 0 = it lacks nothing
}

func (p *progress) lag(now int64) time.Duration {
	if p.since == 0 {
		return 0
	}
	return nanos(now - p.since)
}

func nanos(n int64) time.Duration { return time.Duration(n) }

// acknowledge has an origin told how far its records have come: at once if it was quiet, else with the next lot.
// engine.mu is held.
func (c *Cache) acknowledge(o crdt.Origin) {
	if o == c.origin() {
		return
	}
	if c.acks.due == nil {
		c.acks.due = map[crdt.Origin]struct{}{}
	}
	c.acks.due[o] = struct{}{}
	if c.acks.armed {
		return
	}
	c.acks.armed = true
	wait := max(c.acks.last+int64(ackEvery)-c.engine.clock.Now(), 0)
	c.engine.clock.After(nanos(wait), c.sendAcks)
}

func (c *Cache) sendAcks() {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	c.acks.armed, c.acks.last = false, e.clock.Now()
	for _, o := range slices.Sorted(keys(c.acks.due)) {
		head := c.seen.Head(o)
		if p := e.member(c.authors[o]); p != nil && p.Connected && head > 0 {
			e.send(p.ID, geo.LaneAck, &wire.Ack{Cache: c.name, Heads: []wire.Head{{Origin: o, N: head}}})
		}
	}
	clear(c.acks.due)
}

// progress is how far a peer has come with this cache. engine.mu is held.
func (c *Cache) progress(p *peer) *progress {
	g := p.acks[c.name]
	if g == nil {
		g = &progress{}
		p.acks[c.name] = g
	}
	return g
}

// reckon draws from what a peer tells of its replica how far it has come: it knows nothing of what an earlier life of it
// acknowledged, and if it has seen what this replica has seen, it has all that was written here. engine.mu is held.
func (c *Cache) reckon(p *peer, before, now wire.CacheState) {
	if before.Nonce != now.Nonce {
		delete(p.acks, c.name)
	}
	own := c.store.Seq() // before the digest is taken, which may cover more
	if now.TTL == c.ttl && now.Hash == c.digestHash() {
		c.advance(c.progress(p), own)
	}
}

// behind notes that something was sent that not everybody has yet. What is not numbered is lacked by nobody, for nobody could
// say that he has it: a touch. Neither is what has been acknowledged already.
func (c *Cache) behind() {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	c.changed = e.clock.Now()
	c.rushing(c.out.full, c.changed)
	for _, p := range e.peers {
		if _, holds := p.states[c.name]; holds && p.Connected {
			if g := c.progress(p); g.since == 0 && g.head < c.store.Seq() {
				g.since = e.clock.Now()
			}
		}
	}
}

// acked takes in how far a peer has come.
func (c *Cache) acked(from geo.ID, m *wire.Ack) {
	e := c.engine
	e.mu.Lock()
	p := e.member(from)
	if p == nil || !p.Connected {
		e.mu.Unlock()
		return
	}
	for _, h := range m.Heads {
		if h.Origin == c.origin() {
			c.advance(c.progress(p), h.N)
		}
	}
	due := c.met()
	e.mu.Unlock()
	runAll(due)
}

// advance notes a head. engine.mu is held.
func (c *Cache) advance(g *progress, n uint64) {
	own := c.store.Seq()
	if n <= g.head || n > own {
		return
	}
	g.head, g.since = n, 0
	if n < own {
		g.since = c.engine.clock.Now()
	}
}

// await is somebody who waits for n peers to have come to a number, or for as many as there can be.
type await struct {
	n     int
	fewer bool // n is the most: who does not hold the cache is not waited for
	seq   uint64
	done  func(have int)
}

// Await calls done once n other nodes have all that was written here before the call, perhaps before it returns.
// cancel gives up and tells how many have it now.
func (c *Cache) Await(n int, done func(have int)) (cancel func() int) {
	return c.await(&await{n: n, done: done})
}

// Settle is Await for one other node, if any that is connected holds the cache; else it waits for none.
func (c *Cache) Settle(done func(have int)) (cancel func() int) {
	return c.await(&await{n: 1, fewer: true, done: done})
}

func (c *Cache) await(w *await) (cancel func() int) {
	c.store.DotAll()
	w.seq = c.store.Seq()
	e := c.engine
	e.mu.Lock()
	c.acks.awaited = append(c.acks.awaited, w)
	due := c.met()
	e.mu.Unlock()
	runAll(due)
	return func() int {
		e.mu.Lock()
		defer e.mu.Unlock()
		c.acks.awaited = slices.DeleteFunc(c.acks.awaited, func(o *await) bool { return o == w })
		return c.have(w.seq)
	}
}

// met takes out those who wait no longer; the caller runs the continuations without the lock. engine.mu is held.
func (c *Cache) met() (due []func()) {
	c.acks.awaited = slices.DeleteFunc(c.acks.awaited, func(w *await) bool {
		have := c.have(w.seq)
		if have < w.n && !(w.fewer && c.possible() <= have && c.knowsAll(c.engine.clock.Now())) {
			return false
		}
		due = append(due, func() { w.done(have) })
		return true
	})
	return due
}

// have is how many connected peers have all up to a number. engine.mu is held.
func (c *Cache) have(seq uint64) (n int) {
	for _, p := range c.engine.peers {
		if _, holds := p.states[c.name]; p.Connected && holds && c.progress(p).head >= seq {
			n++
		}
	}
	return n
}
