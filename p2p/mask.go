package p2p

import (
	"context"
	"errors"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// mask is the libp2p host that gossipsub is given: it shows admitted peers only. A peer filter would not do: flood
// publishing and direct peers pass it by.
//
// Gossipsub learns of peers from the event bus, asks the network whether they are connected, opens streams and has streams
// opened to it. All four go through here, so a stranger is never seen, never written to and never read from.
type mask struct {
	host.Host
	h   *Host
	bus event.Bus // its own: the events of the real one tell of strangers
}

func (m *mask) Network() network.Network { return maskedNetwork{m.Host.Network(), m.h} }
func (m *mask) EventBus() event.Bus      { return m.bus }

// ConnManager hides the real one: whom to stay connected to is Keep's to say.
func (m *mask) ConnManager() connmgr.ConnManager { return connmgr.NullConnMgr{} }

var errNoDial = errors.New("gossip does not dial")

// Connect refuses: members are dialled by the dialer, nobody else by anybody.
func (m *mask) Connect(context.Context, peer.AddrInfo) error { return errNoDial }

func (m *mask) SetStreamHandler(p protocol.ID, next network.StreamHandler) {
	m.Host.SetStreamHandler(p, m.h.admittedOnly(next))
}

func (m *mask) SetStreamHandlerMatch(p protocol.ID, match func(protocol.ID) bool, next network.StreamHandler) {
	m.Host.SetStreamHandlerMatch(p, match, m.h.admittedOnly(next))
}

// NewStream opens a stream on an admitted connection, of the first protocol: every member speaks it.
func (m *mask) NewStream(ctx context.Context, to peer.ID, protos ...protocol.ID) (network.Stream, error) {
	conns := m.h.roster.connsTo(to)
	if len(conns) == 0 {
		return nil, errGone
	}
	s, err := openStream(ctx, conns[0].conn, protos[0])
	if err != nil {
		return nil, err
	}
	return m.h.gossip.follow(s), nil
}

// maskedNetwork hides what is not admitted. What gossipsub does not ask for passes through.
type maskedNetwork struct {
	network.Network
	h *Host
}

func (n maskedNetwork) Peers() []peer.ID { return n.h.roster.connected() }

func (n maskedNetwork) Connectedness(id peer.ID) network.Connectedness {
	if len(n.h.roster.connsTo(id)) > 0 {
		return network.Connected
	}
	return network.NotConnected
}

func (n maskedNetwork) ConnsToPeer(id peer.ID) []network.Conn {
	var out []network.Conn
	for _, a := range n.h.roster.connsTo(id) {
		out = append(out, a.conn)
	}
	return out
}

func (n maskedNetwork) Conns() []network.Conn {
	var out []network.Conn
	for _, id := range n.Peers() {
		out = append(out, n.ConnsToPeer(id)...)
	}
	return out
}

// Notify and StopNotify hide comings and goings; DialPeer and NewStream would reach strangers.
func (n maskedNetwork) Notify(network.Notifiee)     {}
func (n maskedNetwork) StopNotify(network.Notifiee) {}

func (n maskedNetwork) DialPeer(context.Context, peer.ID) (network.Conn, error) {
	return nil, errNoDial
}

func (n maskedNetwork) NewStream(context.Context, peer.ID) (network.Stream, error) {
	return nil, errNoDial
}
