package caches

import (
	"time"

	"github.com/geolru/geolru"
)

// geolruCache is a cache of the product without a node, through the public API.
type geolruCache[V any] struct{ c *geolru.Cache[V] }

func openGeolru[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	c, err := geolru.Open(geolru.Options[V]{Capacity: capacity, TTL: max(ttl, longest)})
	return geolruCache[V]{c}, err
}

// longest is the longest lifetime of an entry that SetTTL may be asked for.
const longest = time.Hour

func (g geolruCache[V]) Get(key string) (V, bool) { return g.c.GetIfPresent(key) }

func (g geolruCache[V]) Set(key string, value V) { must(g.c.Set(key, value)) }

func (g geolruCache[V]) SetTTL(key string, value V, ttl time.Duration) {
	must(g.c.SetTTL(key, value, ttl))
}

func (g geolruCache[V]) Held() int { return g.c.Stats().Entries }

func (g geolruCache[V]) Settle() {}

func (g geolruCache[V]) Close() { must(g.c.Close()) }

// must stops the measurement at an error that well-formed keys and values cannot cause: figures taken after it would
// be of something else.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
