package geolru

import (
	"fmt"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
)

// Op is what [Cache.Update] does with the value that its function returned.
type Op uint8

// Operations of an Update. OpKeep is the zero value.
const (
	OpKeep   Op = iota // leave everything as it is
	OpWrite            // write the value
	OpRemove           // remove the key
)

var ops = [...]string{"keep", "write", "remove"}

// String is the operation in one word, for people.
func (o Op) String() string {
	if int(o) < len(ops) {
		return ops[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Update makes a new value of the one that is here: f gets it, or ok = false if there is none, and says what to do.
// It returns the value that is here afterwards, the zero value if there is none.
//
// On this node it is atomic: if another write comes between, f runs again with what that wrote, so it must do nothing
// but compute. Between nodes the last writer wins, as with Set. No peer and no loader is asked. f runs under no lock,
// and must not change what it got: maps, slices and pointers are to be cloned.
//
// ttl is the lifetime of what is written: 0 = Options.TTL, [KeepTTL] = until the deadline of the value that is
// overwritten (Options.TTL if there is none), else 1 ms to Options.TTL or it is [ErrTTL].
//
// If what is here does not decode, because a newer program wrote it, that is an error, f is not called and the value
// stays: f could not build on what it cannot see. The error wraps [ErrNotFound], as that of a Get does.
func (c *Cache[V]) Update(key string, ttl time.Duration, f func(old V, ok bool) (V, Op)) (V, error) {
	var none V
	ms, err := c.lifetime("update", key, ttl)
	if err != nil {
		return none, err
	}
	for {
		if err := c.check("update", key); err != nil {
			return none, err
		}
		c.table.Hit(key, c.clock.now()) // a use
		old, r, ok := c.table.Peek(key, c.clock.now())
		if !ok && r.Kind == crdt.Value {
			return none, fmt.Errorf("geolru: update %q: %w", key, errStrange)
		}
		v, op := f(old, ok)
		held, done, err := c.apply(key, edit[V]{op, old, v, ok, r.Version, ms})
		if done || err != nil {
			return held, wrap("update", key, err)
		}
	}
}

// edit is what an Update wants to be done, over the value that it was computed from.
type edit[V any] struct {
	op       Op
	old, new V
	ok       bool // there is an old value
	over     crdt.Version
	ttl      int64
}

// apply does an edit, unless something else was written since its old value was read. held is the value afterwards.
func (c *Cache[V]) apply(key string, e edit[V]) (held V, done bool, err error) {
	switch {
	case e.op == OpKeep, e.op == OpRemove && !e.ok:
		return e.old, true, nil
	case e.op == OpRemove:
		c.loads.forget(key)
		return held, c.table.DeleteIf(key, e.over), nil
	case e.op != OpWrite:
		return held, false, fmt.Errorf("%v is none of OpKeep, OpWrite, OpRemove", e.op)
	}
	c.loads.forget(key)
	done, err = c.table.SetIf(key, e.over, e.new, e.ttl)
	if done {
		held = e.new
	}
	return held, done, err
}

// lifetime is the ttl of an Update in milliseconds.
func (c *Cache[V]) lifetime(op, key string, ttl time.Duration) (int64, error) {
	switch ttl {
	case 0:
		return c.ttl, nil
	case KeepTTL:
		return store.KeepTTL, nil
	}
	return ttl.Milliseconds(), c.checkTTL(op, key, ttl)
}
