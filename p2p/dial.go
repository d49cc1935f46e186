package p2p

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

// maxDials bounds the dials under way. A dial into a cut lasts its whole timeout, and there may be a region of them: the
// living must not wait behind the dead.
const maxDials = 64

// attempt is the state of dialling one member or one bootstrap address, for ever: the wait grows by a quarter with every
// failure, from a second up to a minute, and starts anew after a success. So a peer that comes back is found after a quarter
// of the time that it was away, where a wait that doubles finds it after as long again, for twelve dials in the first minute
// instead of six. The zero value is due at once.
type attempt struct {
	busy bool
	wait time.Duration // before the next, jitter apart
	next time.Time
}

func (a *attempt) due(now time.Time) bool { return !a.busy && !now.Before(a.next) }

// rest forgets failures.
func (a *attempt) rest() { a.wait, a.next = 0, time.Time{} }

// failed sets the next time: half the wait to the whole of it, lest all who lost a peer at once come back at once.
func (a *attempt) failed(now time.Time, t timings) {
	a.wait = min(max(a.wait+a.wait/4, t.retry), t.retryMax)
	a.next = now.Add(a.wait/2 + rand.N(a.wait/2+1))
}

// hope makes the next attempt soon: somebody says that the peer is alive.
func (a *attempt) hope(now time.Time, t timings) {
	if soon := now.Add(rand.N(t.retry)); a.next.After(soon) {
		a.next = soon
	}
}

// dialer keeps this host connected to whom it should be. One goroutine decides, others dial.
type dialer struct {
	h     *Host
	kick  chan struct{}
	slots chan struct{} // one per dial under way
	seeds []*seed       // guarded by roster.mu
}

func (h *Host) newDialer() *dialer {
	d := &dialer{h: h, kick: make(chan struct{}, 1), slots: make(chan struct{}, maxDials)}
	for _, a := range h.cfg.bootstrap {
		bare, id := peer.SplitAddr(a)
		if bare == nil {
			bare = a
		}
		d.seeds = append(d.seeds, &seed{text: a.String(), addr: bare, want: id, self: id == h.id})
	}
	return d
}

// wake makes the dialer look again: somebody came, went, was heard of, or is wanted now.
func (d *dialer) wake() { nudge(d.kick) }

// run dials what is due until ctx is done.
func (d *dialer) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-d.kick:
		}
		timer.Reset(d.round(ctx))
	}
}

// round starts every dial that is due and returns how long to sleep unless woken.
func (d *dialer) round(ctx context.Context) time.Duration {
	now := d.h.roster.now()
	jobs, sleep := d.due(now)
	for _, job := range jobs {
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			return sleep
		}
		d.h.background(func() {
			defer func() { <-d.slots }()
			job(ctx)
			d.wake()
		})
	}
	return sleep
}

// due marks what is to be dialled as busy and returns it, with the time to the next that will be.
func (d *dialer) due(now time.Time) (jobs []func(context.Context), sleep time.Duration) {
	sleep = d.h.cfg.times.retryMax
	r := d.h.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	add := func(a *attempt, m *member, job func(context.Context)) {
		switch {
		case a.busy:
		case !a.due(now):
			sleep = min(sleep, a.next.Sub(now))
		case m != nil && !m.calm.due(now):
			sleep = min(sleep, m.calm.next.Sub(now))
		default:
			a.busy = true
			jobs = append(jobs, job)
		}
	}
	for _, m := range r.members {
		if d.missingLocked(m) {
			add(&m.dial, m, func(ctx context.Context) { d.dialMember(ctx, m) })
		}
	}
	for _, s := range d.seeds {
		if d.soughtLocked(s) {
			add(&s.dial, r.members[s.found], func(ctx context.Context) { d.dialSeed(ctx, s) })
		}
	}
	return jobs, sleep
}

// missingLocked says whether m ought to be connected: it is wanted, or was only heard of and has to be met once to be known.
func (d *dialer) missingLocked(m *member) bool {
	if m.connected() || len(m.addrs) == 0 || d.h.conduct.banned(m.id) {
		return false
	}
	return !m.admitted || d.h.roster.wantedLocked(m.id)
}

// dialMember dials one member and books the outcome.
func (d *dialer) dialMember(ctx context.Context, m *member) {
	r := d.h.roster
	r.mu.RLock()
	addrs := m.addrs
	r.mu.RUnlock()
	err := d.dial(ctx, m.id, addrs)
	for _, o := range others(err, m.id) {
		d.takenOver(m, o)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d.bookLocked(&m.dial, err)
}

func (d *dialer) bookLocked(a *attempt, err error) {
	d.h.count.dialled(err)
	a.busy = false
	if err != nil {
		a.failed(d.h.roster.now(), d.h.cfg.times)
	} else {
		a.rest()
	}
}

// dial connects to id at addrs and waits for the admission of the connection.
func (d *dialer) dial(ctx context.Context, id peer.ID, addrs []ma.Multiaddr) error {
	ctx, cancel := context.WithTimeout(ctx, d.h.cfg.timeout)
	defer cancel()
	store := d.h.net.Peerstore()
	store.ClearAddrs(id) // what identify left there is not what the member announces
	store.AddAddrs(id, addrs, peerstore.TempAddrTTL)
	// The swarm has a back-off of its own, which is longer than ours and fails dials without trying. Forcing a direct dial
	// would pass it by too, but panics when the swarm closes meanwhile.
	if s, ok := d.h.net.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(id)
	}
	conn, err := d.h.net.Network().DialPeer(ctx, id)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	// The hello has a deadline of its own, longer than what is left for dialling.
	return d.h.gate.wait(d.h.ctx, conn)
}

// other is who was found at an address instead of who was expected.
type other struct {
	addr ma.Multiaddr
	id   peer.ID
}

// others lists whom a failed dial found at which address.
func others(err error, expected peer.ID) []other {
	var failed *swarm.DialError
	if !errors.As(err, &failed) {
		return nil
	}
	var out []other
	for _, e := range failed.DialErrors {
		var mismatch sec.ErrPeerIDMismatch
		if errors.As(e.Cause, &mismatch) && mismatch.Actual != expected && mismatch.Actual != "" {
			out = append(out, other{e.Address, mismatch.Actual})
		}
	}
	return out
}

// takenOver moves an address from a member to who answers there now: a node without a key file comes back as another, and
// its old ID would be dialled in vain for a day.
func (d *dialer) takenOver(m *member, o other) {
	r := d.h.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	m.addrs = without(m.addrs, o.addr)
	if o.id == d.h.id {
		return
	}
	if n := r.ensureLocked(o.id); n != nil && !n.connected() && len(n.addrs) < maxAddrs {
		n.addrs = append(without(n.addrs, o.addr), o.addr)
	}
}

func without(addrs []ma.Multiaddr, a ma.Multiaddr) []ma.Multiaddr {
	var out []ma.Multiaddr
	for _, b := range addrs {
		if !b.Equal(a) {
			out = append(out, b)
		}
	}
	return out
}
