package replica

import (
	"time"

	"github.com/geolru/geolru/geo"
)

// A cache pulls from one peer at a time: two that are asked at once send the same records twice. Who wants to be pulled
// from meanwhile waits for its turn, the nearest first, and is compared with then: mostly there is nothing left to ask it
// for. One that is silent does not hold the others up.

const (
	stalled  = 2 * time.Second // without a frame, and others are asked as well
	maxPulls = 4               // at once then

	// trickle is the bytes a second of records and keys that a pull must bring after a while, or others are asked as well:
	// frames alone are no progress.
	trickle = 16 << 10
	aWhile  = 10 * time.Second

	leastHold = time.Second // after a pull in vain, and twice as long after each other
	mostHold  = time.Minute
	busyHold  = 8 * time.Second // the most after a pull that the answerer could not make whole: it will soon
)

// turns is who is pulled from when. Guarded by engine.mu.
type turns struct {
	waiting map[geo.ID]bool // true: what is settled is enough
	holds   map[geo.ID]*hold
}

// hold is a peer that is left alone for a while.
type hold struct {
	until int64         // Unix nanoseconds
	wait  time.Duration // the last one
}

// held tells whether a peer is to be left alone now.
func (t *turns) held(id geo.ID, now int64) bool {
	h := t.holds[id]
	return h != nil && now < h.until
}

// vain notes a pull that did not end whole; what is asked again is refused again, or goes again.
func (t *turns) vain(id geo.ID, now int64, most time.Duration) {
	wait := leastHold
	if h := t.holds[id]; h != nil {
		wait = min(max(2*h.wait, leastHold), most)
	}
	t.hold(id, now, wait, wait)
}

// busy notes that a peer wants to be asked later.
func (t *turns) busy(id geo.ID, now int64, after time.Duration) {
	t.hold(id, now, after, 0)
}

func (t *turns) hold(id geo.ID, now int64, d, wait time.Duration) {
	if t.holds == nil {
		t.holds = map[geo.ID]*hold{}
	}
	t.holds[id] = &hold{until: now + int64(d), wait: wait}
}

// release forgets why a peer was left alone: a pull from it was whole, or its connection is another one.
func (t *turns) release(id geo.ID) { delete(t.holds, id) }

// await puts a peer into the queue; who is to be asked for everything once stays so.
func (t *turns) await(id geo.ID, settled bool) {
	if t.waiting == nil {
		t.waiting = map[geo.ID]bool{}
	}
	before, waits := t.waiting[id]
	t.waiting[id] = settled && (before || !waits)
}

// occupied tells whether others must wait for the pulls under way. engine.mu is held.
func (c *Cache) occupied(now int64) bool {
	if len(c.pulls) >= maxPulls {
		return true
	}
	for _, s := range c.pulls {
		if now-s.active < int64(stalled) && !s.trickles(now) {
			return true
		}
	}
	return false
}

// trickles tells whether a pull brings so little that others need not wait for its end.
func (s *pull) trickles(now int64) bool {
	took := nanos(now - s.asked)
	return took > aWhile && time.Duration((s.size+s.listed)/trickle)*time.Second < took-aWhile
}

// pull begins a sync with a peer, or has it wait for its turn. The first one of a cache, which brings all that there is,
// goes to the nearest peer instead. engine.mu is held.
func (c *Cache) pull(p *peer, settled bool) {
	e := c.engine
	now := e.clock.Now()
	if p == nil || c.closed || !c.syncs(p) || c.pulling(p.ID) {
		return
	}
	if c.occupied(now) {
		c.turns.await(p.ID, settled)
		return
	}
	if !c.whole {
		p = c.source(now)
	}
	if p != nil && !c.turns.held(p.ID, now) {
		c.begin(p, settled)
	}
}

// source is the nearest peer that may be asked now; nil if there is none. engine.mu is held.
func (c *Cache) source(now int64) *peer {
	for _, id := range c.engine.rank.All() {
		if p := c.engine.member(id); p != nil && c.syncs(p) && !c.turns.held(id, now) && !c.pulling(id) {
			return p
		}
	}
	return nil
}

// nextTurn gives the nearest that waits and has something its turn. engine.mu is held.
func (c *Cache) nextTurn() {
	e := c.engine
	now := e.clock.Now()
	if c.closed || len(c.turns.waiting) == 0 || c.occupied(now) {
		return
	}
	waiting := c.turns.waiting
	c.turns.waiting = nil
	for _, id := range e.rank.All() {
		if settled, waits := waiting[id]; waits {
			c.compare(e.member(id), settled) // waits again once one of those before it is pulled from
		}
	}
}

// over ends a pull. engine.mu is held.
func (c *Cache) over(s *pull) {
	delete(c.pulls, s.id)
	c.nextTurn()
}

// busy takes in that a peer has no time now: another may have.
func (c *Cache) busy(s *pull, after time.Duration) {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.clock.Now()
	c.turns.busy(s.peer, now, after)
	c.over(s)
	if !c.whole {
		c.pull(c.source(now), false)
	}
	e.clock.After(after, func() { c.again(s.peer, s.settled) })
}

// again asks a peer that had no time.
func (c *Cache) again(id geo.ID, settled bool) {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	c.compare(e.member(id), settled)
}
