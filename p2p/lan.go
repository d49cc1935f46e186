package p2p

import (
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

// maxFound bounds the members that are known from the LAN alone and have not proven anything: anybody there may shout.
const maxFound = 256

// lan finds nodes of the cluster by multicast DNS. What it hears is an address to be dialled, no more: whoever answers there
// has to prove that he knows the secret.
type lan struct {
	h     *Host
	close func() error
}

// newLAN begins to look, and to be found, for as long as the host lives.
func (h *Host) newLAN() (*lan, error) {
	l := &lan{h: h}
	s := mdns.NewMdnsService(h.net, lanService(h.cfg.cluster), l)
	if err := s.Start(); err != nil {
		s.Close()
		return nil, fmt.Errorf("p2p: look for peers on the LAN: %w", err)
	}
	l.close = s.Close
	return l, nil
}

// lanService is the name that the nodes of a cluster look for: at most 15 characters, says RFC 6763.
func lanService(cluster string) string {
	sum := digest("lan", cluster)
	return "_g" + hex.EncodeToString(sum[:6]) + "._udp"
}

// HandlePeerFound adds what was heard to what is known: the word of a stranger takes the place of nothing.
func (l *lan) HandlePeerFound(info peer.AddrInfo) {
	h, r := l.h, l.h.roster
	addrs := told(texts(info.Addrs, info.ID), info.ID, false)
	if info.ID == h.id || len(addrs) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[info.ID] == nil && r.unprovenLocked() >= maxFound {
		return
	}
	m := r.ensureLocked(info.ID)
	if m == nil || m.connected() {
		return
	}
	for _, a := range addrs {
		if len(m.addrs) < maxAddrs && len(without(m.addrs, a)) == len(m.addrs) {
			m.addrs = append(slices.Clone(m.addrs), a)
		}
	}
	m.dial.hope(r.now(), h.cfg.times)
	h.dialer.wake()
}

// unprovenLocked counts the members that were never admitted.
func (r *roster) unprovenLocked() (n int) {
	for _, m := range r.members {
		if !m.admitted {
			n++
		}
	}
	return n
}
