package replica

import (
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// MaxAgain is maxAgain.
const MaxAgain = maxAgain

// HoldOutbox has what is written from now on wait, without a number.
func (c *Cache) HoldOutbox() { c.out.busy.Store(true) }

// MarkSeen claims a dot without its record: what no rule does.
func (c *Cache) MarkSeen(d crdt.Dot, t crdt.Time) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	c.seen.Add(d, t)
}

// PutOffRounds has no periodic round take place for so long.
func (c *Cache) PutOffRounds(d time.Duration) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	c.nextNear += int64(d)
	c.nextFar += int64(d)
}

// Survey hands over the dots of a partition's items.
func (c *Cache) Survey(partition uint64, visit func(crdt.Dot), done func()) {
	c.survey(partition, 0, func(a item, _ string) { visit(crdt.Dot{Origin: crdt.Origin(a.origin), Seq: a.seq}) }, done)
}

// Judge judges a difference of one key.
func (c *Cache) Judge(key string, held, theirs crdt.Register) {
	of := func(r crdt.Register) []item {
		return []item{{1, uint64(r.Version.Time), uint64(r.Version.Origin), r.Seq}}
	}
	c.judge(of(theirs), of(held), map[uint64]string{1: key})
}

// Sketch has a peer ask for a sketch, and tells how many are made now.
func (c *Cache) Sketch(from geo.ID) int {
	c.auditAsked(from, &wire.Audit{Cache: c.name, Cells: fewCells})
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return len(c.sketches)
}

// Remembered is how many digests of peers are kept for later, and of how many origins the author.
func (c *Cache) Remembered() (digests, authors int) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return len(c.looks), len(c.authors)
}

// Overtaken is how many requests are followed that a hedge overtook.
func (e *Engine) Overtaken() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.overtaken)
}
