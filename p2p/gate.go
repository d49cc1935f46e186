package p2p

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// maxStrangers bounds the inbound connections that have not been admitted yet.
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
	claimed bool // a hello is under way
	taken   bool // the hello or the timer has got to decide; the other one has lost
	decided bool // err is set, done closed
	closed  bool // the connection is gone
}

func (a *admission) inbound() bool { return a.conn.Stat().Direction == network.DirInbound }

// gate knows every connection and whether it was admitted. Its zero value is not ready: use newGate. Safe for concurrent use.
//
// Admission is a connection's, not a peer's: two nodes that dial each other at once hold two connections, each with a hello
// of its own.
type gate struct {
	mu        sync.Mutex
	conns     map[network.Conn]*admission
	strangers int // inbound and not admitted
	patience  time.Duration
}

func newGate(patience time.Duration) *gate {
	return &gate{conns: map[network.Conn]*admission{}, patience: patience}
}

// enter registers a new connection; expire is called unless it is decided in time. The error says that there are too many
// strangers.
func (g *gate) enter(c network.Conn, expire func(*admission)) (*admission, error) {
	a := &admission{conn: c, peer: c.RemotePeer(), until: time.Now().Add(g.patience), done: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.inbound() && g.strangers >= maxStrangers {
		return a, refusal{refusedCrowd, "too many connections wait for admission"}
	}
	if a.inbound() {
		g.strangers++
	} else {
		a.claimed = true // the dialer sends the hello, it does not answer one
	}
	a.timer = time.AfterFunc(g.patience, func() { expire(a) })
	g.conns[c] = a
	return a, nil
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
	if err == nil && a.inbound() {
		g.strangers--
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
	if a.err != nil && a.inbound() {
		g.strangers--
	}
	a.closed = true
	delete(g.conns, c)
	return a
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
	a, err := h.gate.enter(c, h.expire)
	if err != nil {
		h.refused(a, err)
		c.Close()
		return
	}
	if !a.inbound() {
		h.background(func() { h.greetPeer(a) })
	}
}

// expire refuses a connection whose time is up.
func (h *Host) expire(a *admission) {
	if h.gate.take(a) {
		h.refuse(a, refusal{refusedLate, "no hello in " + h.cfg.times.hello.String()})
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
