package p2p

import (
	"fmt"
	"io"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
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

// TestStrangersAreBounded: who comes when all places are taken has the one of who has been here longest, and a member comes in.
func TestStrangersAreBounded(t *testing.T) {
	for _, listen := range [][]string{overTCP, overQUIC} {
		slow := brisk()
		slow.hello = time.Minute // nobody is too late
		n := quietNode(t, Config{Listen: listen, Secret: secret}, slow)
		n.Serve(n.frame, n.event, n.lost)
		var conns []network.Conn
		for range maxStrangers + 3 {
			_, c := stranger(t, n)
			conns = append(conns, c)
			until(t, "it has come", func() bool { return n.gate.knows(c) })
		}
		until(t, "the first three are turned out", func() bool {
			return conns[0].IsClosed() && conns[1].IsClosed() && conns[2].IsClosed()
		})
		b := start(t, Config{Listen: listen, Secret: secret, Bootstrap: n.Addrs()})
		meet(t, n, b)
		until(t, "the fourth made room", conns[3].IsClosed)
		for i, c := range conns[4:] {
			if c.IsClosed() {
				t.Errorf("stranger %d was turned out as well", 4+i)
			}
		}
		if n.gate.held() != maxStrangers-1 || !n.log.has("another one takes its place") {
			t.Errorf("%d places are held, want %d, and a line in the log", n.gate.held(), maxStrangers-1)
		}
	}
}

// TestFloodDrivesOutItsOwn: an address that makes ever more connections takes no place of another.
func TestFloodDrivesOutItsOwn(t *testing.T) {
	g := newGate(time.Hour)
	enter := func(addr string) (*admission, *admission) {
		return g.enter(inboundFrom(addr), func(*admission) {})
	}
	member, _ := enter("/ip4/192.0.2.1/tcp/1")
	six, _ := enter("/ip6/2001:db8::1/tcp/1")
	for i := range 100 {
		flood, left := enter(fmt.Sprintf("/ip6/2001:db8:1::%x/udp/1/quic-v1", i+1))
		if left == member || left == six || left == flood {
			t.Fatalf("connection %d of the flood drove out one from elsewhere, or itself", i)
		}
		if (left != nil) != (i >= maxStrangers-2) || g.held() > maxStrangers {
			t.Fatalf("connection %d of the flood: %v left, %d places are held", i, left, g.held())
		}
	}
	if !g.take(member) {
		t.Fatal("the member cannot be decided")
	}
	if _, left := enter("/ip4/192.0.2.1/tcp/2"); left == member {
		t.Error("who was just being admitted gave way")
	}
	g.decide(member, nil)
	if g.held() != maxStrangers-1 {
		t.Errorf("%d places are held after an admission, want %d", g.held(), maxStrangers-1)
	}
	for c := range maps.Clone(g.conns) {
		g.leave(c)
	}
	if g.held() != 0 {
		t.Errorf("%d places are held by nobody", g.held())
	}
}

// connFrom is a connection that came in from an address.
type connFrom struct {
	network.Conn
	from ma.Multiaddr
}

func inboundFrom(addr string) *connFrom { return &connFrom{from: ma.StringCast(addr)} }

func (c *connFrom) Stat() network.ConnStats {
	return network.ConnStats{Stats: network.Stats{Direction: network.DirInbound}}
}
func (c *connFrom) RemotePeer() peer.ID           { return "" }
func (c *connFrom) RemoteMultiaddr() ma.Multiaddr { return c.from }

// held is how many places are held.
func (g *gate) held() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.strangers
}

// knows tells whether the other side of c came in.
func (g *gate) knows(c network.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n, a := range g.conns {
		if n.RemotePeer() == c.LocalPeer() && a.holds {
			return true
		}
	}
	return false
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
