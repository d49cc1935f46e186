package links

import (
	"context"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/prometheus/client_golang/prometheus"
)

const streamProtocol = "/geobench/1"

// newPlainHost is a host over TCP with libp2p's usual encryption and multiplexing.
func newPlainHost(listen ...string) (host.Host, error) {
	return libp2p.New(libp2p.ListenAddrStrings(listen...), libp2p.Transport(tcp.NewTCPTransport),
		libp2p.DisableRelay(), libp2p.PrometheusRegisterer(prometheus.NewRegistry()))
}

type libp2pReader struct {
	keep
	alone
	host.Host
}

// Addr is a multiaddr with the ID.
func (r *libp2pReader) Addr() string {
	all, err := peer.AddrInfoToP2pAddrs(host.InfoFromHost(r.Host))
	if err != nil || len(all) == 0 {
		return ""
	}
	return all[0].String()
}

func readLibp2p(string) (Reader, error) {
	h, err := newPlainHost("/ip4/127.0.0.1/tcp/0")
	if err != nil {
		return nil, err
	}
	r := &libp2pReader{Host: h}
	h.SetStreamHandler(streamProtocol, func(s network.Stream) { r.receive(s) })
	return r, nil
}

func writeLibp2p(_, addr string) (Writer, error) {
	to, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return nil, err
	}
	h, err := newPlainHost()
	if err != nil {
		return nil, err
	}
	if err := h.Connect(context.Background(), *to); err != nil {
		h.Close()
		return nil, err
	}
	s, err := h.NewStream(context.Background(), to.ID, streamProtocol)
	if err != nil {
		h.Close()
		return nil, err
	}
	return newStreamWriter(s, h.Close), nil
}
