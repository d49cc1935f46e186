package geolru

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/geolru/geolru/crdt"
)

// maxLoads is how many loads of a cache run at a time: enough to keep a database busy, few enough not to drown it.
const maxLoads = 256

// asking asks peers for keys, and puts what they lend into the table as far as there is room.
type asking[V any] func(ctx context.Context, keys []string) map[string]loan[V]

// turning waits until this node is to load a key, or, with load false, until a value has come or ctx is done. over must
// be told in the end whether the load brought a value.
type turning func(ctx context.Context, key string) (load bool, over func(loaded bool))

// loads finds what is missing: one flight per key, however many ask for it. Safe for goroutines; needs all but ask.
type loads[V any] struct {
	table table[V]
	clock *clock
	load  func(ctx context.Context, key string) (V, error) // nil: only peers are asked
	ask   asking[V]                                        // nil: there are no peers
	turn  turning                                          // nil: nobody else loads
	unfit func(key string, err error)                      // told of a loaded value that cannot be stored
	ttl   int64                                            // of what is loaded, milliseconds
	slots chan struct{}                                    // one taken for each load that runs
	ctx   context.Context                                  // done when the cache is closed
	gone  *farewell[V]

	// flying counts the flights that have not landed, so that a write which meets none pays for one look at it.
	flying atomic.Int64
	mu     sync.Mutex // guards flights, absent's entries, and in a flight what its comment says
	// flights has those that a caller may join. Invariant: a flight is in it until it is stale, and no longer.
	flights map[string]*flight[V]
	absent  absent[V]

	begun, failed atomic.Uint64
}

// hopeless tells that there is nobody to ask.
func (l *loads[V]) hopeless() bool { return l.load == nil && l.ask == nil }

// get is the value of a key that was missed.
func (l *loads[V]) get(ctx context.Context, key string) (v V, err error) {
	if l.hopeless() || l.absent.has(key) {
		return v, ErrNotFound
	}
	if err := ctx.Err(); err != nil {
		return v, err
	}
	return l.wait(ctx, l.join(ctx, []string{key})[0])
}

// getMany puts the values of keys that were missed into found. The error is the first that is not ErrNotFound.
func (l *loads[V]) getMany(ctx context.Context, keys []string, found map[string]V) (err error) {
	if l.hopeless() {
		return nil
	}
	keys = l.unknown(keys)
	for i, f := range l.join(ctx, keys) {
		switch v, e := l.wait(ctx, f); {
		case e == nil:
			found[keys[i]] = v
		case err == nil && !errors.Is(e, ErrNotFound):
			err = e
		}
	}
	return err
}

// unknown is keys without those that are remembered to be absent.
func (l *loads[V]) unknown(keys []string) (rest []string) {
	for _, key := range keys {
		if !l.absent.has(key) {
			rest = append(rest, key)
		}
	}
	return rest
}

// join takes a place on the flight of each key, and starts those that there are none of.
func (l *loads[V]) join(ctx context.Context, keys []string) []*flight[V] {
	all := make([]*flight[V], 0, len(keys))
	var fresh []*flight[V]
	l.mu.Lock()
	for _, key := range keys {
		f := l.boarding(key)
		if f == nil {
			f = l.begin(ctx, key)
			fresh = append(fresh, f)
		}
		f.waiters++
		all = append(all, f)
	}
	l.mu.Unlock()
	if len(fresh) > 0 {
		go l.lead(fresh)
	}
	return all
}

// boarding is the flight of a key that may be joined: not one whose load began before what is known of the key by
// now, or the value that another node deleted meanwhile would be shown. mu is held.
func (l *loads[V]) boarding(key string) *flight[V] {
	f := l.flights[key]
	if f != nil && f.at != (crdt.Version{}) && f.at.Less(l.table.Known(key).Version) {
		l.drop(f)
		return nil
	}
	return f
}

// begin makes the flight of a key. mu is held.
func (l *loads[V]) begin(ctx context.Context, key string) *flight[V] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(l.ctx, cancel)
	f := &flight[V]{key: key, ctx: ctx, cancel: func() { stop(); cancel() }, done: make(chan struct{})}
	l.flights[key] = f
	l.flying.Add(1)
	return f
}

// drop takes a flight out of those that may be joined. mu is held.
func (l *loads[V]) drop(f *flight[V]) {
	if f.stale = true; l.flights[f.key] == f {
		delete(l.flights, f.key)
	}
}

// wait waits for a flight as long as ctx lets it.
func (l *loads[V]) wait(ctx context.Context, f *flight[V]) (v V, err error) {
	select {
	case <-f.done:
		if f.err != nil && l.ctx.Err() != nil {
			return v, ErrClosed
		}
		return f.value, f.err
	case <-ctx.Done():
		l.leave(f)
		return v, ctx.Err()
	case <-l.ctx.Done():
		return v, ErrClosed
	}
}

// leave gives up a place; the last to leave cancels the flight.
func (l *loads[V]) leave(f *flight[V]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		l.drop(f)
		f.cancel()
	}
}

// lead takes flights to their end: what is here by now, what peers have, and for the rest Load.
func (l *loads[V]) lead(fs []*flight[V]) {
	if fs = l.look(fs, nil); l.ask != nil {
		fs = l.look(fs, l.askPeers(fs))
	}
	for _, f := range fs {
		switch {
		case l.load != nil && l.turn != nil && !f.strange:
			go l.queue(f)
		case l.load != nil:
			l.takeOff(f)
		case f.strange:
			l.answer(f, f.value, errStrange)
		default:
			l.answer(f, f.value, ErrNotFound)
		}
	}
}

// look ends the flights whose key is here, or was lent and has gone again for want of room, and returns the others.
func (l *loads[V]) look(fs []*flight[V], lent map[string]loan[V]) (rest []*flight[V]) {
	for _, f := range fs {
		v, r, ok := l.table.Peek(f.key, l.clock.now())
		b, borrowed := lent[f.key]
		switch {
		case ok:
			l.answer(f, v, nil)
		case b.ok:
			l.answer(f, b.value, nil)
		default:
			f.strange = borrowed || r.Kind == crdt.Value
			rest = append(rest, f)
		}
	}
	return rest
}

// askPeers asks in one round for all that is not here; what is here, however strange, is not asked for.
func (l *loads[V]) askPeers(fs []*flight[V]) map[string]loan[V] {
	var keys []string
	for _, f := range fs {
		if !f.strange {
			keys = append(keys, f.key)
		}
	}
	switch {
	case len(keys) == 0:
		return nil
	case len(fs) == 1:
		return l.ask(fs[0].ctx, keys)
	}
	return l.ask(l.ctx, keys)
}

// queue has a flight wait for its turn among the nodes that load its key. Another node's value ends it; one that has gone
// again for want of room is loaded here.
func (l *loads[V]) queue(f *flight[V]) {
	load, over := l.turn(f.ctx, f.key)
	f.over = over
	if !load && len(l.look([]*flight[V]{f}, nil)) == 0 {
		return
	}
	l.takeOff(f)
}

// takeOff starts the load of a flight once there is a slot.
func (l *loads[V]) takeOff(f *flight[V]) {
	select {
	case l.slots <- struct{}{}:
		go l.run(f)
	case <-f.ctx.Done():
		l.answer(f, f.value, f.ctx.Err())
	}
}

// refresh loads a key anew in the background, unless that is being done or just failed.
func (l *loads[V]) refresh(ctx context.Context, key string) {
	if l.absent.failed(key) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flights[key] == nil {
		f := l.begin(ctx, key)
		f.background, f.waiters = true, 1 // a place that nobody leaves
		go l.takeOff(f)
	}
}

// forget is told of every write of a key before it is done: a load that runs will not be stored, nor joined, and
// ErrNotFound is not remembered.
func (l *loads[V]) forget(key string) {
	if l.flying.Load() != 0 || l.absent.any() {
		l.overtake(key)
	}
}

func (l *loads[V]) overtake(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.flights[key]; f != nil {
		l.drop(f)
	}
	l.absent.forget(key)
}

// forgetAll is forget for every key.
func (l *loads[V]) forgetAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.flights {
		l.drop(f)
	}
	l.absent.forgetAll()
}
