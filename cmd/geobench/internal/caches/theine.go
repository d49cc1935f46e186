package caches

import (
	"time"

	"github.com/Yiling-J/theine-go"
)

type theineCache[V any] struct {
	c   *theine.Cache[string, V]
	ttl time.Duration
}

func openTheine[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	c, err := theine.NewBuilder[string, V](int64(capacity)).Build()
	return theineCache[V]{c, ttl}, err
}

func (t theineCache[V]) Get(key string) (V, bool) { return t.c.Get(key) }

func (t theineCache[V]) Set(key string, value V) { t.c.SetWithTTL(key, value, 1, t.ttl) }

func (t theineCache[V]) SetTTL(key string, value V, ttl time.Duration) {
	t.c.SetWithTTL(key, value, 1, ttl)
}

func (t theineCache[V]) Held() int { return t.c.Len() }

func (t theineCache[V]) Settle() { t.c.Wait() }

func (t theineCache[V]) Close() { t.c.Close() }
