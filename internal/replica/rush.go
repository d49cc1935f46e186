package replica

import (
	"time"

	"github.com/geolru/geolru/internal/wire"
)

// While records come faster than they are sent, a pull brings again what waits in outboxes and goes by gossip all the same.
// A new peer, which is compared with at every probe, was sent 141,000 records of a burst of 500,000 twice so (geobench
// replicate). Until the rush is over its comparisons wait: what was lost before the last batch is a hole in numbers meanwhile,
// and asked for, and the rounds go on.

// rushEnds is how long after the last full batch a rush is over.
const rushEnds = time.Second

// full tells whether more waited behind a batch: it has as many records as one may have, or so many bytes that a large
// value may not have fitted in.
func full(records, bytes int) bool {
	return records == wire.MaxBatchRecords || bytes > wire.MaxBatchBytes-wire.AnnounceAbove
}

// rushing notes that a batch was sent or came. engine.mu is held.
func (c *Cache) rushing(full bool, now int64) {
	if full {
		c.rushed = now
	}
}

// rushes tells whether records come faster than they are sent, here or at a peer. engine.mu is held.
func (c *Cache) rushes(now int64) bool { return now-c.rushed < int64(rushEnds) }
