package p2p

import (
	"cmp"
	"errors"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// What is told of one peer: more addresses than this are of no use to anybody, and a hello has to stay small.
const (
	maxAddrs   = 8
	maxAddrLen = 400 // bytes of its text: a name of 253, an ID of 52, and what joins them
)

// host part of an address, and what may follow it, by the codes of its components.
var (
	hostCodes = []int{ma.P_IP4, ma.P_IP6, ma.P_DNS, ma.P_DNS4, ma.P_DNS6}
	quicCodes = []int{ma.P_UDP, ma.P_QUIC_V1}
)

// shape returns the codes of a's components but a closing /p2p/ID.
func shape(a ma.Multiaddr) []int {
	var codes []int
	for _, c := range a {
		codes = append(codes, c.Protocol().Code)
	}
	if n := len(codes); n > 0 && codes[n-1] == ma.P_P2P {
		codes = codes[:n-1]
	}
	return codes
}

// dialable accepts /ip4|ip6|dns*/X/tcp/N and /…/udp/N/quic-v1, each with or without /p2p/ID.
func dialable(a ma.Multiaddr) error {
	codes := shape(a)
	if len(codes) < 2 || !slices.Contains(hostCodes, codes[0]) {
		return errors.New("want /ip4, /ip6 or /dns, then /tcp/PORT or /udp/PORT/quic-v1")
	}
	if tail := codes[1:]; !slices.Equal(tail, []int{ma.P_TCP}) && !slices.Equal(tail, quicCodes) {
		return errors.New("want /tcp/PORT or /udp/PORT/quic-v1 after the host")
	}
	return nil
}

// bootable also accepts /dnsaddr/NAME.
func bootable(a ma.Multiaddr) error {
	if codes := shape(a); len(codes) == 1 && codes[0] == ma.P_DNSADDR {
		return nil
	}
	return dialable(a)
}

// listenable accepts what can be bound: an IP address, no name, no ID.
func listenable(a ma.Multiaddr) error {
	if err := dialable(a); err != nil {
		return err
	}
	if !isIP(a) {
		return errors.New("can listen on /ip4 and /ip6 only")
	}
	if _, id := peer.SplitAddr(a); id != "" {
		return errors.New("an address to listen on has no /p2p/ID")
	}
	return nil
}

// isIP says whether a begins with an IP address, not a name.
func isIP(a ma.Multiaddr) bool {
	first := a[0].Protocol().Code
	return first == ma.P_IP4 || first == ma.P_IP6
}

// rank orders addresses by how far they carry: names and public ones first, loopback last.
func rank(a ma.Multiaddr) int {
	switch {
	case manet.IsIPLoopback(a):
		return 2
	case manet.IsPrivateAddr(a):
		return 1
	}
	return 0
}

// best returns at most maxAddrs of the addresses, those that carry furthest, without link-local ones.
func best(addrs []ma.Multiaddr) []ma.Multiaddr {
	out := slices.DeleteFunc(slices.Clone(addrs), manet.IsIP6LinkLocal)
	slices.SortStableFunc(out, func(a, b ma.Multiaddr) int { return cmp.Compare(rank(a), rank(b)) })
	return out[:min(len(out), maxAddrs)]
}

// texts appends /p2p/ID to each address and returns their text.
func texts(addrs []ma.Multiaddr, id peer.ID) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String()+"/p2p/"+id.String())
	}
	return out
}

// told parses the addresses that a peer tells of id, as bare transport addresses. What cannot be dialled from here is left
// out: loopback addresses unless near says that they were told over loopback, addresses of another ID, garbage.
func told(addrs []string, id peer.ID, near bool) []ma.Multiaddr {
	var out []ma.Multiaddr
	for _, s := range addrs[:min(len(addrs), maxAddrs)] {
		a, err := ma.NewMultiaddr(s)
		if err != nil || dialable(a) != nil || !near && manet.IsIPLoopback(a) {
			continue
		}
		if bare, whose := peer.SplitAddr(a); whose == id {
			out = append(out, bare)
		}
	}
	return out
}

// bareAddrs strips a closing /p2p/ID.
func bareAddrs(addrs []ma.Multiaddr) []ma.Multiaddr {
	var out []ma.Multiaddr
	for _, a := range addrs {
		bare, _ := peer.SplitAddr(a)
		out = append(out, bare)
	}
	return out
}
