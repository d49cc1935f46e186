package replica

import "github.com/geolru/geolru/crdt"

// MarkSeen claims a dot without its record: what no rule does.
func (c *Cache) MarkSeen(d crdt.Dot, t crdt.Time) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	c.seen.Add(d, t)
}
