package caches

import (
	"time"

	"github.com/maypok86/otter/v2"
)

type otterCache[V any] struct{ c *otter.Cache[string, V] }

func openOtter[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	c, err := otter.New(&otter.Options[string, V]{
		MaximumSize:      capacity,
		ExpiryCalculator: otter.ExpiryWriting[string, V](ttl),
	})
	return otterCache[V]{c}, err
}

func (o otterCache[V]) Get(key string) (V, bool) { return o.c.GetIfPresent(key) }

func (o otterCache[V]) Set(key string, value V) { o.c.Set(key, value) }

// SetTTL sets and then shortens: a calculator that knew each deadline would need to be told of it beside the entry.
func (o otterCache[V]) SetTTL(key string, value V, ttl time.Duration) {
	o.c.Set(key, value)
	o.c.SetExpiresAfter(key, ttl)
}

func (o otterCache[V]) Held() int { return o.c.EstimatedSize() }

func (o otterCache[V]) Settle() { o.c.CleanUp() }

func (o otterCache[V]) Close() { o.c.StopAllGoroutines() }
