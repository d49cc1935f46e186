package caches

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/expirable"
)

type golangLRUCache[V any] struct{ c *lru.Cache[string, V] }

func openGolangLRU[V any](capacity int, _ time.Duration) (Cache[V], error) {
	c, err := lru.New[string, V](capacity)
	return golangLRUCache[V]{c}, err
}

func (g golangLRUCache[V]) Get(key string) (V, bool) { return g.c.Get(key) }

func (g golangLRUCache[V]) Set(key string, value V) { g.c.Add(key, value) }

func (g golangLRUCache[V]) Held() int { return g.c.Len() }

func (g golangLRUCache[V]) Settle() {}

func (g golangLRUCache[V]) Close() {}

// expirableCache has one lifetime for all its entries.
type expirableCache[V any] struct{ c *expirable.LRU[string, V] }

func openExpirable[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	return expirableCache[V]{expirable.NewLRU[string, V](capacity, nil, ttl)}, nil
}

func (e expirableCache[V]) Get(key string) (V, bool) { return e.c.Get(key) }

func (e expirableCache[V]) Set(key string, value V) { e.c.Add(key, value) }

func (e expirableCache[V]) Held() int { return e.c.Len() }

func (e expirableCache[V]) Settle() {}

// Close can only empty it: its goroutine runs for ever, and holds it.
func (e expirableCache[V]) Close() { e.c.Purge() }
