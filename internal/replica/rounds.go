package replica

import (
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
)

// A round with a near peer every 5 s ± 20 % and with one of another region every 30 s bounds how long a loss at the end
// of a burst, which leaves no gap, goes unseen. One in four goes to anybody: nearness alone would let two groups of near
// peers drift apart.
const (
	nearEvery = 5 * time.Second
	farEvery  = 30 * time.Second
	nearest   = 3 // a near peer is one of so many
)

// round syncs with a peer when it is time. engine.mu is held.
func (c *Cache) round(now int64) {
	e := c.engine
	c.auditRound(now)
	if c.nextNear == 0 {
		c.nextNear, c.nextFar = now+e.jitter(nearEvery), now+e.jitter(farEvery)
		return
	}
	if now >= c.nextNear {
		c.nextNear = now + e.jitter(nearEvery)
		c.roundNear(now)
	}
	if now >= c.nextFar {
		c.nextFar = now + e.jitter(farEvery)
		c.roundFar(now)
	}
}

// jitter is d ± 20 %, in nanoseconds. mu is held.
func (e *Engine) jitter(d time.Duration) int64 {
	return int64(float64(d) * (0.8 + 0.4*e.rnd.Float64()))
}

func (c *Cache) roundNear(now int64) {
	e := c.engine
	ids := e.rank.Nearest(nearest, now)
	if e.rnd.IntN(4) == 0 {
		ids = e.rank.Nearest(-1, now)
	}
	if len(ids) > 0 {
		c.compare(e.member(ids[e.rnd.IntN(len(ids))]), true)
	}
}

func (c *Cache) roundFar(now int64) {
	e := c.engine
	ids := e.rank.Nearest(-1, now)
	far := ids[:0]
	for _, id := range ids {
		if e.rank.Region(id) != e.region {
			far = append(far, id)
		}
	}
	if len(far) > 0 {
		c.compare(e.member(far[e.rnd.IntN(len(far))]), true)
	}
}

// compare pulls from a peer unless its digest, as last told, is ours: what is settled alone, or everything. A replica that
// shows what it had in an earlier life asks all the same until it has had everything of somebody: the digest leaves out what the
// peer has written and not sent, and was told a moment ago. engine.mu is held.
func (c *Cache) compare(p *peer, settled bool) {
	if p == nil {
		return
	}
	if s, ok := p.states[c.name]; ok && (c.whole || !c.warm) && s.Hash == c.digestHash() && !plant.On(plant.ContentUnion) {
		c.complete()
		return
	}
	c.pull(p, settled)
}

// complete notes that nothing was missing at a peer. engine.mu is held.
func (c *Cache) complete() {
	if !c.whole {
		c.whole = true
		c.engine.clock.After(0, c.engine.checkReady)
	}
}

// syncs tells whether a peer holds this cache and may be synced with. engine.mu is held.
func (c *Cache) syncs(p *peer) bool {
	s, ok := p.states[c.name]
	return ok && p.Connected && s.TTL == c.ttl && (p.skew.Abs() <= crdt.MaxSkew || plant.On(plant.NoSkewCheck))
}
