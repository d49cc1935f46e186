package geolru

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
)

// table is the store of a cache, in values: local without a node, coded (bytes inside) with one. Of both most methods
// are the store's own. To Peek, a key that is here but whose value does not decode comes back as its register,
// Kind Value, and not ok; whoever is not ok otherwise has the zero register. Times and lifetimes are milliseconds.
type table[V any] interface {
	Hit(key string, now int64) (V, crdt.Time, bool)
	Peek(key string, now int64) (V, crdt.Register, bool)
	Known(key string) crdt.Register
	Set(key string, v V, ttl int64) (crdt.Version, error)
	SetIf(key string, held crdt.Version, v V, ttl int64) (bool, error)
	Delete(key string) (had bool)
	DeleteIf(key string, held crdt.Version) bool
	Touch(key string, ttl int64) bool
	Clear()
	Len() int
	Counts() store.Counts

	BeginLoad(key string) crdt.Version
	// Loaded makes a loaded value ready to be stored, outside every lock; put then stores it as of the version at.
	Loaded(v V) (put func(key string, at crdt.Version, ttl int64) bool, err error)
	// Records and Keys visit n slots from cursor on, and give the live ones; next 0 is the end.
	Records(cursor uint64, n int) (recs []store.Record[V], next uint64)
	Keys(cursor uint64, n int) (keys []string, next uint64)
	// Observe has f called for every change, under a lock; nil ends it.
	Observe(f func(change[V]))
}

// change is one change of a table. value decodes the value that came or went, later and outside of locks; it means
// something only where there is one.
type change[V any] struct {
	kind  store.ChangeKind
	key   string
	reg   crdt.Register
	value func() (v V, ok bool)
}

// local is the table of a cache without a node: the store of the values themselves.
type local[V any] struct{ *store.Store[V] }

func openLocal[V any](o Options[V], clk *clock, gone func(string, V, store.Cause)) local[V] {
	return local[V]{store.New(store.Config[V]{
		Capacity: o.Capacity,
		TTL:      o.TTL.Milliseconds(),
		Now:      clk.exact,
		Coarse:   &clk.ms,
		Weigh:    o.weigh(),
		Evicted:  gone,
	})}
}

func (t local[V]) Loaded(v V) (func(string, crdt.Version, int64) bool, error) {
	return func(key string, at crdt.Version, ttl int64) bool { return t.EndLoad(key, at, v, ttl) }, nil
}

func (t local[V]) Records(cursor uint64, n int) ([]store.Record[V], uint64) {
	return scanRecords(t.Store, cursor, n)
}

func (t local[V]) Keys(cursor uint64, n int) ([]string, uint64) { return scanKeys(t.Store, cursor, n) }

func (t local[V]) Observe(f func(change[V])) {
	if f == nil {
		t.OnChange(nil)
		return
	}
	t.OnChange(func(c store.Change[V]) {
		f(change[V]{c.Kind, c.Key, c.Register, func() (V, bool) { return c.Value, true }})
	})
}

func scanRecords[P any](s *store.Store[P], cursor uint64, n int) (recs []store.Record[P], next uint64) {
	next = s.Scan(cursor, n, func(r store.Record[P]) { recs = append(recs, r) })
	return recs, next
}

func scanKeys[P any](s *store.Store[P], cursor uint64, n int) (keys []string, next uint64) {
	next = s.Scan(cursor, n, func(r store.Record[P]) { keys = append(keys, r.Key) })
	return keys, next
}
