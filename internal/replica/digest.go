package replica

import "github.com/geolru/geolru/crdt"

// Digest is what this replica has seen, all its own records included that have left; the caller's to keep. A simulator
// judges by it whether a read is older than what its node claims to know.
func (c *Cache) Digest() *crdt.Seen {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return c.digest()
}
