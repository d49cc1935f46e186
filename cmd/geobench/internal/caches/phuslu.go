package caches

import (
	"time"

	"github.com/phuslu/lru"
)

// phusluCache counts time in whole seconds, and takes out what expired when it is read or evicted.
type phusluCache[V any] struct {
	c   *lru.TTLCache[string, V]
	ttl time.Duration
}

func openPhuslu[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	return phusluCache[V]{lru.NewTTLCache[string, V](capacity), ttl}, nil
}

func (p phusluCache[V]) Get(key string) (V, bool) { return p.c.Get(key) }

func (p phusluCache[V]) Set(key string, value V) { p.c.Set(key, value, p.ttl) }

func (p phusluCache[V]) SetTTL(key string, value V, ttl time.Duration) { p.c.Set(key, value, ttl) }

func (p phusluCache[V]) Held() int { return p.c.Len() }

func (p phusluCache[V]) Settle() {}

func (p phusluCache[V]) Close() {}
