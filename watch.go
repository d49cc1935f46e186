package geolru

import (
	"context"
	"iter"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
)

// Kind is what happened to a key. The zero value is none of them.
type Kind uint8

// Kinds of [Event].
const (
	EventPut    = Kind(store.ChangePut)    // written, touched, or brought back by a read; here or on another node
	EventDelete = Kind(store.ChangeDelete) // deleted, here or on another node
	EventExpire = Kind(store.ChangeExpire) // its deadline has come
	EventEvict  = Kind(store.ChangeEvict)  // evicted for room, here only
	EventClear  = Kind(store.ChangeClear)  // all that was written before is gone
)

var kinds = [...]string{"unknown", "put", "delete", "expire", "evict", "clear"}

// String is the kind in one word, for people.
func (k Kind) String() string { return name(kinds[:], int(k)) }

// Event is one change of a cache, as seen on this node.
type Event[V any] struct {
	Kind Kind
	Key  string // empty for EventClear
	// Value is the new value of an EventPut, and the one that went of an EventExpire or EventEvict. It is the zero value
	// where there is none that decodes, or it was too large to be sent along and cannot be fetched.
	Value    V
	Node     string    // ID of the node that wrote the version; empty if not known, or in a cache without a node
	Deadline time.Time // of the version, zero for EventDelete and EventClear
}

// Watch is the changes of the keys that begin with prefix, from the call on: one that calls Watch, then goes through
// All, then ranges over the result, misses nothing. It ends with ctx or Close, and can be ranged over once.
//
// A reader that is slower than the changes gets the last state of each key, and an EventClear before what was written
// after it; what waits for it is bounded by the number of different keys. No writer waits for a reader.
func (c *Cache[V]) Watch(ctx context.Context, prefix string) iter.Seq[Event[V]] {
	w := c.hub.add(prefix)
	stop := context.AfterFunc(ctx, func() { c.hub.remove(w) })
	return func(yield func(Event[V]) bool) {
		defer c.hub.remove(w)
		defer stop()
		for {
			ch, ok := w.next(ctx)
			if !ok {
				return
			}
			if e, ok := c.event(ctx, w, ch); ok && !yield(e) {
				return
			}
		}
	}
}

// event makes an event of a change. A value that was announced but is not here is fetched first: then its change comes
// again, with the value, and this one is dropped.
func (c *Cache[V]) event(ctx context.Context, w *watcher[V], ch change[V]) (Event[V], bool) {
	if ch.kind == store.ChangePut && ch.reg.Kind == crdt.Ghost && c.loads.ask != nil {
		c.loads.ask(ctx, []string{ch.key})
		if w.waits(ch.key) {
			return Event[V]{}, false
		}
	}
	e := Event[V]{Kind: Kind(ch.kind), Key: ch.key}
	if e.Kind != EventDelete && e.Kind != EventClear && ch.reg.Kind != crdt.Ghost {
		e.Value, _ = ch.value()
	}
	if ch.reg.Deadline != 0 {
		e.Deadline = time.UnixMilli(ch.reg.Deadline)
	}
	if c.mesh != nil {
		e.Node = string(c.mesh.Writer(ch.reg.Version.Origin))
	}
	return e, true
}
