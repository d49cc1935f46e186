package replica

import "github.com/geolru/geolru/internal/wire"

// Load is what a replica has under way and what it remembers beside its records; each is bounded.
type Load struct {
	Pulls, Answers int // syncs asked for and answered: at most MaxSyncs of each
	Waiting        int // records in the outbox: at most those that the store holds
	Origins        int // of what was seen: at most crdt.MaxOrigins, and the lives of replicas within a retention
	Streams        int // bytes that have come of large values: at most MaxStreams, of all caches of the node
}

// MaxSyncs is how many syncs of a cache a node asks for, and answers, at once.
const MaxSyncs = max(maxPulls, maxAnswers)

// MaxStreams is how many bytes of large values a node holds before they are whole.
const MaxStreams = max(maxStreams, wire.MaxValue)

// Load is what is under way now.
func (c *Cache) Load() (l Load) {
	l.Waiting = c.store.Waiting()
	c.active.mu.Lock()
	l.Answers = len(c.active.list)
	c.active.mu.Unlock()
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	l.Pulls, l.Origins = len(c.pulls), c.seen.Len()
	for _, t := range c.coming {
		l.Streams += len(t.value)
	}
	return l
}
