package geolru

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// coded is the table of a cache on a node: a store of bytes, in which a value is decoded when it is first read, and
// its decoded form kept beside the bytes. The bytes are the truth: they go on to other nodes as they came, also those
// of a newer program, in which this one knows some fields only or nothing at all.
type coded[V any] struct {
	*store.Store[replica.Blob]
	form[V]
}

func (t *coded[V]) Hit(key string, now int64) (v V, at crdt.Time, ok bool) {
	b, at, held := t.Store.Hit(key, now)
	switch {
	case !held:
		return v, 0, false
	case t.view != nil:
		return t.view(b.Bytes()), at, true
	}
	if v, ok = t.value(key, b); !ok {
		t.strange.reads.Add(1)
	}
	return v, at, ok
}

func (t *coded[V]) Peek(key string, now int64) (v V, r crdt.Register, ok bool) {
	b, r, held := t.Store.Peek(key, now)
	if held {
		v, ok = t.value(key, b)
	}
	return v, r, ok
}

// value decodes what the store gave for a key, and leaves the decoded form there.
func (t *coded[V]) value(key string, b replica.Blob) (v V, ok bool) {
	v, full, fresh, ok := t.decode(b)
	if fresh {
		t.Replace(key, full, b.Same)
	}
	return v, ok
}

func (t *coded[V]) Set(key string, v V, ttl int64) (crdt.Version, error) {
	b, err := t.encode(v)
	if err != nil {
		return crdt.Version{}, err
	}
	return t.Store.Set(key, b, ttl)
}

func (t *coded[V]) SetIf(key string, held crdt.Version, v V, ttl int64) (bool, error) {
	b, err := t.encode(v)
	if err != nil {
		return false, err
	}
	return t.Store.SetIf(key, held, b, ttl)
}

func (t *coded[V]) Counts() store.Counts {
	c, n := t.Store.Counts(), t.strange.reads.Load()
	c.Hits, c.Misses = c.Hits-min(n, c.Hits), c.Misses+n
	return c
}

func (t *coded[V]) Loaded(v V) (func(string, crdt.Version, int64) bool, error) {
	b, err := t.encode(v)
	return func(key string, at crdt.Version, ttl int64) bool { return t.EndLoad(key, at, b, ttl) }, err
}

func (t *coded[V]) Records(cursor uint64, n int) (recs []store.Record[V], next uint64) {
	blobs, next := scanRecords(t.Store, cursor, n)
	for _, b := range blobs {
		if v, ok := t.value(b.Key, b.Value); ok {
			recs = append(recs, store.Record[V]{Key: b.Key, Register: b.Register, Value: v})
		}
	}
	return recs, next
}

func (t *coded[V]) Keys(cursor uint64, n int) ([]string, uint64) { return scanKeys(t.Store, cursor, n) }

func (t *coded[V]) Observe(f func(change[V])) {
	if f == nil {
		t.OnChange(nil)
		return
	}
	t.OnChange(func(c store.Change[replica.Blob]) {
		f(change[V]{c.Kind, c.Key, c.Register, func() (v V, ok bool) {
			v, _, _, ok = t.decode(c.Value)
			return v, ok
		}})
	})
}
