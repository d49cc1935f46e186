package geolru

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/geolru/geolru/crdt"
)

// errGoexit is the result of a loader that ended its goroutine instead of returning.
var errGoexit = errors.New("geolru: load: the loader called runtime.Goexit")

// errStrange is the result of a key whose value does not decode, where there is no loader to ask instead.
var errStrange = fmt.Errorf("%w: what is here does not decode", ErrNotFound)

// flight is one look for a missing key: peers, then Load. All who miss the key meanwhile wait for it.
//
// value, err, known, at and put belong to its goroutine until done is closed, to everybody afterwards; at is written
// under loads.mu, too, since those who come later look at it.
type flight[V any] struct {
	key        string
	ctx        context.Context // the first caller's values; cancelled when nobody waits any more
	cancel     func()
	done       chan struct{}
	background bool // a refresh: there is an old value, and nobody waits
	strange    bool // what is here does not decode: load, but leave it as it is

	// Guarded by loads.mu.
	waiters int
	stale   bool         // out of loads.flights; nothing of it is stored if a write took it out
	at      crdt.Version // the stamp of the load, zero before it begins

	known crdt.Version // of what was known of the key when the load began
	value V
	err   error
	put   func(key string, at crdt.Version, ttl int64) bool // stores the value
	over  func(loaded bool)                                 // tells other nodes what came of it; nil = they wait for nothing
}

// run loads, on a goroutine that may end here: by return, by a panic of the loader, or by its runtime.Goexit.
func (l *loads[V]) run(f *flight[V]) {
	defer l.land(f)
	defer f.recovered()
	l.stamp(f)
	f.err = errGoexit
	f.value, f.err = l.load(f.ctx, f.key)
	if f.err == nil {
		l.ready(f)
	}
}

// stamp dates the load at its start: what is written while it runs wins over it.
func (l *loads[V]) stamp(f *flight[V]) {
	l.begun.Add(1)
	f.known = l.table.Known(f.key).Version
	l.mu.Lock()
	defer l.mu.Unlock()
	f.at = l.table.BeginLoad(f.key)
}

// ready encodes a loaded value. One that cannot be stored is an answer all the same.
func (l *loads[V]) ready(f *flight[V]) {
	put, err := l.table.Loaded(f.value)
	if err != nil {
		l.failed.Add(1)
		l.unfit(f.key, err)
		return
	}
	f.put = put
}

func (f *flight[V]) recovered() {
	if r := recover(); r != nil {
		f.err = fmt.Errorf("geolru: load %q: panic: %v\n\n%s", f.key, r, debug.Stack())
	}
}

// land ends a load: its slot is free, its result goes into the table, those who wait get it.
func (l *loads[V]) land(f *flight[V]) {
	<-l.slots
	if f.err != nil && !errors.Is(f.err, ErrNotFound) {
		l.failed.Add(1)
	}
	l.gone.hold()
	if stored := l.settle(f); !stored {
		l.prefer(f)
	}
	l.finish(f)
	l.gone.release()
}

// settle stores what was loaded, or remembers that there is nothing. The lock is what a Delete of a key that leaves no
// trace in the table needs: it marks the flight first and deletes then, so either the mark is seen here, or the Delete
// finds what was stored. What OnEvict has to hear meanwhile waits in l.gone, for it may write, and a write takes the
// lock. Options.Weigh is called here, and may panic as the loader may.
func (l *loads[V]) settle(f *flight[V]) (stored bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer f.recovered()
	switch {
	case f.stale:
	case f.err != nil:
		l.absent.remember(f)
	case f.put != nil && !f.strange:
		return f.put(f.key, f.at, l.ttl)
	}
	return false
}

// prefer answers with what was written while the load ran, if it is there.
func (l *loads[V]) prefer(f *flight[V]) {
	if v, _, ok := l.table.Peek(f.key, l.clock.now()); ok {
		f.value, f.err = v, nil
	}
}

// answer ends a flight that needs no load.
func (l *loads[V]) answer(f *flight[V], v V, err error) {
	f.value, f.err = v, err
	l.finish(f)
}

func (l *loads[V]) finish(f *flight[V]) {
	l.mu.Lock()
	l.drop(f)
	l.mu.Unlock()
	l.flying.Add(-1)
	if f.over != nil {
		f.over(f.err == nil)
	}
	f.cancel()
	close(f.done)
}
