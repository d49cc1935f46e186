package p2p

import (
	"errors"
	"slices"
	"sync"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	manet "github.com/multiformats/go-multiaddr/net"
)

// What happens to members, connections coming and going, is done by one goroutine in the order in which it happened: so the
// engine hears of each peer's comings and goings in order and never two at once.

// events is an unbounded queue of what that goroutine is to do: its producers are libp2p's notices, which must not block,
// and there are no more of them than connections. Use newEvents. Safe for concurrent use.
type events struct {
	wake chan struct{}

	mu   sync.Mutex
	todo []func() // guarded by mu
}

func newEvents() *events {
	return &events{wake: make(chan struct{}, 1)}
}

func (e *events) push(f func()) {
	e.mu.Lock()
	e.todo = append(e.todo, f)
	e.mu.Unlock()
	nudge(e.wake)
}

// nudge wakes whoever waits on c, now or later; c has room for one nudge, more are the same.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run does what is pushed until stop is closed.
func (e *events) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-e.wake:
		}
		for _, f := range e.take() {
			f()
		}
	}
}

func (e *events) take() []func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	todo := e.todo
	e.todo = nil
	return todo
}

// admit makes a proven connection a member's.
func (h *Host) admit(a *admission, who proof) {
	h.events.push(func() { h.join(a, who) })
}

// disconnected is libp2p's notice of a closed connection. It must not block.
func (h *Host) disconnected(_ network.Network, c network.Conn) {
	if a := h.gate.leave(c); a != nil {
		h.events.push(func() { h.part(a) })
	}
}

// join adds an admitted connection to its member. The engine hears of the peer before any stream of it is served, for those
// wait for the decision.
func (h *Host) join(a *admission, who proof) {
	if !h.gate.live(a) {
		return
	}
	if h.roster.overtaken(a.peer, who.life) {
		h.refuse(a, errTwice)
		h.background(func() { a.conn.Close() })
		return
	}
	h.supersede(a, who.life)
	p, first := h.enrol(a, who)
	if p.ID == "" {
		h.refuse(a, errFull)
		a.conn.Close()
		return
	}
	if first {
		h.journal.Info("up "+string(a.peer), "peer connected", "peer", p.ID, "region", p.Region, "addr", a.conn.RemoteMultiaddr().String())
		h.tellPeer(p)
	}
	h.gate.decide(a, nil)
	if first {
		h.gossip.arrived(a.peer)
		h.introduce(a.peer)
	}
	h.dialer.wake()
}

// supersede ends the connections of an earlier life of the peer: they are dead, though nobody has noticed yet.
func (h *Host) supersede(a *admission, now life) {
	for _, old := range h.roster.outlived(a, now) {
		h.background(func() { old.conn.Close() })
		h.part(old)
	}
}

// errTwice is why the earlier of two nodes of one identity is not admitted beside the later. They would take turns else, each
// ending the other's connections as those of a life that is over.
var errTwice = errors.New("another node has this identity and came later: was its directory copied?")

// overtaken says whether a life of a peer has been followed by one that is connected. A life that is over does not come back,
// so this is of another process.
func (r *roster) overtaken(id peer.ID, l life) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	m := r.members[id]
	return m != nil && m.connected() && m.life != l && slices.Contains(m.past, l)
}

func (r *roster) outlived(a *admission, now life) []*admission {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if m := r.members[a.peer]; m != nil && m.life != now {
		return slices.Clone(m.conns)
	}
	return nil
}

var errFull = errors.New("this node knows too many members")

// enrol records the connection and says whether it is the member's first. A zero Peer says that the roster is full.
func (h *Host) enrol(a *admission, who proof) (p geo.Peer, first bool) {
	near := manet.IsIPLoopback(a.conn.RemoteMultiaddr())
	r := h.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.ensureLocked(a.peer)
	if m == nil {
		return p, false
	}
	first = !m.connected()
	m.begins(who.life)
	m.region, m.addrs = who.region, told(who.addrs, a.peer, near)
	m.admitted, m.seen = true, r.now()
	m.dial.rest()
	m.conns = append(m.conns, a)
	if first {
		m.link = h.newLink(a.peer)
		r.links[geo.ID(a.peer.String())] = m.link
	}
	return m.peer(), first
}

// begins notes the life of a member's connection.
func (m *member) begins(l life) {
	if m.life == l {
		return
	}
	if m.life != (life{}) {
		m.past = append(slices.DeleteFunc(m.past, func(p life) bool { return p == l }), m.life)
		m.past = m.past[max(0, len(m.past)-maxLives):]
	}
	m.life = l
}

// part takes a closed connection from its member, and with the last one the member's link.
func (h *Host) part(a *admission) {
	p, gone := h.withdraw(a)
	if gone == nil {
		return
	}
	gone.cut()
	h.journal.Info("down "+string(a.peer), "peer disconnected", "peer", p.ID)
	h.tellPeer(p)
	h.dialer.wake()
}

// withdraw returns the link that is to be cut, nil while the member has another connection or never had this one.
func (h *Host) withdraw(a *admission) (geo.Peer, *link) {
	r := h.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.members[a.peer]
	if m == nil || !slices.Contains(m.conns, a) {
		return geo.Peer{}, nil
	}
	m.conns = slices.DeleteFunc(m.conns, func(b *admission) bool { return b == a })
	m.seen = r.now()
	if m.connected() {
		return geo.Peer{}, nil
	}
	if m.seen.Sub(a.conn.Stat().Opened) < h.cfg.times.retry {
		m.calm.failed(m.seen, h.cfg.times)
	} else {
		m.calm.rest()
	}
	gone := m.link
	m.link = nil
	delete(r.links, geo.ID(a.peer.String()))
	return m.peer(), gone
}
