package p2p

import (
	"sync"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/peer"
)

// drops gathers what gossip dropped until the engine is told: it drops in bursts of thousands, on gossipsub's own goroutine,
// which must not wait. Bounded: an entry for each topic and peer, twice. Use newDrops. Safe for concurrent use.
type drops struct {
	h *Host

	mu   sync.Mutex
	list map[loss]int // how many messages since the engine was told; guarded by mu
}

// loss says what was dropped, and between whom.
type loss struct {
	topic string
	peer  peer.ID // empty: on the way to everybody
	here  bool    // on the way in, not out
}

func newDrops(h *Host) *drops { return &drops{h: h, list: map[loss]int{}} }

// add notes a message that was dropped for want of room, and has the engine told.
func (d *drops) add(l loss, cause string) {
	d.h.count.gossip.WithLabelValues(cause).Inc()
	d.mu.Lock()
	first := len(d.list) == 0
	d.list[l]++
	d.mu.Unlock()
	if first {
		d.h.events.push(d.tell)
	}
}

func (d *drops) take() map[loss]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.list
	d.list = map[loss]int{}
	return list
}

// tell tells the engine. Topics of no cache are gossip's own, or of a cache that was shut meanwhile.
func (d *drops) tell() {
	names := d.h.gossip.names()
	for l, n := range d.take() {
		if cache, ok := names[l.topic]; ok {
			d.h.tellDrop(geo.Drop{Cache: cache, Peer: geo.ID(l.peer.String()), Here: l.here, N: n})
		}
	}
}

// names is the cache of each topic.
func (g *gossip) names() map[string]string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	names := make(map[string]string, len(g.topics))
	for cache, t := range g.topics {
		names[t.String()] = cache
	}
	return names
}
