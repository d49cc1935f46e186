package p2p

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// stranger is a plain libp2p host, connected to n.
func stranger(t *testing.T, n *node) (host.Host, network.Conn) {
	t.Helper()
	s, err := libp2p.New(libp2p.NoListenAddrs, libp2p.DisableMetrics())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	info, err := peer.AddrInfoFromString(n.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Connect(t.Context(), *info); err != nil {
		t.Fatal(err)
	}
	if conns := s.Network().ConnsToPeer(info.ID); len(conns) > 0 {
		return s, conns[0]
	}
	return s, nil // closed already
}

// TestStrangerGetsNothing: not a byte comes back on any protocol but identify's and hello's, though the stranger speaks gossip.
func TestStrangerGetsNothing(t *testing.T) {
	times := brisk()
	times.hello = 300 * time.Millisecond
	n := quietNode(t, Config{Listen: overTCP, Secret: secret}, times)
	n.Serve(n.frame, n.event, n.lost)
	if err := n.Open("c"); err != nil {
		t.Fatal(err)
	}
	s, conn := stranger(t, n)
	heard := make(chan string, 100)
	for _, p := range []protocol.ID{pubsub.GossipSubID_v12, pubsub.GossipSubID_v11, pubsub.FloodSubID} {
		s.SetStreamHandler(p, func(network.Stream) { heard <- string(p) })
	}
	var all []protocol.ID
	for _, l := range lanes {
		all = append(all, l.protocol())
	}
	var wg sync.WaitGroup
	for _, p := range append(all, speech) {
		st, err := openStream(t.Context(), conn, p)
		if err != nil {
			t.Fatal(err)
		}
		st.Write([]byte{1, 'x'})
		wg.Go(func() {
			if b, err := io.ReadAll(st); len(b) > 0 || err == nil {
				t.Errorf("%s: got %q, %v", p, b, err)
			}
		})
	}
	wg.Wait()
	until(t, "the stranger is disconnected", func() bool { return conn.IsClosed() })
	if len(heard) > 0 {
		t.Errorf("gossip was opened to a stranger: %s", <-heard)
	}
	if len(n.received())+len(n.events()) > 0 {
		t.Errorf("handed over: %v %v", n.received(), n.events())
	}
	if !n.log.has("no hello in 300ms") {
		t.Error("no line in the log")
	}
}

func TestStrangersAreBounded(t *testing.T) {
	n := quietNode(t, Config{Listen: overTCP, Secret: secret}, brisk())
	var conns []network.Conn
	for range maxStrangers + 1 {
		_, c := stranger(t, n)
		conns = append(conns, c)
	}
	until(t, "one is refused", func() bool {
		for _, c := range conns {
			if c == nil || c.IsClosed() {
				return true
			}
		}
		return false
	})
	conns[0].Close()
	until(t, "there is room again", func() bool {
		n.gate.mu.Lock()
		defer n.gate.mu.Unlock()
		return n.gate.strangers < maxStrangers
	})
}

// TestDialledStrangerGetsNothing: who answers at a bootstrap address but cannot say hello is left.
func TestDialledStrangerGetsNothing(t *testing.T) {
	s, err := libp2p.New(libp2p.ListenAddrStrings(overTCP...), libp2p.DisableMetrics())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	heard := make(chan string, 100)
	s.SetStreamHandler(pubsub.GossipSubID_v12, func(network.Stream) { heard <- "gossip" })
	for _, l := range lanes {
		s.SetStreamHandler(l.protocol(), func(network.Stream) { heard <- l.name })
	}
	addrs, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: s.ID(), Addrs: s.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, Config{Secret: secret, Bootstrap: []string{addrs[0].String()}})
	n.Open("c")
	until(t, "refused", func() bool { return n.log.has("peer not admitted") })
	until(t, "left", func() bool { return len(s.Network().ConnsToPeer(n.id)) == 0 })
	if len(heard) > 0 || len(n.events()) > 0 {
		t.Error("a stranger was spoken to")
	}
}

// TestMaskHidesStrangers: what gossipsub asks its host about them.
func TestMaskHidesStrangers(t *testing.T) {
	n := quietNode(t, Config{Listen: overTCP, Secret: secret}, brisk())
	s, conn := stranger(t, n)
	m := &mask{n.net, n.Host, nil}
	net := m.Network()
	if len(n.net.Network().Peers()) != 1 {
		t.Fatal("no stranger is connected")
	}
	if len(net.Peers())+len(net.Conns())+len(net.ConnsToPeer(s.ID())) > 0 || net.Connectedness(s.ID()) == network.Connected {
		t.Error("a stranger is shown")
	}
	if _, err := m.NewStream(t.Context(), s.ID(), speech); err == nil {
		t.Error("a stream to a stranger")
	}
	if _, err := net.NewStream(t.Context(), s.ID()); err == nil {
		t.Error("a stream to a stranger, by the network")
	}
	if m.Connect(t.Context(), peer.AddrInfo{ID: s.ID()}) == nil {
		t.Error("dialled")
	}
	conn.Close()
}
