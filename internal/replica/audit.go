package replica

import (
	"crypto/sha256"
	"encoding/binary"
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
	settled    = time.Minute
)

// audit is one that was begun here. Guarded by engine.mu.
type audit struct {
	id        uint64
	peer      geo.ID
	partition uint64
	seed      uint64
	cells     uint64
	begun     int64
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
	near := e.rank.Nearest(nearest, now)
	if len(near) == 0 || !c.syncs(e.member(near[0])) {
		return
	}
	c.audit = &audit{
		id: e.newID(), peer: near[e.rnd.IntN(len(near))], partition: e.rnd.Uint64N(partitions), seed: e.rnd.Uint64(),
		cells: fewCells, begun: now,
	}
	c.askAudit(c.audit)
}

// askAudit sends the question. engine.mu is held.
func (c *Cache) askAudit(a *audit) {
	c.engine.send(a.peer, geo.LaneSync, &wire.Audit{Cache: c.name, ID: a.id, Partition: a.partition, Seed: a.seed, Cells: a.cells})
}

// auditAsked answers an audit with a sketch of what is known here.
func (c *Cache) auditAsked(from geo.ID, m *wire.Audit) bool {
	if m.Cells == 0 || m.Cells > mostCells || m.Partition >= partitions {
		return false
	}
	s := &sketch{seed: m.Seed, cells: make([]cell, m.Cells)}
	c.partition(m.Partition, m.Seed, func(a item, _ string) { s.add(a, 1) })
	c.engine.send(from, geo.LaneSync, &wire.Audited{Cache: c.name, ID: m.ID, Cells: s.bytes()})
	return true
}

// partition hands over the items of a partition that are old enough to be everywhere.
func (c *Cache) partition(number, seed uint64, f func(a item, key string)) {
	old := crdt.At(c.engine.millis() - settled.Milliseconds())
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = c.store.Each(cursor, walkStep, func(key string, r crdt.Register) {
			if r.Seq == 0 || r.Version.Time > old {
				return
			}
			sum := sha256.Sum256([]byte(key))
			if k := binary.BigEndian.Uint64(sum[:]); k%partitions == number {
				f(item{mix(k ^ seed), uint64(r.Version.Time), uint64(r.Version.Origin), r.Seq}, key)
			}
		})
	}
}

// auditAnswered takes the two sketches apart and judges the difference.
func (c *Cache) auditAnswered(from geo.ID, m *wire.Audited) bool {
	e := c.engine
	e.mu.Lock()
	a := c.audit
	if a == nil || a.id != m.ID || a.peer != from {
		e.mu.Unlock()
		return true
	}
	c.audit = nil
	e.mu.Unlock()
	theirs := toCells(m.Cells)
	if uint64(len(theirs)) != a.cells {
		return false
	}
	own := &sketch{seed: a.seed, cells: make([]cell, a.cells)}
	keys := map[uint64]string{}
	c.partition(a.partition, a.seed, func(i item, key string) {
		own.add(i, 1)
		keys[i.key] = key
	})
	only, lacking, ok := own.difference(theirs)
	if !ok {
		c.auditMore(a)
		return true
	}
	c.judge(only, lacking, keys)
	return true
}

// auditMore asks again for more cells, if there are more to ask for.
func (c *Cache) auditMore(a *audit) {
	if a.cells *= 4; a.cells > mostCells {
		return
	}
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.audit == nil && !c.closed {
		c.audit = a
		c.askAudit(a)
	}
}

// judge looks for keys of which a version is held here that is lower than one that was seen.
func (c *Cache) judge(only, lacking []item, keys map[uint64]string) {
	ours := make(map[uint64]item, len(lacking))
	for _, i := range lacking {
		ours[i.key] = i
	}
	for _, theirs := range only {
		own, held := ours[theirs.key]
		if !held || !own.version().Less(theirs.version()) || !c.hasSeen(theirs) {
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

func (c *Cache) hasSeen(a item) bool {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return c.seen.Has(crdt.Dot{Origin: crdt.Origin(a.origin), Seq: a.seq})
}
