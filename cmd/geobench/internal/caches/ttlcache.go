package caches

import (
	"time"

	"github.com/jellydator/ttlcache/v3"
)

type ttlCache[V any] struct{ c *ttlcache.Cache[string, V] }

// openTTLCache does not let a read lengthen a life: nor do the others.
func openTTLCache[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	c := ttlcache.New(
		ttlcache.WithCapacity[string, V](uint64(capacity)),
		ttlcache.WithTTL[string, V](ttl),
		ttlcache.WithDisableTouchOnHit[string, V](),
	)
	go c.Start()
	return ttlCache[V]{c}, nil
}

func (t ttlCache[V]) Get(key string) (v V, ok bool) {
	item := t.c.Get(key)
	if item == nil {
		return v, false
	}
	return item.Value(), true
}

func (t ttlCache[V]) Set(key string, value V) { t.c.Set(key, value, ttlcache.DefaultTTL) }

func (t ttlCache[V]) SetTTL(key string, value V, ttl time.Duration) { t.c.Set(key, value, ttl) }

// Held does not ask Len, which leaves out what expired and is still there.
func (t ttlCache[V]) Held() int {
	m := t.c.Metrics()
	return int(m.Insertions - m.Evictions)
}

func (t ttlCache[V]) Settle() {}

func (t ttlCache[V]) Close() { t.c.Stop() }
