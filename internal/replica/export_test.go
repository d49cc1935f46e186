package replica

import (
	"time"

	"github.com/geolru/geolru/crdt"
)

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
