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

// absent remembers keys whose load had nothing to show for, on this node alone. The zero value remembers nothing.
// Safe for goroutines; loads calls what changes it under its lock, so that a write is not outrun.
type absent[V any] struct {
	table table[V]
	clock *clock
	keys  *store.Store[verdict] // nil = nothing is remembered
	ttl   int64                 // of an entry, milliseconds
	until atomic.Int64          // no entry lives longer, Unix milliseconds
}

// verdict is the result of a load. It holds while nothing newer is known of the key.
type verdict struct {
	known   crdt.Version
	nothing bool // the loader said ErrNotFound, else a refresh failed
}

// init gives room for so many keys.
func (a *absent[V]) init(t table[V], clk *clock, keys int, ttl int64) {
	a.table, a.clock, a.ttl = t, clk, min(absentFor.Milliseconds(), ttl)
	if keys == 0 {
		return
	}
	a.keys = store.New(store.Config[verdict]{
		Capacity: keys,
		TTL:      a.ttl,
		Now:      clk.exact,
	})
}

// any tells whether anything may be remembered: one look for the writes that meet nothing.
func (a *absent[V]) any() bool {
	until := a.until.Load()
	return until > 0 && until > a.clock.now()
}

// has tells whether a loader had nothing for the key lately.
func (a *absent[V]) has(key string) bool {
	v, ok := a.verdict(key)
	return ok && v.nothing
}

// failed tells whether the last refresh of the key failed lately.
func (a *absent[V]) failed(key string) bool {
	_, ok := a.verdict(key)
	return ok
}

func (a *absent[V]) verdict(key string) (verdict, bool) {
	if !a.any() {
		return verdict{}, false
	}
	v, _, ok := a.keys.Hit(key, a.clock.now())
	return v, ok && v.known == a.table.Known(key).Version
}

// remember notes the failed load of f, if it is one to remember.
func (a *absent[V]) remember(f *flight[V]) {
	nothing := errors.Is(f.err, ErrNotFound)
	if a.keys == nil || !nothing && !f.background {
		return
	}
	a.until.Store(a.clock.exact() + a.ttl)
	a.keys.Set(f.key, verdict{f.known, nothing}, a.ttl)
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
