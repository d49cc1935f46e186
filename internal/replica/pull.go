package replica

import (
	"cmp"
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

const (
	creditWindow    = 1 << 20          // bytes of records under way in an answer
	bootstrapWindow = 8 << 20          // in a bootstrap
	silence         = 30 * time.Second // after which a session is given up
)

// pull is a sync seen from the side that asks. Guarded by engine.mu; its frames come in order, one at a time.
//
// Nothing is marked as seen but the dots of applied records, until the end mark says that the answer was whole: then all
// that the answerer had seen when its answer began is marked in one step (rule 7).
type pull struct {
	id      uint64
	peer    geo.ID
	begun   bool // the digest is here whole
	pages   []crdt.Known
	answer  *crdt.Seen // what the answerer had seen when its answer began: it vouches for the records
	count   uint64     // records received
	size    int        // bytes of those
	listed  int        // bytes of the keys of a lossy answer's list
	total   uint64     // records to come in a bootstrap, at most; 0 = it is none
	held    uint64     // records that were here when it began
	tainted bool       // one of them was refused
	settled bool       // what may be in flight is not asked for
	active  int64      // when the last frame came, Unix nanoseconds
	asked   int64      // when it began, Unix nanoseconds
	lossy   lossy
}

// begin sends the question: for what is settled alone if that is enough, the peer is not new, and there is anything in
// flight. Of a new peer too in a rush, when most of what it has and this replica has not is in flight. engine.mu is held.
func (c *Cache) begin(p *peer, settled bool) {
	e := c.engine
	c.store.DotAll()
	now := e.clock.Now()
	s := &pull{id: e.newID(), peer: p.ID, asked: now, active: now}
	s.settled = settled && c.whole && (s.active-p.came >= int64(settling) || c.rushes(s.active)) && s.active-c.changed < int64(unrest)
	pages := wire.DigestPages(c.claim().Known(), wire.DigestBytes)
	for i, page := range pages {
		if !e.send(p.ID, geo.LaneSync, &wire.Pull{Cache: c.name, Session: s.id, Digest: page, Last: i == len(pages)-1, Settled: s.settled}) {
			return
		}
	}
	e.counters.Pulls++
	if s.settled {
		e.counters.Settled++
	}
	c.pulls[s.id] = s
}

func (c *Cache) pulling(id geo.ID) bool {
	for _, s := range c.pulls {
		if s.peer == id {
			return true
		}
	}
	return false
}

// dropPulls gives up the syncs with a peer. engine.mu is held.
func (c *Cache) dropPulls(id geo.ID) {
	for n, s := range c.pulls {
		if s.peer == id {
			c.markCut(s)
			delete(c.pulls, n)
		}
	}
	c.turns.release(id)
	c.nextTurn()
}

// timeouts gives up what has been silent too long. engine.mu is held.
func (c *Cache) timeouts(now int64) {
	for n, s := range c.pulls {
		if now-s.active > int64(silence) {
			delete(c.pulls, n)
			c.turns.vain(s.peer, now, mostHold)
		}
	}
	c.nextTurn()
	c.active.expire(now - int64(silence))
}

// sync takes in a frame of a sync; false calls it malformed.
func (c *Cache) sync(from geo.ID, m wire.Message) bool {
	switch m := m.(type) {
	case *wire.Pull:
		return c.asked(from, m)
	case *wire.Credit:
		c.credit(from, m)
		return true
	case *wire.Answer:
		return c.begun(from, m)
	case *wire.List:
		return c.listed(from, m)
	case *wire.Records:
		return c.records(from, m)
	case *wire.End:
		return c.ended(from, m)
	case *wire.Audit:
		return c.auditAsked(from, m)
	case *wire.Audited:
		return c.auditAnswered(from, m)
	case *wire.Busy:
		if s := c.session(from, m.Session); s != nil {
			c.engine.count(func(n *Counters) { n.Busy++ })
			c.busy(s, time.Duration(min(m.RetryAfter, uint64(mostHold.Milliseconds())))*time.Millisecond)
		}
		return true
	}
	return false
}

// session finds the pull that a frame belongs to; nil if it was given up.
func (c *Cache) session(from geo.ID, id uint64) *pull {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	s := c.pulls[id]
	if s == nil || s.peer != from {
		return nil
	}
	s.active = c.engine.clock.Now()
	return s
}

// finish ends a pull before its end: the peer answers what makes no sense, or is refused here.
func (c *Cache) finish(s *pull) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	c.turns.vain(s.peer, c.engine.clock.Now(), mostHold)
	c.over(s)
}

// begun takes in a page of the answerer's digest.
func (c *Cache) begun(from geo.ID, m *wire.Answer) bool {
	s := c.session(from, m.Session)
	if s == nil {
		return true
	}
	if s.begun {
		c.finish(s)
		return false
	}
	s.pages = wire.AppendPage(s.pages, m.Digest)
	s.lossy.forgotten = append(s.lossy.forgotten, m.Forgotten...)
	if oversized(s.pages) || len(s.lossy.forgotten) > crdt.MaxOrigins {
		c.finish(s)
		return false
	}
	if !m.Last {
		return true
	}
	answer, err := crdt.FromKnown(s.pages)
	if err != nil {
		c.finish(s)
		return false
	}
	if c.cloned(s.pages) { // who has seen them need not have made them
		c.finish(s)
		return true
	}
	if c.ahead(s.pages) { // an origin that claims to live in the future would never be pruned
		c.refused.Add(1)
		c.finish(s)
		return true
	}
	c.engine.mu.Lock()
	s.begun, s.answer, s.total, s.held = true, answer, m.Total, c.held()
	c.engine.mu.Unlock()
	c.markEarly(s)
	return c.beginLossy(s, m)
}

// cloned tells whether a digest knows numbers of this replica that it never gave: then the records that get them would
// count as seen before they are written, so nothing of that digest is believed.
func (c *Cache) cloned(digest []crdt.Known) bool {
	i, ok := slices.BinarySearchFunc(digest, c.origin(), func(k crdt.Known, o crdt.Origin) int { return cmp.Compare(k.Origin, o) })
	if !ok || highest(digest[i]) <= c.store.Seq() {
		return false
	}
	c.renew()
	return true
}

func highest(k crdt.Known) uint64 {
	if n := len(k.Ranges); n > 0 {
		return k.Ranges[n-1].Hi
	}
	return k.Head
}

// ahead tells whether a digest speaks of times beyond the clock bound (rule 9).
func (c *Cache) ahead(digest []crdt.Known) bool {
	now := c.engine.millis()
	return slices.ContainsFunc(digest, func(k crdt.Known) bool { return k.Last.Future(now) })
}

// records merges a frame of records, marks their dots and lets the answerer send as much again.
func (c *Cache) records(from geo.ID, m *wire.Records) bool {
	s := c.session(from, m.Session)
	if s == nil {
		return true
	}
	if !s.begun || s.lossy.listing {
		c.finish(s)
		return false
	}
	c.grantCredit(s, c.mergeAll(s, m.Records))
	c.note(s, m)
	return true
}

// grantCredit lets the answerer send as much again as was taken in.
func (c *Cache) grantCredit(s *pull, size int) {
	if size > 0 {
		c.engine.send(s.peer, geo.LaneSync, &wire.Credit{Cache: c.name, Session: s.id, Bytes: uint64(size)})
	}
}

// via is how the records enter: those of a bootstrap at the cold end, so that its order becomes the order of use.
func (s *pull) via() store.Via {
	if s.total > 0 {
		return store.ViaBootstrap
	}
	return store.ViaSync
}

// share is how much of a bootstrap is here, 0 to 1, with what came before it was cut and began anew.
func (s *pull) share() float64 {
	if s.total == 0 {
		return 0
	}
	return min(float64(s.held+s.count)/float64(s.held+s.total), 0.99)
}

func (c *Cache) mergeAll(s *pull, records []wire.Record) (size int) {
	for _, r := range records {
		size += wire.RecordSize(len(r.Key), len(r.Value))
	}
	c.take(s, records)
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	s.count += uint64(len(records))
	s.size += size
	c.engine.counters.Moved += uint64(len(records))
	c.share = max(c.share, s.share())
	return size
}

// take merges records of an answer, then marks their dots and no others.
func (c *Cache) take(s *pull, records []wire.Record) {
	e := c.engine
	now := e.millis()
	merged := make([]bool, len(records))
	for i, r := range records {
		merged[i] = c.admit(r, now, s.answer.Head, s.via())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var fresh crdt.Seen // in a bootstrap dots come in no order: one by one each would shift all that are here
	for i, r := range records {
		if !merged[i] {
			s.tainted = true
			continue
		}
		fresh.Add(r.Dot(), r.Version.Time)
	}
	c.seen.Union(&fresh)
	c.changed = e.clock.Now()
}

// ended takes in the end mark. Only a whole answer advances what is seen.
func (c *Cache) ended(from geo.ID, m *wire.End) bool {
	s := c.session(from, m.Session)
	if s == nil {
		return true
	}
	if !s.begun || s.lossy.listing || m.Settled && (m.Whole || !s.settled) || m.Count != s.count+uint64(len(m.Records)) {
		c.finish(s)
		return false
	}
	c.mergeAll(s, m.Records)
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	c.settle(s, m)
	c.over(s)
	return true
}

// settle marks what a whole answer brought, and leaves the peer of another alone for a while. engine.mu is held.
func (c *Cache) settle(s *pull, m *wire.End) {
	e := c.engine
	skew := time.Duration(m.Time-e.millis()) * time.Millisecond
	switch {
	case s.tainted && !plant.On(plant.SeenRefused), skew.Abs() > crdt.MaxSkew && !plant.On(plant.NoSkewCheck):
		c.turns.vain(s.peer, e.clock.Now(), mostHold)
		c.odd(s.peer)
		return
	case m.Settled: // what may be in flight was left out
		c.turns.release(s.peer)
		c.level(s.peer)
		c.thank(s)
		return
	case !m.Whole:
		c.turns.vain(s.peer, e.clock.Now(), busyHold)
		c.odd(s.peer)
		return
	}
	c.turns.release(s.peer)
	c.seen.Union(s.answer)
	e.counters.Whole++
	c.complete()
	c.level(s.peer)
	c.thank(s)
}

// thank has the origins of what came told how far it has come. engine.mu is held.
func (c *Cache) thank(s *pull) {
	for _, k := range s.answer.Known() {
		c.acknowledge(k.Origin)
	}
}

// abandon ends what a cache that closes has under way.
func (e *Engine) abandon(c *Cache) {
	e.mu.Lock()
	clear(c.pulls)
	due := c.claims.end()
	for _, id := range slices.Sorted(keys(e.asks)) {
		if a := e.asks[id]; a.cache == c {
			due = append(due, e.endAsk(a))
		}
	}
	for _, id := range slices.Sorted(keys(e.explains)) {
		if q := e.explains[id]; q.cache == c {
			due = append(due, e.endInquiry(q))
		}
	}
	e.mu.Unlock()
	runAll(due)
}
