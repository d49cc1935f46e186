package caches

import (
	"hash/maphash"
	"time"

	"github.com/elastic/go-freelru"
)

// freelruCache takes out what expired when it is read or evicted.
type freelruCache[V any] struct {
	c *freelru.ShardedLRU[string, V]
}

// openFreelru hashes as geolru does, freelru leaves the choice to its user.
func openFreelru[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	seed := maphash.MakeSeed()
	c, err := freelru.NewSharded[string, V](uint32(capacity), func(key string) uint32 {
		return uint32(maphash.String(seed, key))
	})
	if err != nil {
		return nil, err
	}
	c.SetLifetime(ttl)
	return freelruCache[V]{c}, nil
}

func (f freelruCache[V]) Get(key string) (V, bool) { return f.c.Get(key) }

func (f freelruCache[V]) Set(key string, value V) { f.c.Add(key, value) }

func (f freelruCache[V]) SetTTL(key string, value V, ttl time.Duration) {
	f.c.AddWithLifetime(key, value, ttl)
}

func (f freelruCache[V]) Held() int { return f.c.Len() }

func (f freelruCache[V]) Settle() {}

func (f freelruCache[V]) Close() {}
