package caches

import (
	"context"
	"errors"
	"time"

	"github.com/geolru/geolru"
)

// nodeCache is a cache of the product on a node of its own that has no peers: what it costs to be able to have some.
type nodeCache[V any] struct {
	geolruCache[V]
	node *geolru.Node
}

func openGeolruNode[V any](capacity int, ttl time.Duration) (Cache[V], error) {
	node, err := geolru.Join(context.Background(), geolru.Mesh{Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	if err != nil {
		return nil, err
	}
	c, err := geolru.Open(geolru.Options[V]{Node: node, Capacity: capacity, TTL: max(ttl, longest)})
	if err != nil {
		return nil, errors.Join(err, node.Close())
	}
	return nodeCache[V]{geolruCache[V]{c}, node}, nil
}

func (n nodeCache[V]) Close() { must(n.node.Close()) }
