package p2p

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

// seed is one bootstrap address. It is dialled until somebody was found there, and again whenever he is gone; who he is may
// change with every restart of his.
type seed struct {
	text  string // as given
	addr  ma.Multiaddr
	want  peer.ID // who must be there; "" = whoever is
	found peer.ID // who was, last
	self  bool    // it is this host's own address
	dial  attempt
}

// soughtLocked says whether s has somebody to be looked for.
func (d *dialer) soughtLocked(s *seed) bool {
	if s.self {
		return false
	}
	if s.found == "" {
		return true
	}
	m := d.h.roster.members[s.found]
	if m != nil && m.connected() {
		return false
	}
	return d.h.roster.wantedLocked(s.found) || len(d.h.roster.links) == 0
}

// dialSeed resolves and dials one bootstrap address and books the outcome.
func (d *dialer) dialSeed(ctx context.Context, s *seed) {
	found, err := d.seek(ctx, s)
	r := d.h.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	d.bookLocked(&s.dial, err)
	switch {
	case err == nil:
		s.found = found
		return
	case errors.Is(err, errSelf):
		// A name that leads here alone may lead to others tomorrow.
		s.self = isIP(s.addr)
		return
	}
	d.h.journal.Warn(s.text, "bootstrap address not reached", "addr", s.text, "error", err.Error())
}

// errSelf is all that was found behind an address: this host.
var errSelf = errors.New("this host's own address")

// seek tries what the address stands for, one after the other, and returns the first who admits this host: he knows the rest.
// This host may be among them, as behind a name that all nodes share.
func (d *dialer) seek(ctx context.Context, s *seed) (peer.ID, error) {
	targets, err := d.resolve(ctx, s)
	if err != nil {
		return "", err
	}
	err = errSelf
	for _, t := range targets {
		id, failed := d.meet(ctx, s, t)
		switch {
		case failed == nil:
			return id, nil
		case errors.Is(failed, errSelf):
		case err == errSelf:
			err = failed
		default:
			err = errors.Join(err, failed)
		}
	}
	return "", err
}

// meet dials one address, finding out first who is there if that is not known.
func (d *dialer) meet(ctx context.Context, s *seed, t other) (peer.ID, error) {
	id, known := cmp.Or(t.id, s.found), true
	if id == "" {
		id, known = nobody(), false
	}
	err := d.dial(ctx, id, []ma.Multiaddr{t.addr})
	found := others(err, id)
	if errors.Is(err, swarm.ErrDialToSelf) || len(found) > 0 && found[0].id == d.h.id {
		return "", errSelf
	}
	if len(found) == 0 && !known {
		return "", unnamed(err, id)
	}
	if len(found) == 0 || t.id != "" {
		return id, err
	}
	d.h.net.Peerstore().ClearAddrs(id)
	return found[0].id, d.dial(ctx, found[0].id, []ma.Multiaddr{t.addr})
}

// nobody returns the ID of a key that nobody has: libp2p refuses to dial without an expected ID, and its failure tells who
// is there.
func nobody() peer.ID {
	_, pub, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return ""
	}
	id, _ := peer.IDFromPublicKey(pub)
	return id
}

// unnamed keeps the ID that nobody has out of the failure's text: its reader would look for a node that there is not.
func unnamed(err error, id peer.ID) error {
	return errors.New(strings.ReplaceAll(err.Error(), id.String(), "anybody"))
}

// What one bootstrap address may resolve to.
const (
	maxResolved   = 32 // addresses
	maxResolution = 4  // /dnsaddr leading to /dnsaddr
)

// resolve looks the names up, anew at every attempt: what is behind them moves.
func (d *dialer) resolve(ctx context.Context, s *seed) ([]other, error) {
	ctx, cancel := context.WithTimeout(ctx, d.h.cfg.timeout)
	defer cancel()
	addrs := []ma.Multiaddr{s.addr}
	var err error
	if s.addr[0].Protocol().Code == ma.P_DNSADDR {
		addrs, err = d.h.resolver.ResolveDNSAddr(ctx, s.want, s.addr, maxResolution, maxResolved)
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", s.addr, err)
	}
	var out []other
	for _, a := range addrs {
		bare, id := peer.SplitAddr(a)
		if id == "" {
			id = s.want
		}
		ips, err2 := d.h.resolver.ResolveDNSComponent(ctx, bare, maxResolved)
		err = errors.Join(err, err2)
		for _, ip := range ips {
			out = append(out, other{ip, id})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("resolve %s: no addresses: %w", s.addr, err)
	}
	return out[:min(len(out), maxResolved)], nil
}
