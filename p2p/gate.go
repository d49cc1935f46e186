package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	manet "github.com/multiformats/go-multiaddr/net"
)

// maxStrangers bounds the inbound connections that have not been admitted yet. One more takes the place of another.
const maxStrangers = 16

// admission is one connection on its way to being admitted, or admitted.
type admission struct {
	conn  network.Conn
	peer  peer.ID
	until time.Time     // when it must be admitted
	done  chan struct{} // closed when decided
	err   error         // set before done is closed; nil: admitted
	timer *time.Timer   // closes the connection at until

	// guarded by gate.mu
	turn    uint64 // the earlier it came the less
	holds   bool   // one of the places of strangers
	claimed bool   // a hello is under way
	taken   bool   // the hello or the timer has got to decide; the other one has lost
	decided bool   // err is set, done closed
	closed  bool   // the connection is gone
}

func (a *admission) inbound() bool { return a.conn.Stat().Direction == network.DirInbound }

// gate knows every connection and whether it was admitted. Its zero value is not ready: use newGate. Safe for concurrent use.
//
// Admission is a connection's, not a peer's: two nodes that dial each other at once hold two connections, each with a hello
// of its own.
type gate struct {
	mu        sync.Mutex
	conns     map[network.Conn]*admission
	strangers int // that hold a place: inbound and not admitted
	turns     uint64
	patience  time.Duration
}

func newGate(patience time.Duration) *gate {
	return &gate{conns: map[network.Conn]*admission{}, patience: patience}
}

// errCrowd refuses who must make room: whoever comes is let in, or a few silent connections would keep members out.
var errCrowd = refusal{refusedCrowd, "too many connections wait for admission: another one takes its place"}

// enter registers a new connection; expire is called unless it is decided in time. left, if not nil, has lost its place to it and
// is to be refused and closed; it is c's own admission if nobody else could.
func (g *gate) enter(c network.Conn, expire func(*admission)) (a, left *admission) {
	a = &admission{conn: c, peer: c.RemotePeer(), until: time.Now().Add(g.patience), done: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.inbound() {
		if g.strangers >= maxStrangers {
			if left = g.hindmost(); left == nil {
				return a, a
			}
			g.vacate(left)
		}
		g.strangers++
		a.holds = true
	} else {
		a.claimed = true // the dialer sends the hello, it does not answer one
	}
	g.turns++
	a.turn = g.turns
	a.timer = time.AfterFunc(g.patience, func() { expire(a) })
	g.conns[c] = a
	return a, left
}

// hindmost is who gives way: of the addresses with the most strangers the one who has been here longest. So an address cannot
// drive out those of others, and who would drive out an honest one from its own must make maxStrangers connections while that
// says hello. nil if all are about to be decided.
func (g *gate) hindmost() (most *admission) {
	held := map[string]int{}
	for _, a := range g.conns {
		if a.holds {
			held[a.from()]++
		}
	}
	for _, a := range g.conns {
		if !a.holds || a.taken && !a.decided {
			continue
		}
		if most == nil || held[a.from()] > held[most.from()] || held[a.from()] == held[most.from()] && a.turn < most.turn {
			most = a
		}
	}
	return most
}

// from is the network that a connection comes from: an IPv4 address, or the 64 bits of IPv6 that one host usually has.
func (a *admission) from() string {
	ip, err := manet.ToIP(a.conn.RemoteMultiaddr())
	if err != nil {
		return ""
	}
	if ip.To4() == nil {
		ip = ip.Mask(net.CIDRMask(64, 128))
	}
	return ip.String()
}

// vacate has a hold no place any more.
func (g *gate) vacate(a *admission) {
	if a.holds {
		a.holds = false
		g.strangers--
	}
}

// claim returns the admission of c for the one hello that it may answer, else nil.
func (g *gate) claim(c network.Conn) *admission {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.conns[c]
	if a == nil || a.claimed || a.decided {
		return nil
	}
	a.claimed = true
	return a
}

// take returns true to the first caller, who is to decide about a.
func (g *gate) take(a *admission) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.taken || a.decided {
		return false
	}
	a.taken = true
	a.timer.Stop()
	return true
}

// decide settles a, once: a connection that closed has been decided already.
func (g *gate) decide(a *admission, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.decideLocked(a, err)
}

func (g *gate) decideLocked(a *admission, err error) bool {
	if a.decided {
		return false
	}
	a.decided, a.err = true, err
	a.timer.Stop()
	if err == nil {
		g.vacate(a)
	}
	close(a.done)
	return true
}

// errGone is what becomes of an admission whose connection closed first.
var errGone = errors.New("the connection closed before it was admitted")

// leave forgets a closed connection and returns its admission, nil if it never entered.
func (g *gate) leave(c network.Conn) *admission {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.conns[c]
	if a == nil {
		return nil
	}
	g.decideLocked(a, errGone)
	g.vacate(a)
	a.closed = true
	delete(g.conns, c)
	return a
}

// rejected says whether a was refused.
func (g *gate) rejected(a *admission) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return a.decided && a.err != nil
}

// live says whether a's connection is still there.
func (g *gate) live(a *admission) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !a.closed
}

// wait returns nil once c is admitted: at once mostly, for the other side may be a moment ahead of this one.
func (g *gate) wait(ctx context.Context, c network.Conn) error {
	g.mu.Lock()
	a := g.conns[c]
	g.mu.Unlock()
	if a == nil {
		return errGone
	}
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return fmt.Errorf("wait for admission: %w", ctx.Err())
	}
}

// admittedOnly wraps a stream handler so that it sees streams of admitted connections only. A stream that comes while the
// hello is still under way waits for it; the hello's own deadline ends the wait.
func (h *Host) admittedOnly(next network.StreamHandler) network.StreamHandler {
	return func(s network.Stream) {
		if err := h.gate.wait(h.ctx, s.Conn()); err != nil {
			s.Reset()
			return
		}
		next(s)
	}
}

// connected is libp2p's notice of a new connection. It must not block.
func (h *Host) connected(_ network.Network, c network.Conn) {
	a, left := h.gate.enter(c, h.expire)
	if left == a {
		h.refused(a, errCrowd)
		c.Close()
		return
	}
	if left != nil {
		h.background(func() { h.turnOut(left, errCrowd) })
	}
	if !a.inbound() {
		h.background(func() { h.greetPeer(a) })
	}
}

// expire refuses a connection whose time is up.
func (h *Host) expire(a *admission) {
	h.turnOut(a, refusal{refusedLate, "no hello in " + h.cfg.times.hello.String()})
}

// turnOut refuses a connection that was not decided yet, and closes it if it is refused.
func (h *Host) turnOut(a *admission, why error) {
	if h.gate.take(a) {
		h.refuse(a, why)
	}
	if h.gate.rejected(a) {
		a.conn.Close()
	}
}

// refuse decides against a, which the caller has taken.
func (h *Host) refuse(a *admission, err error) {
	if h.gate.decide(a, err) {
		h.refused(a, err)
	}
}

// refused counts and logs.
func (h *Host) refused(a *admission, err error) {
	why := refusal{}
	if errors.As(err, &why) {
		h.count.refused(why.code)
	}
	h.journal.Warn(string(a.peer), "peer not admitted", "peer", a.peer.String(), "addr", a.conn.RemoteMultiaddr().String(), "reason", err.Error())
}
