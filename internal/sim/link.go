package sim

import (
	"time"

	"github.com/geolru/geolru/geo"
)

// link is one direction of a connection.
type link struct {
	from, to *Node
	last     int64    // when the last frame of a stream arrives: none overtakes another
	held     []func() // frames that wait for the end of a cut, as a transport would send them again
	closed   bool
}

// connect makes a connection, if both live and nothing is between them.
func (w *World) connect(a, b *Node) {
	if a == b || !a.up || !b.up || a.group != b.group || a.links[b.id] != nil {
		return
	}
	a.links[b.id], b.links[a.id] = &link{from: a, to: b}, &link{from: b, to: a}
	a.met(b, true)
	b.met(a, true)
}

func (n *Node) met(m *Node, connected bool) {
	life := n.life
	n.world.after(0, func() {
		if n.life == life && (n.links[m.id] != nil) == connected {
			n.peer(geo.Peer{ID: m.id, Region: m.region, Connected: connected})
		}
	})
}

// part ends a connection when it is noticed that nothing comes through.
func (w *World) part(a, b *Node) {
	ab, ba := a.links[b.id], b.links[a.id]
	if ab == nil && ba == nil {
		return
	}
	w.after(orDefault(w.Links.Notice, 10*time.Second), func() {
		if a.up && b.up && a.group == b.group && a.links[b.id] == ab && b.links[a.id] == ba {
			return // healed before anybody noticed
		}
		a.close(b, ab)
		b.close(a, ba)
		w.connect(a, b)
	})
}

func (n *Node) close(m *Node, l *link) {
	if l == nil || n.links[m.id] != l {
		return
	}
	l.closed = true
	delete(n.links, m.id)
	if n.up {
		n.met(m, false)
	}
}

// Cut divides the nodes: node i belongs to groups[i], and groups do not hear each other.
func (w *World) Cut(groups ...int) {
	for i, n := range w.nodes {
		n.group = groups[i]
	}
	for i, a := range w.nodes {
		for _, b := range w.nodes[i+1:] {
			if a.group != b.group {
				w.part(a, b)
			}
		}
	}
}

// Heal ends every cut. What waited on connections that still stand comes through now, the others are made anew.
func (w *World) Heal() {
	for _, n := range w.nodes {
		n.group = 0
	}
	for _, n := range w.nodes {
		for _, m := range w.nodes {
			if l := n.links[m.id]; l != nil {
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

func (l *link) cut() bool { return l.from.group != l.to.group || !l.to.up }

// gossip is lost, doubled and reordered.
func (l *link) gossip(cache string, batch []byte) {
	w := l.from.world
	copies := 1
	if w.rnd.Float64() < w.Links.Duplicate {
		copies = 2
	}
	for range copies {
		if w.rnd.Float64() < w.Links.Loss || l.cut() {
			continue
		}
		life := l.to.life
		w.after(l.delay(), func() {
			if l.to.life == life && !l.closed && !l.cut() && l.to.open[cache] {
				l.to.frame(l.from.id, 0, cache, batch)
			}
		})
	}
}

// stream keeps the order and loses nothing while the connection stands.
func (l *link) stream(lane uint8, frame []byte) {
	w := l.from.world
	at := max(w.now+int64(l.delay()), l.last)
	l.last = at
	life := l.to.life
	var arrive func()
	arrive = func() {
		switch {
		case l.closed || l.to.life != life:
		case l.cut():
			l.held = append(l.held, arrive)
		default:
			l.to.frame(l.from.id, lane, "", frame)
		}
	}
	w.after(time.Duration(at-w.now), arrive)
}

func (l *link) delay() time.Duration {
	w := l.from.world
	return w.Links.Delay + time.Duration(w.rnd.Float64()*float64(w.Links.Jitter))
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}
