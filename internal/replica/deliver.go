package replica

import (
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// gapAfter is how long a hole in an origin's numbers may stay open before it is asked for: longer than any reordering
// that gossip does by itself.
// A hole that stays is asked for again after twice the time, 64 s at the most.
const (
	gapAfter    = 2 * time.Second
	maxGapTries = 5
)

// gossip takes in a batch from its author.
func (e *Engine) gossip(author geo.ID, name string, frame []byte) bool {
	c := e.cache(name)
	if c == nil {
		return true
	}
	var origin crdt.Origin
	b, err := wire.DecodeBatch(frame, func(nonce [8]byte) crdt.Origin {
		origin = originOf(author, nonce)
		return origin
	})
	if err != nil {
		e.count(func(n *Counters) { n.Malformed++ })
		e.quiet.Warn("batch "+name, "malformed batch", "author", author, "cache", name, "err", err)
		return false
	}
	c.deliver(author, origin, b, len(frame))
	return true
}

// deliver merges a batch, then marks the dots of what was merged: never before.
func (c *Cache) deliver(author geo.ID, origin crdt.Origin, b *wire.Batch, size int) {
	now, count := c.engine.millis(), len(b.Records)+len(b.Touches)
	merged := b.Records[:0]
	for _, r := range b.Records {
		if c.admit(r, now, nil, store.ViaGossip) {
			merged = append(merged, r)
		}
	}
	for _, t := range b.Touches {
		c.admitTouch(t, now)
	}
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counters.Batches++
	e.counters.Records += uint64(len(merged))
	for _, r := range merged {
		c.seen.Add(r.Dot(), r.Version.Time)
	}
	if c.seen.Of(origin) != nil { // of others nothing is asked; an author can invent as many as it likes
		c.authors[origin] = author
	}
	c.changed = e.clock.Now()
	c.rushing(full(count, size), c.changed)
	c.acknowledge(origin)
	c.watchGaps(origin)
}

// admit passes a record from a peer through the clock check and the door. False: it was not merged, and its dot must
// not be marked.
func (c *Cache) admit(r wire.Record, now int64, by store.Heads, via store.Via) bool {
	if reason := c.unsound(r); reason != "" {
		c.dropped.Add(1)
		c.engine.log.Debug("record dropped", "cache", c.name, "reason", reason)
		return false
	}
	if err := c.clock.Observe(r.Version.Time, now); err != nil && !c.deceived(r.Version.Time) {
		c.refused.Add(1)
		c.engine.count(func(n *Counters) { n.Future++ })
		return false
	}
	c.door(fromWire(r), now, by, via)
	c.arrived(r.Key)
	return true
}

// unsound tells what is wrong with the shape of a record; empty if nothing. Nobody but this replica writes under its
// own origin: a number that it never gave is a forgery or a clone. A deadline long before the time is sound: a clock that
// was set back makes such, and dropped it would leave what it overwrote in its place, and be sent again in every round.
func (c *Cache) unsound(r wire.Record) string {
	if reason := wire.CheckRecord(&r, c.ttl); reason != wire.Sound && reason != wire.DeadlineBeforeTime {
		return string(reason)
	}
	if r.Version.Origin == c.origin() && r.Seq > c.store.Seq() {
		c.engine.quiet.Error("own "+c.name, "a record of this node's origin that it never wrote", "cache", c.name)
		return "own origin"
	}
	return ""
}

// admitTouch takes a later deadline, within its bound and not from the future.
func (c *Cache) admitTouch(t wire.Touch, now int64) {
	if wire.CheckTouch(&t, c.ttl) != wire.Sound {
		c.dropped.Add(1)
		return
	}
	if t.Version.Time.Future(now) {
		c.refused.Add(1)
		return
	}
	c.store.MergeTouch(t.Key, t.Version, t.Deadline, now)
}

// watchGaps has the holes in an origin's numbers looked at when they have had the time to close. mu is held.
func (c *Cache) watchGaps(o crdt.Origin) {
	if c.gapDue || len(c.seen.Gaps(o)) == 0 {
		return
	}
	c.gapDue = true
	c.engine.clock.After(gapAfter<<c.gapTries, c.mendGaps)
}

// mendGaps pulls from the author of a hole, or else from the nearest peer, and looks again later, at longer and longer
// intervals: a record that is refused, for it comes from the future, keeps its hole open.
func (c *Cache) mendGaps() {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	c.gapDue = false
	o, ok := c.gappy()
	if c.closed || !ok {
		c.gapTries = 0
		return
	}
	if p := e.member(c.authors[o]); p != nil && p.Connected {
		c.pull(p, true)
	} else if near := e.rank.Nearest(1, e.clock.Now()); len(near) > 0 {
		c.pull(e.member(near[0]), true)
	}
	c.gapTries = min(c.gapTries+1, maxGapTries)
	c.watchGaps(o)
}

// gappy is an origin in whose numbers there is a hole. mu is held.
func (c *Cache) gappy() (crdt.Origin, bool) {
	for _, k := range c.seen.Known() {
		if len(k.Ranges) > 0 {
			return k.Origin, true
		}
	}
	return 0, false
}
