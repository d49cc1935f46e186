package caches

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/geolru/geolru"
)

// nodeCache is a cache of the product on a node of its own that has no peers: what it costs to be able to have some.
type nodeCache[V any] struct {
	geolruCache[V]
	node    *geolru.Node
	figures *prometheus.Registry
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
	figures := prometheus.NewRegistry()
	return nodeCache[V]{geolruCache[V]{c}, node, figures}, figures.Register(node.Collector())
}

// look is how often a node is asked what waits.
const look = 5 * time.Millisecond

// Settle waits until all writes have been sent: they are encoded and signed also where no peer is.
func (n nodeCache[V]) Settle() {
	for n.waiting() {
		time.Sleep(look)
	}
}

func (n nodeCache[V]) waiting() bool {
	all, err := n.figures.Gather()
	must(err)
	for _, f := range all {
		if f.GetName() == "geolru_outbox" {
			return f.GetMetric()[0].GetGauge().GetValue() > 0
		}
	}
	panic("geolru_outbox is not among the metrics of a node")
}

func (n nodeCache[V]) Close() { must(n.node.Close()) }
