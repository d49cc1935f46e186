package geolru

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
)

// absentFor is how long it is remembered that a loader had nothing, and how long a refresh that failed is not tried
// again: long enough to spare a database, short enough to wait for.
const absentFor = 5 * time.Second

// absent remembers keys whose load had nothing to show for, on this node alone: a verdict is the version that was known
// of the key, and holds while nothing newer is. The zero value remembers nothing.
// Safe for goroutines; loads calls what changes it under its lock, so that a write is not outrun.
type absent[V any] struct {
	table table[V]
	clock *clock
	keys  *store.Store[crdt.Version] // of which the loader said ErrNotFound; nil = none is remembered
	late  *store.Store[crdt.Version] // whose refresh failed; nil = there is no Refresh
	ttl   int64                      // of an entry, milliseconds
	until atomic.Int64               // no entry lives longer, Unix milliseconds
}

// init gives room for the verdicts of a cache of so many entries: that a key is nowhere for a tenth of them, that its
// refresh failed for all, or with a database that is down every read of the others would load again.
func (a *absent[V]) init(t table[V], clk *clock, entries int, ttl int64, refreshes bool) {
	a.table, a.clock, a.ttl = t, clk, min(absentFor.Milliseconds(), ttl)
	if entries >= 10 {
		a.keys = a.room(entries / 10)
	}
	if refreshes {
		a.late = a.room(entries)
	}
}

func (a *absent[V]) room(n int) *store.Store[crdt.Version] {
	return store.New(store.Config[crdt.Version]{Capacity: n, TTL: a.ttl, Now: a.clock.exact})
}

// any tells whether anything may be remembered: one look for the writes that meet nothing.
func (a *absent[V]) any() bool {
	until := a.until.Load()
	return until > 0 && until > a.clock.now()
}

// has tells whether a loader had nothing for the key lately.
func (a *absent[V]) has(key string) bool { return a.holds(a.keys, key) }

// failed tells whether the last refresh of the key failed lately.
func (a *absent[V]) failed(key string) bool { return a.holds(a.late, key) }

func (a *absent[V]) holds(verdicts *store.Store[crdt.Version], key string) bool {
	if verdicts == nil || !a.any() {
		return false
	}
	known, _, ok := verdicts.Hit(key, a.clock.now())
	return ok && known == a.table.Known(key).Version
}

// remember notes the failed load of f, if it is one to remember.
func (a *absent[V]) remember(f *flight[V]) {
	nothing := errors.Is(f.err, ErrNotFound) && a.keys != nil
	if !nothing && !f.background {
		return
	}
	a.until.Store(a.clock.exact() + a.ttl)
	if nothing {
		a.keys.Set(f.key, f.known, a.ttl)
	}
	if f.background {
		a.late.Set(f.key, f.known, a.ttl)
	}
}

func (a *absent[V]) forget(key string) {
	if a.keys != nil {
		a.keys.Delete(key)
	}
}

func (a *absent[V]) forgetAll() {
	if a.keys != nil {
		a.keys.Clear()
	}
}
