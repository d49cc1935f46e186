package p2p

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
	ma "github.com/multiformats/go-multiaddr"
)

// Limits of connections and streams, in docs/security.md.
const (
	connsPerIPv4   = 64 // loopback is exempt
	connsPerPeer   = 8
	streamsPerKind = 8   // per peer and protocol
	streamsPerPeer = 128 // all protocols
	connsPerSec    = 16  // new ones per IPv4, connsPerIPv4 at once: nodes behind one address may all start together
	maxConns       = 2048
	maxStreams     = 64 << 10
	memoryPerPeer  = 64 << 20 // of libp2p's buffers
	maxMemory      = 1 << 30
)

// Above mostConns the connection manager closes connections that Keep does not want, down to fewConns: far above what a
// mesh needs, so that it never closes what another node wants.
const (
	fewConns  = 1024
	mostConns = 1280
)

// newStack builds libp2p: TCP with Noise or TLS and yamux, QUIC, and nothing that is not asked for; no relay, no
// reachability tests, no port mapping, no ping, no metrics of its own.
func newStack(key crypto.PrivKey, s settings) (host.Host, error) {
	limits, err := newLimits()
	if err != nil {
		return nil, fmt.Errorf("p2p: set limits: %w", err)
	}
	conns, err := connmgr.NewConnManager(fewConns, mostConns)
	if err != nil {
		return nil, fmt.Errorf("p2p: set limits: %w", err)
	}
	h, err := newLibp2p(key, s, libp2p.ResourceManager(limits), libp2p.ConnectionManager(conns))
	if err != nil {
		return nil, fmt.Errorf("p2p: start libp2p: %w", err)
	}
	for _, a := range s.listen {
		if err := h.Network().Listen(a); err != nil {
			h.Close()
			return nil, fmt.Errorf("p2p: listen on %s: %w", a, err)
		}
	}
	return h, nil
}

func newLibp2p(key crypto.PrivKey, s settings, more ...libp2p.Option) (host.Host, error) {
	all := append(append(options(s), libp2p.Identity(key)), more...)
	if s.udp != nil {
		return newVirtual(key, s.udp, all)
	}
	return libp2p.New(all...)
}

func options(s settings) []libp2p.Option {
	return []libp2p.Option{
		libp2p.NoListenAddrs,
		// The port listened on is not dialled from: two nodes that dial each other at once would meet in one TCP connection
		// with two clients and no server, and two processes could listen on one port without noticing.
		libp2p.Transport(tcp.NewTCPTransport, tcp.DisableReuseport(), tcp.WithConnectionTimeout(s.timeout)),
		libp2p.Transport(quic.NewTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Security(tls.ID, tls.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.WithDialTimeout(s.timeout),
		libp2p.SwarmOpts(swarm.WithDialRanker(tcpFirst)),
		libp2p.UserAgent("geolru"),
		libp2p.Ping(false),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.ForceReachabilityPublic(), // which is to say: do not find out
		// A black hole is a peer that does not answer; ours are dialled for ever anyway.
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
	}
}

// quicDelay gives TCP a start of one round trip within a continent: it carries bulk four times faster.
const quicDelay = 250 * time.Millisecond

// tcpFirst dials all TCP addresses at once, and those of QUIC when TCP was given a chance or there is none.
func tcpFirst(addrs []ma.Multiaddr) []network.AddrDelay {
	isTCP := func(a ma.Multiaddr) bool { return slices.Contains(shape(a), ma.P_TCP) }
	delay := time.Duration(0)
	if slices.ContainsFunc(addrs, isTCP) {
		delay = quicDelay
	}
	var out []network.AddrDelay
	for _, a := range addrs {
		if isTCP(a) {
			out = append(out, network.AddrDelay{Addr: a})
		} else {
			out = append(out, network.AddrDelay{Addr: a, Delay: delay})
		}
	}
	return out
}

// newLimits replaces libp2p's, which would refuse the ninth node behind one address.
func newLimits() (network.ResourceManager, error) {
	peers := rcmgr.ResourceLimits{Conns: connsPerPeer, Streams: streamsPerPeer, Memory: memoryPerPeer}
	limits := rcmgr.PartialLimitConfig{
		System:              rcmgr.ResourceLimits{Conns: maxConns, Streams: maxStreams, Memory: maxMemory},
		PeerDefault:         peers,
		ProtocolPeerDefault: rcmgr.ResourceLimits{StreamsInbound: streamsPerKind},
	}.Build(rcmgr.InfiniteLimits)
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: connsPerIPv4}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: connsPerIPv4}, {PrefixLength: 48, ConnCount: 8 * connsPerIPv4}},
		),
		rcmgr.WithConnRateLimiters(&rate.Limiter{
			NetworkPrefixLimits: []rate.PrefixLimit{
				{Prefix: netip.MustParsePrefix("127.0.0.0/8")},
				{Prefix: netip.MustParsePrefix("::1/128")},
			},
			SubnetRateLimiter: rate.SubnetLimiter{
				IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: rate.Limit{RPS: connsPerSec, Burst: connsPerIPv4}}},
				IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: rate.Limit{RPS: connsPerSec, Burst: connsPerIPv4}}},
				GracePeriod:      time.Minute,
			},
		}),
	)
}
