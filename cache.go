package geolru

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// KeepTTL, as the lifetime that [Cache.Update] is given, keeps the deadline of the value that is overwritten.
const KeepTTL time.Duration = store.KeepTTL

// Cache is a bounded map of keys to values of type V, in which entries live until a deadline, or until room is needed
// and they are the least recently used. Make one with [Open], the zero value does not work. Every method is safe for
// concurrent use, and answers [ErrClosed] after Close where it has an error to answer with.
//
// Keys are 1 to 1,024 bytes, any bytes; other keys are [ErrTooLarge].
type Cache[V any] struct {
	name      string
	ttl       int64 // the default and longest lifetime, milliseconds
	refreshed int64 // the age from which a read entry is loaded anew, milliseconds; 0 = never
	clock     *clock

	table table[V]
	// What is in table, for a hit through the interface costs a tenth more: the store of a cache without a node, or that
	// of one on a node whose values are views of their bytes; nil otherwise.
	local  *store.Store[V]
	viewed *store.Store[replica.Blob]

	swept   sweeper
	mesh    *replica.Cache // nil without a node
	node    *Node          // nil without a node
	journal *journal       // nil if nothing is kept
	form    form[V]        // zero without a node
	loads   loads[V]
	hub     hub[V]

	closed atomic.Bool
	ctx    context.Context // done when closed
	cancel context.CancelFunc
}

// Get is the value of a key: what is here, else what the nearest peer has, else what Options.Load makes of it. It
// waits for the network or the loader only if the key is not here, and then as long as ctx lets it.
//
// The error is that of ctx or, unwrapped, that of the loader; [ErrNotFound] if there is no loader. A loader that
// panics makes an error with its stack, for all who wait.
func (c *Cache[V]) Get(ctx context.Context, key string) (V, error) {
	if v, ok := c.read(ctx, key); ok {
		return v, nil
	}
	if err := c.check("get", key); err != nil {
		var none V
		return none, err
	}
	return c.loads.get(ctx, key)
}

// read is the value that is here, for a reader whose context a refresh may take over.
func (c *Cache[V]) read(ctx context.Context, key string) (v V, ok bool) {
	if c.closed.Load() {
		return v, false
	}
	now := c.clock.now()
	v, at, ok := c.table.Hit(key, now)
	if ok && c.refreshed > 0 && now-at.Milli() >= c.refreshed {
		c.loads.refresh(ctx, key)
	}
	return v, ok
}

// GetMany is Get for many keys: peers are asked for all that is not here in one round, then the loader runs in
// parallel. A key that nobody has is not in the map. With an error, the first that is not ErrNotFound, comes the map
// of what was had all the same; it is never nil.
func (c *Cache[V]) GetMany(ctx context.Context, keys []string) (map[string]V, error) {
	found := make(map[string]V, len(keys))
	var missing []string
	for _, key := range keys {
		if _, twice := found[key]; twice {
			continue
		}
		if v, ok := c.read(ctx, key); ok {
			found[key] = v
		} else if err := c.check("get", key); err != nil {
			return found, err
		} else {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	return found, c.loads.getMany(ctx, missing, found)
}

// GetIfPresent is the value of a key if it is here. It never waits, asks nobody and refreshes nothing, but counts as
// use. A closed cache has nothing.
func (c *Cache[V]) GetIfPresent(key string) (v V, ok bool) {
	if c.closed.Load() {
		return v, false
	}
	switch {
	case c.local != nil:
		v, _, ok = c.local.Hit(key, c.clock.now())
	case c.viewed != nil:
		var b replica.Blob
		if b, _, ok = c.viewed.Hit(key, c.clock.now()); ok {
			v = c.form.view(b.Bytes())
		}
	default:
		v, _, ok = c.table.Hit(key, c.clock.now())
	}
	return v, ok
}

// Deadline is when the entry of a key ends, in whole milliseconds, if it is here. It asks nobody, and does not
// count as use.
func (c *Cache[V]) Deadline(key string) (time.Time, bool) {
	r := c.table.Known(key)
	if r.Kind != crdt.Value || c.closed.Load() {
		return time.Time{}, false
	}
	return time.UnixMilli(r.Deadline), true
}

// Set writes a value that lives for Options.TTL. It is here when Set returns, and with the peers soon after; Set never
// waits for the network. Errors: [ErrTooLarge], or that of the codec; then nothing is written.
func (c *Cache[V]) Set(key string, value V) error { return c.set(key, value, c.ttl) }

// SetTTL is Set with a lifetime of its own: 1 ms to Options.TTL, else [ErrTTL]. Fractions of a millisecond are cut off.
// Without a node the lifetime Options.TTL, if it is a second or more, may end a millisecond early, never late.
func (c *Cache[V]) SetTTL(key string, value V, ttl time.Duration) error {
	if err := c.checkTTL("set", key, ttl); err != nil {
		return err
	}
	return c.set(key, value, ttl.Milliseconds())
}

func (c *Cache[V]) set(key string, value V, ttl int64) error {
	if err := c.check("set", key); err != nil {
		return err
	}
	c.loads.forget(key)
	var err error
	if c.local != nil {
		_, err = c.local.Set(key, value, ttl)
	} else {
		_, err = c.table.Set(key, value, ttl)
	}
	if err != nil {
		return wrap("set", key, err)
	}
	return nil
}

// Delete removes a key, on every node. That it is not here is no error: it may be elsewhere.
func (c *Cache[V]) Delete(key string) error {
	if err := c.check("delete", key); err != nil {
		return err
	}
	c.loads.forget(key)
	c.table.Delete(key)
	return nil
}

// Touch lengthens the life of the entry that is here, on every node: to ttl from now (1 ms to Options.TTL, else
// [ErrTTL]), but not beyond its writing + Options.TTL, and never shortens it. It does not count as use.
// [ErrNotFound] if the key is not here.
func (c *Cache[V]) Touch(key string, ttl time.Duration) error {
	if err := c.checkTTL("touch", key, ttl); err != nil {
		return err
	}
	if err := c.check("touch", key); err != nil {
		return err
	}
	if !c.table.Touch(key, ttl.Milliseconds()) {
		return ErrNotFound
	}
	return nil
}

// Clear removes everything that was written before it, on every node.
func (c *Cache[V]) Clear() error {
	if c.closed.Load() {
		return ErrClosed
	}
	c.loads.forgetAll()
	c.table.Clear()
	return nil
}

// allStep is how many entries All holds a lock for at a time.
const allStep = 256

// All is everything that is here, in no order. It stops no writer: an entry that is written or goes while it runs may
// be in it or not, one that stays is in it, once. It does not count as use.
func (c *Cache[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for cursor := uint64(0); !c.closed.Load(); {
			recs, next := c.table.Records(cursor, allStep)
			for _, r := range recs {
				if r.Deadline > c.clock.exact() && !yield(r.Key, r.Value) {
					return
				}
			}
			if cursor = next; cursor == 0 {
				return
			}
		}
	}
}

// Scan is the keys that are here, in parts: it looks at n places (10 if n is less than 1) from cursor on, beginning
// with 0, and returns at most n keys, perhaps none, and the cursor to go on with; 0 is the end. A key that is here
// throughout is returned, in a scan by any number of goroutines or processes.
func (c *Cache[V]) Scan(cursor uint64, n int) (keys []string, next uint64) {
	if n < 1 {
		n = 10 // as Redis
	}
	if c.closed.Load() {
		return nil, 0
	}
	return c.table.Keys(cursor, n)
}

// Len is how many entries are here.
func (c *Cache[V]) Len() int {
	if c.closed.Load() {
		return 0
	}
	return c.table.Len()
}

// check is why no operation can be done on a key.
func (c *Cache[V]) check(op, key string) error {
	if c.closed.Load() {
		return ErrClosed
	}
	return checkKey(op, key)
}

func (c *Cache[V]) checkTTL(op, key string, ttl time.Duration) error {
	if ttl >= minTTL && ttl.Milliseconds() <= c.ttl {
		return nil
	}
	longest := time.Duration(c.ttl) * time.Millisecond
	return fmt.Errorf("geolru: %s %q: a lifetime of %v, it must be 1 ms to %v: %w", op, key, ttl, longest, ErrTTL)
}
