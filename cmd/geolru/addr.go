package main

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// checkAddrs finds addresses that no node can have, before anything is opened. The library would find them too, but
// cannot name the flag. names tells whether names do, or only IP addresses, which can be listened on.
func checkAddrs(flag string, addrs []string, names bool) error {
	for _, a := range addrs {
		if err := checkAddr(a, names); err != nil {
			return usagef("--%s %q: %w", flag, a, err)
		}
	}
	return nil
}

var (
	errHost      = errors.New("want a multiaddr: /ip4/ADDRESS or /ip6/ADDRESS, then /tcp/PORT or /udp/PORT/quic-v1")
	errNamed     = errors.New("want a multiaddr: /ip4, /ip6 or /dns and its ADDRESS, then /tcp/PORT or /udp/PORT/quic-v1; or /dnsaddr/NAME")
	errTransport = errors.New("want /tcp/PORT or /udp/PORT/quic-v1 after the host")
)

// checkAddr reads /HOST/X/TRANSPORT, and behind a name or an address to dial also /p2p/ID, which is left to the library.
func checkAddr(addr string, names bool) error {
	wrong := errHost
	if names {
		wrong = errNamed
	}
	parts := strings.Split(strings.TrimRight(addr, "/"), "/")
	if len(parts) < 3 || parts[0] != "" || !hosts(parts[1], parts[2], names) {
		return wrong
	}
	rest := parts[3:]
	if n := len(rest); names && n >= 2 && rest[n-2] == "p2p" {
		rest = rest[:n-2]
	}
	if parts[1] == "dnsaddr" && len(rest) == 0 {
		return nil
	}
	if len(rest) < 2 || !port(rest[1]) || !slices.Contains([]string{"tcp/", "udp/quic-v1"}, rest[0]+"/"+strings.Join(rest[2:], "/")) {
		return errTransport
	}
	return nil
}

// hosts tells whether a kind of host may have this address.
func hosts(kind, addr string, names bool) bool {
	ip, err := netip.ParseAddr(addr)
	switch kind {
	case "ip4":
		return err == nil && ip.Is4()
	case "ip6":
		return err == nil && ip.Is6() && ip.Zone() == ""
	case "dns", "dns4", "dns6", "dnsaddr":
		return names && addr != ""
	}
	return false
}

func port(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
