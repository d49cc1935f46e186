package caches

import (
	"time"

	"github.com/dgraph-io/ristretto/v2"
)

type ristrettoCache[V any] struct {
	c   *ristretto.Cache[string, V]
	ttl time.Duration
}

// openRistretto follows the comments of ristretto.Config: ten counters an entry, Get buffers of 64.
func openRistretto[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	c, err := ristretto.NewCache(&ristretto.Config[string, V]{
		NumCounters:        10 * int64(capacity),
		MaxCost:            int64(capacity),
		BufferItems:        64,
		IgnoreInternalCost: true, // the cost is in entries
	})
	return ristrettoCache[V]{c, ttl}, err
}

func (r ristrettoCache[V]) Get(key string) (V, bool) { return r.c.Get(key) }

// Set may be dropped when the cache's buffer is full.
func (r ristrettoCache[V]) Set(key string, value V) { r.c.SetWithTTL(key, value, 1, r.ttl) }

func (r ristrettoCache[V]) SetTTL(key string, value V, ttl time.Duration) {
	r.c.SetWithTTL(key, value, 1, ttl)
}

func (r ristrettoCache[V]) Held() int { return int(r.c.MaxCost() - r.c.RemainingCost()) }

func (r ristrettoCache[V]) Settle() { r.c.Wait() }

func (r ristrettoCache[V]) Close() { r.c.Close() }
