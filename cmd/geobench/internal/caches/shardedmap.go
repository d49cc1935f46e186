package caches

import (
	"hash/maphash"
	"sync"
	"time"
)

const mapShards = 256 // twice as many as geolru has at the most

// shardedMap is the limit: what a map and a lock cost, without order, bound or lifetime.
type shardedMap[V any] struct {
	seed   maphash.Seed
	shards [mapShards]mapShard[V]
}

type mapShard[V any] struct {
	mu sync.RWMutex // guards m
	m  map[string]V
}

func openShardedMap[V any](capacity int, _ time.Duration) (Cache[V], error) {
	s := &shardedMap[V]{seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].m = make(map[string]V, capacity/mapShards)
	}
	return s, nil
}

func (s *shardedMap[V]) of(key string) *mapShard[V] {
	return &s.shards[maphash.String(s.seed, key)%mapShards]
}

func (s *shardedMap[V]) Get(key string) (V, bool) {
	sh := s.of(key)
	sh.mu.RLock()
	v, ok := sh.m[key]
	sh.mu.RUnlock()
	return v, ok
}

func (s *shardedMap[V]) Set(key string, value V) {
	sh := s.of(key)
	sh.mu.Lock()
	sh.m[key] = value
	sh.mu.Unlock()
}

func (s *shardedMap[V]) Held() (n int) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.RLock()
		n += len(sh.m)
		sh.mu.RUnlock()
	}
	return n
}

func (s *shardedMap[V]) Settle() {}

func (s *shardedMap[V]) Close() {}
