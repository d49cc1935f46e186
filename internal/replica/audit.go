package replica

import (
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// An audit compares what two nodes know of one partition of the keys, and looks for what the rules make impossible: a
// key of which this node holds a version although it has seen the dot of a higher one, which the peer holds. In a sound
// mesh it finds nothing; what it finds is counted, logged as an error, and mended through the one door like any miss.
const (
	auditEvery = 5 * time.Second
	partitions = 64
	fewCells   = 64   // at first; four times as many when they do not suffice
	mostCells  = 1024 // then it is left: two caches of different contents differ in more than an audit can tell
)

// audit is one that was begun here. Guarded by engine.mu.
type audit struct {
	id        uint64
	peer      geo.ID
	partition uint64
	seed      uint64
	cells     uint64
	answered  bool // and compared now
}

// auditRound begins an audit with a near peer when it is time. engine.mu is held.
func (c *Cache) auditRound(now int64) {
	e := c.engine
	if c.nextAudit == 0 {
		c.nextAudit = now + e.jitter(auditEvery)
	}
	if now < c.nextAudit {
		return
	}
	c.nextAudit = now + e.jitter(auditEvery)
	if c.audit != nil && c.audit.answered {
		return
	}
	near := e.rank.Nearest(nearest, now)
	if len(near) == 0 || !c.syncs(e.member(near[0])) {
		return
	}
	c.audit = &audit{
		id: e.newID(), peer: near[e.rnd.IntN(len(near))], partition: e.rnd.Uint64N(partitions), seed: e.rnd.Uint64(),
		cells: fewCells,
	}
	c.askAudit(c.audit)
}

// askAudit sends the question. engine.mu is held.
func (c *Cache) askAudit(a *audit) {
	c.engine.send(a.peer, geo.LaneSync, &wire.Audit{Cache: c.name, ID: a.id, Partition: a.partition, Seed: a.seed, Cells: a.cells})
}

// auditAsked answers an audit with a sketch of what is known here. Who asks while its last one is made, or while many are,
// is left without an answer, and asks again in its next round.
func (c *Cache) auditAsked(from geo.ID, m *wire.Audit) bool {
	if m.Cells == 0 || m.Cells > mostCells || m.Partition >= partitions {
		return false
	}
	if !c.sketching(from) {
		return true
	}
	s := &sketch{seed: m.Seed, cells: make([]cell, m.Cells)}
	c.survey(m.Partition, m.Seed, func(a item, _ string) { s.add(a, 1) }, func() {
		c.sketched(from)
		c.engine.send(from, geo.LaneSync, &wire.Audited{Cache: c.name, ID: m.ID, Cells: s.bytes()})
	})
	return true
}

// sketching notes that a sketch is made for a peer; false: it may not.
func (c *Cache) sketching(id geo.ID) bool {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	if len(c.sketches) >= maxAnswers || slices.Contains(c.sketches, id) {
		return false
	}
	c.sketches = append(c.sketches, id)
	return true
}

func (c *Cache) sketched(id geo.ID) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	c.sketches = slices.DeleteFunc(c.sketches, func(o geo.ID) bool { return o == id })
}

// auditAnswered makes the own sketch, to take the two apart.
func (c *Cache) auditAnswered(from geo.ID, m *wire.Audited) bool {
	theirs := toCells(m.Cells)
	a := c.awaited(from, m.ID)
	if a == nil {
		return true
	}
	if uint64(len(theirs)) != a.cells {
		c.auditOver()
		return false
	}
	own := &sketch{seed: a.seed, cells: make([]cell, a.cells)}
	keys := map[uint64]string{}
	c.survey(a.partition, a.seed, func(i item, key string) {
		own.add(i, 1)
		keys[i.key] = key
	}, func() { c.auditCompare(a, own, theirs, keys) })
	return true
}

// awaited is the audit that an answer belongs to, from now on answered; nil if there is none.
func (c *Cache) awaited(from geo.ID, id uint64) *audit {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	a := c.audit
	if a == nil || a.id != id || a.peer != from || a.answered {
		return nil
	}
	a.answered = true
	return a
}

func (c *Cache) auditOver() {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	c.audit = nil
}

// auditCompare takes the two sketches apart and judges the difference.
func (c *Cache) auditCompare(a *audit, own *sketch, theirs []cell, keys map[uint64]string) {
	c.auditOver()
	only, lacking, ok := own.difference(theirs)
	if !ok {
		c.auditMore(a)
		return
	}
	c.judge(only, lacking, keys)
}

// auditMore asks again for more cells, if there are more to ask for.
func (c *Cache) auditMore(a *audit) {
	if a.cells *= 4; a.cells > mostCells {
		return
	}
	a.answered = false
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.audit == nil && !c.closed {
		c.audit = a
		c.askAudit(a)
	}
}

// judge looks for keys of which a version is held here that is lower than one that was seen. A record is merged before its
// dot is marked, so what is held is read again when the dot has been found: it may have come since the sketch was made.
func (c *Cache) judge(only, lacking []item, keys map[uint64]string) {
	ours := make(map[uint64]item, len(lacking))
	for _, i := range lacking {
		ours[i.key] = i
	}
	for _, theirs := range only {
		own, held := ours[theirs.key]
		if !held || !own.version().Less(theirs.version()) || !c.hasSeen(theirs) || !c.holdsLess(keys[theirs.key], theirs) {
			continue
		}
		c.mismatches.Add(1)
		c.engine.log.Error("a version is held although a higher one was seen: please report it",
			"cache", c.name, "held", own.version(), "seen", theirs.version())
		c.ask([]string{keys[theirs.key]}, true, "", func(map[string]Blob) {})
	}
}

func (a item) version() crdt.Version {
	return crdt.Version{Time: crdt.Time(a.time), Origin: crdt.Origin(a.origin)}
}

// holdsLess tells whether a lower version of a key than that of a is held.
func (c *Cache) holdsLess(key string, a item) bool {
	r := c.store.Known(key)
	return r.Kind != crdt.None && r.Version.Less(a.version())
}

func (c *Cache) hasSeen(a item) bool {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return c.seen.Has(crdt.Dot{Origin: crdt.Origin(a.origin), Seq: a.seq})
}
