package p2p

import (
	"errors"
	"net"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/config"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
)

// virtual is a libp2p host whose QUIC runs over another network than the machine's. Whoever gives libp2p its sockets has
// to close them: it closes only those that it made.
type virtual struct {
	host.Host
	sockets *quicreuse.ConnManager
}

func newVirtual(key crypto.PrivKey, udp func(string, *net.UDPAddr) (net.PacketConn, error), options []libp2p.Option) (host.Host, error) {
	reset, err := config.PrivKeyToStatelessResetKey(key)
	if err != nil {
		return nil, err
	}
	token, err := config.PrivKeyToTokenGeneratorKey(key)
	if err != nil {
		return nil, err
	}
	sockets, err := quicreuse.NewConnManager(reset, token, quicreuse.OverrideListenUDP(udp))
	if err != nil {
		return nil, err
	}
	h, err := libp2p.New(append(options, libp2p.QUICReuse(func() *quicreuse.ConnManager { return sockets }))...)
	if err != nil {
		return nil, errors.Join(err, sockets.Close())
	}
	return &virtual{h, sockets}, nil
}

func (e *virtual) Close() error { return errors.Join(e.Host.Close(), e.sockets.Close()) }
