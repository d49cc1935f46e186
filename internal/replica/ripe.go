package replica

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// While writes go on digests always differ, by what is in flight. A whole answer has to bring that too, for its end mark
// claims it (rule 7). So a round asks for what is settled alone: what its peer had seen so long ago that gossip has brought
// it or has lost it, and what is missing below a number that the asker has seen. What is younger is left out, and for that
// the answer has no end mark: only the dots of the records that came are marked, as if it had been cut.
//
// Of what is settled some may have no record any more: it was overwritten, or has been outlived. Without an end mark it would be
// missing for ever. So then the answer goes on with all that the asker lacks, and ends like any other.

// ripeness is what a replica had seen a while ago. Guarded by engine.mu; what it points to does not change.
type ripeness struct {
	then  *crdt.Seen // for gapAfter at least, and less than twice that and a tick; nil = nothing
	next  *crdt.Seen // becomes then
	since int64      // when next was taken, Unix nanoseconds
}

// ripen lets what was seen grow older. engine.mu is held.
func (c *Cache) ripen(now int64) {
	s := &c.ripening
	if d := now - s.since; d >= 0 && d < int64(gapAfter) {
		return
	}
	s.then, s.since = s.next, now
	if c.markOwn(); s.next == nil || s.next.Hash() != c.seen.Hash() {
		s.next = c.seen.Clone()
	}
}

// ripe is what of all that was seen here should have come to somebody by now.
func (c *Cache) ripe(seen, theirs *crdt.Seen) *crdt.Seen {
	ripe := seen.UpTo(theirs)
	c.engine.mu.Lock()
	then := c.ripening.then
	c.engine.mu.Unlock()
	if then != nil {
		ripe.Union(then)
		ripe.Prune(c.dead())
	}
	return ripe
}

// fits tells whether an answer that sends what is settled first is at dots that are, or are not.
func (a *answer) fits(settled bool) bool { return settled != a.rest }

// skips tells of which dots an answer sends no record; nil if of none.
func (a *answer) skips() func(crdt.Dot) bool {
	has := hasSeen(a.lacks)
	if has == nil || a.ripe == nil {
		return has
	}
	settled := hasSeen(a.ripe)
	return func(d crdt.Dot) bool { return has(d) || !a.fits(settled(d)) }
}

// goesOn has an answer bring the rest, if something that is settled had no record.
func (c *Cache) goesOn(a *answer) bool {
	if a.ripe == nil || a.rest {
		return false
	}
	sent := a.sent
	if r := c.store.Cleared(); r.Kind == crdt.Clear && !a.lacks.Has(r.Dot()) && a.ripe.Has(r.Dot()) {
		sent++ // it comes with the end
	}
	a.rest, a.walked = sent < a.owed, sent >= a.owed
	return a.rest
}

// sendNothing answers one who lacks nothing but what may be in flight, without a look at the store.
func (c *Cache) sendNothing(a *answer) {
	c.active.end(a)
	if c.engine.send(a.peer, geo.LaneSync, &wire.Answer{Cache: c.name, Session: a.session, Last: true}) {
		c.engine.send(a.peer, geo.LaneSync, &wire.End{Cache: c.name, Session: a.session, Time: c.engine.millis(), Settled: true})
	}
}

// pullBack asks the asker for what it has seen and this replica has not; one who asks for what is settled, once that has had
// the time to come.
func (c *Cache) pullBack(a *answer, ours *crdt.Seen) {
	e := c.engine
	switch {
	case !ours.Lacks(a.lacks):
	case a.settled:
		c.lookLater(a)
	default:
		e.mu.Lock()
		defer e.mu.Unlock()
		c.pull(e.member(a.peer), false)
	}
}

// lookLater has lookBack look at what the peer told last: one look at a time, or who asks again and again would have each of
// its digests kept.
func (c *Cache) lookLater(a *answer) {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	_, waits := c.looks[a.peer]
	if c.looks[a.peer] = a.lacks; !waits {
		e.clock.After(gapAfter, func() { c.lookBack(a.peer) })
	}
}

// lookBack asks a peer for what it has told that it has seen, if it has not come meanwhile.
func (c *Cache) lookBack(id geo.ID) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	theirs := c.looks[id]
	delete(c.looks, id)
	if !c.closed && c.seen.Lacks(theirs) {
		c.pull(c.engine.member(id), true)
	}
}
