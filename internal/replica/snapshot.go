package replica

import (
	"errors"
	"fmt"
	"math"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// errFuture: a snapshot speaks of times that the clock has not reached by far. Either was written by a clock that was
// off; nothing tells which.
var errFuture = errors.New("it holds times more than 30 s in the future")

// Snapshot is this replica as it can be kept, and when it was seen, Unix milliseconds. What it has seen is taken now, the
// rest is read from the store as the snapshot is, a record at a time; the replica goes on meanwhile. Package snapshot says
// why this order is the only one that is sound.
func (c *Cache) Snapshot() (s *store.Snapshot, seen int64) {
	seen = c.engine.millis()
	c.store.DotAll()
	c.engine.mu.Lock()
	digest := c.digest()
	c.engine.mu.Unlock()
	return &store.Snapshot{Seen: digest.Known(), Records: c.content, Past: c.past}, seen
}

// content is all records, and the Clear.
func (c *Cache) content(yield func(store.Record[[]byte], error) bool) {
	for _, cursor := range c.store.Order() {
		rec, ok := c.store.At(cursor)
		if ok && !yield(store.Record[[]byte]{Key: rec.Key, Register: rec.Register, Value: rec.Value.Bytes()}, nil) {
			return
		}
	}
	if r := c.store.Cleared(); r.Kind == crdt.Clear {
		yield(store.Record[[]byte]{Register: r}, nil)
	}
}

func (c *Cache) past() store.Past {
	return store.Past{Floor: c.store.Floor(), Forgotten: c.store.Forgotten(), Ceiling: c.clock.Last()}
}

// fill takes a snapshot into a store of its own, which becomes the replica's if all of it is good. Nobody else knows the
// replica yet. What has expired becomes a ghost at the door, what nobody remembers any more stays outside.
func (c *Cache) fill(cfg store.Config[Blob], s *store.Snapshot) error {
	seen, err := crdt.FromKnown(s.Seen)
	if err != nil {
		return err
	}
	if c.ahead(s.Seen) {
		return errFuture
	}
	fresh, highest := store.New(cfg), crdt.Time(0)
	now := c.engine.millis()
	for rec, err := range s.Records {
		if err != nil {
			return err
		}
		if err := c.restorable(rec, now); err != nil {
			return err
		}
		r := fromWire(wire.Record(rec))
		fresh.Merge(r, now, vouch, store.ViaBootstrap)
		seen.Add(r.Dot(), r.Version.Time)
		highest = max(highest, r.Version.Time)
	}
	past := s.Past()
	if aheadOf(past, now) {
		return errFuture
	}
	fresh.Restore(past.Floor, past.Forgotten)
	c.clock.Raise(max(past.Ceiling, past.Floor, highest))
	c.store, c.seen = fresh, *seen
	return nil
}

// restorable tells what is wrong with a record of a snapshot. A deadline long before the time is not: it was written here
// when the wall clock had been set back, and is dead.
func (c *Cache) restorable(rec store.Record[[]byte], now int64) error {
	r := wire.Record(rec)
	switch reason := wire.CheckRecord(&r, c.ttl); {
	case reason != wire.Sound && reason != wire.DeadlineBeforeTime:
		return fmt.Errorf("it holds an unsound record: %s", reason)
	case r.Version.Time.Future(now):
		return errFuture
	}
	return nil
}

func aheadOf(p store.Past, now int64) bool {
	for _, f := range p.Forgotten {
		if f.Time.Future(now) {
			return true
		}
	}
	return p.Floor.Future(now) || p.Ceiling.Future(now)
}

// vouch is how a snapshot vouches for its own records: for all of them.
func vouch(crdt.Origin) uint64 { return math.MaxUint64 }
