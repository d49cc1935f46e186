package sim

import (
	"maps"
	"time"

	"github.com/geolru/geolru/geo"
)

// linger is how long a connection stands that neither side wants any more: as in package p2p, long enough to measure the way.
const linger = 10 * time.Second

// Keep says whom of those it has met to stay connected to; before the first call it is everybody. As in package p2p a
// connection stands while one of the two wants it, whom it wants anew a node dials, whom it has not met it dials to get to know,
// and what nobody wants is closed after a while.
func (n *Node) Keep(want []geo.ID) {
	had := n.shun
	n.shun = maps.Clone(n.known)
	for _, id := range want {
		delete(n.shun, id)
	}
	w, surplus := n.world, false
	for _, m := range w.nodes {
		switch {
		case n.wants(m) && had[m.id]:
			w.after(orDefault(w.Links.Redial, time.Second), func() { w.connect(n, m) })
		case n.surplus(m):
			surplus = true
		}
	}
	if surplus {
		w.after(linger, n.shed)
	}
}

// shed closes the connections that nobody wants.
func (n *Node) shed() {
	for _, m := range n.world.nodes {
		if n.surplus(m) {
			ab, ba := n.links[m.id], m.links[n.id]
			n.close(ab)
			m.close(ba)
		}
	}
}

// surplus tells of a connection that neither side wants.
func (n *Node) surplus(m *Node) bool { return n.links[m.id] != nil && !n.wants(m) && !m.wants(n) }

func (n *Node) wants(m *Node) bool { return !n.shun[m.id] }
