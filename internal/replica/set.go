package replica

import (
	"sync/atomic"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// Batches leave at once when the outbox was idle. Then they wait for company: shortly while few records come, and as much
// longer as there are more nodes that each message costs time; for a whole window when that promises a batch worth its
// wait. The window grows while the network is congested, for a batch that it cannot take is not worth more attempts a second,
// and while queues to peers overflow: what is written often meanwhile goes once, and a queue holds more in fewer batches.
//
// A record in a message of its own takes some 300 µs of two nodes' processors (bare gossipsub, signed); in batches of many it
// takes 5 (geobench replicate).
const (
	window     = 2 * time.Millisecond
	wideWindow = 20 * time.Millisecond
	brief      = 150 * time.Microsecond   // for each node beside this one, up to a window
	company    = 40                       // records that a window must promise
	batchRoom  = wire.MaxBatchBytes - 256 // bytes for records: the rest is the frame's
)

// outbox is the state of sending; the records that wait are in the store. All but the atomic is the flush's alone.
type outbox struct {
	busy     atomic.Bool  // a flush is scheduled or running
	strained atomic.Int64 // until when peers count as dropping, Unix nanoseconds
	stuck    []byte       // a batch that the network did not take: it has its dots, so it goes first
	full     bool         // the last batch was
	records  int          // in batches since the last flush ended
	flushed  int64        // when that was, Unix nanoseconds
}

// dirty is called by the store when something waits. It never waits itself.
func (c *Cache) dirty() {
	c.askFirst()
	if c.out.busy.CompareAndSwap(false, true) {
		c.engine.clock.After(0, c.flush)
	}
}

// flush publishes what waits, and comes again a window later until nothing does.
func (c *Cache) flush() {
	sent, ok := c.publish()
	if sent || !ok {
		wait := c.out.pause(ok, c.engine.others(), c.engine.clock.Now())
		if wait == wideWindow {
			c.engine.count(func(n *Counters) { n.Wide++ })
		}
		c.engine.clock.After(wait, c.flush)
		return
	}
	c.out.busy.Store(false)
	if c.store.Waiting() > 0 && !c.isClosed() { // written since the last look
		c.dirty()
	}
}

// pause is how long to wait for company after a flush in a mesh of so many others, and begins to count anew.
func (o *outbox) pause(taken bool, others int, now int64) time.Duration {
	since, records := now-o.flushed, int64(o.records)
	o.flushed, o.records = now, 0
	switch {
	case !taken, now < o.strained.Load():
		return wideWindow
	case records*int64(window) >= company*since:
		return window
	}
	return min(brief*time.Duration(max(others, 1)), window)
}

// publish sends batches until nothing waits; ok is false when the network took no more.
func (c *Cache) publish() (sent, ok bool) {
	for !c.isClosed() {
		if c.out.stuck == nil {
			c.out.stuck = c.batch()
		}
		if c.out.stuck == nil {
			break
		}
		if !c.emit(c.out.stuck) {
			return sent, false
		}
		c.out.stuck, sent = nil, true
	}
	return sent, true
}

func (c *Cache) isClosed() bool {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return c.closed
}

// batch takes what fits into one batch out of the outbox; nil if nothing waits.
func (c *Cache) batch() []byte {
	b := &wire.Batch{}
	var l *life
	room := batchRoom
	c.store.Drain(func(rec store.Record[Blob], touch bool) bool {
		out := announce(toWire(rec))
		if touch {
			out.Value = nil
		} else if l == nil {
			l = c.under(out.Version.Origin)
		} else if l.origin != out.Version.Origin {
			return false // of another life of this replica: a batch has one
		}
		room -= wire.RecordSize(len(out.Key), len(out.Value))
		if room < 0 || len(b.Records)+len(b.Touches) == wire.MaxBatchRecords {
			return false
		}
		if touch {
			b.Touches = append(b.Touches, wire.Touch{Key: rec.Key, Version: rec.Version, Deadline: rec.Deadline})
		} else {
			b.Records = append(b.Records, out)
		}
		return true
	})
	if len(b.Records)+len(b.Touches) == 0 {
		return nil
	}
	for _, r := range b.Records {
		c.arrived(r.Key)
	}
	if l == nil {
		l = c.life.Load()
	}
	b.Nonce = l.nonce
	c.markOld(l, b.Records)
	count := len(b.Records) + len(b.Touches)
	c.out.records += count
	frame, err := wire.EncodeBatch(b)
	c.out.full = full(count, len(frame))
	if err != nil { // it is a gap for the others now, and sync brings it
		c.engine.log.Error("batch not encodable", "cache", c.name, "err", err)
	}
	return frame
}

// announce makes a large value a ghost: its version goes out, and who wants the value fetches it (rule 4).
func announce(r wire.Record) wire.Record {
	if len(r.Value) > wire.AnnounceAbove {
		r.Kind, r.Value = crdt.Ghost, nil
	}
	return r
}

// emit publishes a batch, if the network takes it.
func (c *Cache) emit(frame []byte) bool {
	if !c.engine.net.Publish(c.name, frame) {
		c.engine.count(func(n *Counters) { n.Congested++ })
		return false
	}
	c.engine.count(func(n *Counters) { n.Published++ })
	c.behind()
	return true
}

func toWire(rec store.Record[Blob]) wire.Record {
	return wire.Record{Key: rec.Key, Register: rec.Register, Value: rec.Value.Bytes()}
}

func fromWire(r wire.Record) store.Record[Blob] {
	return store.Record[Blob]{Key: r.Key, Register: r.Register, Value: BlobOf(r.Value)}
}
