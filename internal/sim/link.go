package sim

import (
	"time"

	"github.com/geolru/geolru/geo"
)

// Links says how the links between nodes are. The zero value is a network without delay and faults.
type Links struct {
	Delay     time.Duration                    // one way
	Way       func(from, to int) time.Duration // … instead, from one node of the world to another; nil = all the same
	Jitter    time.Duration                    // at most, uniform, on top; gossip is reordered by it, streams are not
	Loss      float64                          // of gossip, 0 to 1
	Duplicate float64                          // of gossip, 0 to 1
	Slow      float64                          // of gossip: the part that comes later, 0 to 1
	Late      time.Duration                    // … by so much at most, uniform
	Break     float64                          // per frame of a stream: that the connection breaks and is made anew, 0 to 1
	Notice    time.Duration                    // until the end of a connection that was cut is noticed; 0 = 10 s
	Redial    time.Duration                    // from the heal to the new connection; 0 = 1 s
	Queue     int                              // batches that wait for one peer, or at one node to be looked at; more are dropped; 0 = geo.QueueLimit
	Work      time.Duration                    // that a node spends on a batch
	Gossip    bool                             // batches travel as gossipsub has them travel (gossip.go); else from the author to each
}

// link is one direction of a connection.
type link struct {
	from, to *Node
	last     int64    // when the last frame of a stream arrives: none overtakes another
	held     []func() // frames that wait for the end of a cut, as a transport would send them again
	queue    int      // batches under way
	told     bool     // the engine knows of the connection
	closed   bool
}

// connect makes a connection, if both live, one of them wants it and nothing is between them.
func (w *World) connect(a, b *Node) {
	if a == b || !a.up || !b.up || !a.wants(b) && !b.wants(a) || a.parted(b) || a.links[b.id] != nil || b.links[a.id] != nil {
		return
	}
	ab, ba := &link{from: a, to: b}, &link{from: b, to: a}
	a.links[b.id], b.links[a.id] = ab, ba
	a.met(ab)
	b.met(ba)
}

// met tells the engine of a connection, unless it has ended by then.
func (n *Node) met(l *link) {
	life := n.life
	n.world.after(0, func() {
		if n.life == life && !l.closed {
			l.told, n.known[l.to.id] = true, true
			n.peer(geo.Peer{ID: l.to.id, Region: l.to.region, Connected: true})
		}
	})
}

// left tells the engine that a connection has ended.
func (n *Node) left(l *link) {
	life := n.life
	n.world.after(0, func() {
		if n.life == life && l.told {
			n.peer(geo.Peer{ID: l.to.id, Region: l.to.region})
		}
	})
}

// parted tells whether nothing comes through in one direction or both: no connection can be made.
func (n *Node) parted(m *Node) bool {
	return n.group != m.group || n.mute[m.id] || m.mute[n.id]
}

// part ends a connection when it is noticed that nothing comes through.
func (w *World) part(a, b *Node) {
	ab, ba := a.links[b.id], b.links[a.id]
	if ab == nil && ba == nil {
		return
	}
	w.after(orDefault(w.Links.Notice, 10*time.Second), func() {
		if a.up && b.up && !a.parted(b) && a.links[b.id] == ab && b.links[a.id] == ba {
			return // healed before anybody noticed
		}
		a.close(ab)
		b.close(ba)
		w.connect(a, b)
	})
}

// close ends a node's side of a connection.
func (n *Node) close(l *link) {
	if l == nil || n.links[l.to.id] != l {
		return
	}
	l.closed = true
	delete(n.links, l.to.id)
	if n.up {
		n.left(l)
	}
}

// Break ends the connection of two nodes at once, with all that is under way, and has it made anew.
func (w *World) Break(a, b *Node) {
	w.Tally.Breaks++
	a.close(a.links[b.id])
	b.close(b.links[a.id])
	w.after(orDefault(w.Links.Redial, time.Second), func() { w.connect(a, b) })
}

// Cut divides the nodes: node i belongs to groups[i], and groups do not hear each other. It takes the place of an
// earlier cut.
func (w *World) Cut(groups ...int) {
	w.Tally.Cuts++
	for i, n := range w.nodes {
		n.group = groups[i]
	}
	w.partAll()
	w.mend()
}

// Mute has nothing that a node sends to another arrive, until the heal. The other way stays open until it is noticed.
func (w *World) Mute(from, to *Node) {
	w.Tally.Mutes++
	from.mute[to.id] = true
	w.part(from, to)
}

// Heal ends every cut and every mute. What waited on connections that still stand comes through now, the others are made
// anew.
func (w *World) Heal() {
	for _, n := range w.nodes {
		n.group = 0
		clear(n.mute)
	}
	w.mend()
}

// partAll parts whom something is between.
func (w *World) partAll() {
	for i, a := range w.nodes {
		for _, b := range w.nodes[i+1:] {
			if a.parted(b) {
				w.part(a, b)
			}
		}
	}
}

// mend lets through what waited, and connects whom nothing is between any more, as far as they want it.
func (w *World) mend() {
	for _, n := range w.nodes {
		for _, m := range w.nodes {
			if l := n.links[m.id]; l != nil && !l.cut() {
				l.release()
			}
		}
	}
	w.after(orDefault(w.Links.Redial, time.Second), func() {
		for i, a := range w.nodes {
			for _, b := range w.nodes[i+1:] {
				w.connect(a, b)
			}
		}
	})
}

func (l *link) release() {
	held := l.held
	l.held = nil
	for _, f := range held {
		f()
	}
}

// cut tells whether nothing arrives in this direction.
func (l *link) cut() bool { return l.from.group != l.to.group || l.from.mute[l.to.id] || !l.to.up }

// stream keeps the order and loses nothing while the connection stands.
func (l *link) stream(lane uint8, frame []byte) {
	w := l.from.world
	if w.Links.Break > 0 && w.rnd.Float64() < w.Links.Break {
		w.Break(l.from, l.to)
		return
	}
	at := max(w.now+int64(l.delay()), l.last)
	l.last = at
	life := l.to.life
	var arrive func()
	arrive = func() {
		switch {
		case l.closed || l.to.life != life:
		case l.cut():
			l.held = append(l.held, arrive)
		case w.Drop != nil && w.Drop(lane):
		default:
			w.tell(l.from, l.to, lane, frame)
			if !l.to.frame(l.from.id, lane, "", frame) {
				w.Malformed++
			}
			if lane != geo.LaneProbe { // which changes nothing but what is known of a peer
				l.to.step()
			}
		}
	}
	w.after(time.Duration(at-w.now), arrive)
}

func (l *link) delay() time.Duration {
	w := l.from.world
	if w.Links.Way != nil {
		return w.Links.Way(l.from.index, l.to.index)
	}
	return w.Links.Delay + time.Duration(w.rnd.Float64()*float64(w.Links.Jitter))
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}
