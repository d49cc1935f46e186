package p2p

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/network"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	older = "the older of two secrets"
	newer = "the newer of two secrets"
)

// TestRotation goes through the three steps of a rotation, node by node: at any moment all nodes admit each other.
func TestRotation(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{older, older + "," + newer},               // the new one is added last
		{older + "," + newer, newer + "," + older}, // and moved first
		{newer + "," + older, newer},               // and the old one dropped
		{newer + " , " + older, newer + "\n"},      // white space does not count
	} {
		for _, c := range []struct{ a, b string }{c, {c.b, c.a}} {
			a := start(t, Config{Listen: overTCP, Secret: c.a})
			b := start(t, Config{Secret: c.b, Bootstrap: a.Addrs()})
			meet(t, a, b)
		}
	}
}

// TestRefused is told to both sides, and logged by both, each from its side.
func TestRefused(t *testing.T) {
	const here, there = "a secret on one side only: this node has none", "a secret on one side only: the other node has none"
	for _, c := range []struct{ name, clusterA, secretA, clusterB, secretB, reasonA, reasonB string }{
		{"wrong secret", "", older, "", newer, "wrong secret", "wrong secret"},
		{"other cluster", "one", secret, "two", secret, "another cluster", "another cluster"},
		{"no secret there", "", secret, "", "", there, here},
		{"no secret here", "", "", "", secret, here, there},
		{"rotated too fast", "", newer, "", older, "wrong secret", "wrong secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := start(t, Config{Listen: overTCP, Cluster: c.clusterA, Secret: c.secretA})
			b := start(t, Config{Cluster: c.clusterB, Secret: c.secretB, Bootstrap: a.Addrs()})
			until(t, "both logs say why", func() bool { return a.log.has(c.reasonA) && b.log.has("refused by the peer: "+c.reasonB) })
			if len(a.Peers())+len(b.Peers())+len(a.events())+len(b.events()) > 0 {
				t.Error("admitted nevertheless")
			}
		})
	}
}

func TestWithoutSecretOnlyLoopback(t *testing.T) {
	meet(t, func() []*node {
		a := start(t, Config{Listen: overTCP})
		return []*node{a, start(t, Config{Bootstrap: a.Addrs()})}
	}()...)
	h := start(t, Config{})
	far := &admission{conn: elsewhere{}, peer: "far"}
	if err := h.acceptable(far, false); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("a peer from afar without a secret: %v", err)
	}
}

// elsewhere is a connection to another machine.
type elsewhere struct{ network.Conn }

func (elsewhere) RemoteMultiaddr() ma.Multiaddr { return ma.StringCast("/ip4/203.0.113.7/tcp/4380") }

// talk runs a stranger's side of a hello by hand.
func talk(t *testing.T, n *node) (network.Conn, network.Stream) {
	t.Helper()
	_, conn := stranger(t, n)
	st, err := openStream(t.Context(), conn, helloProtocol)
	if err != nil {
		t.Fatal(err)
	}
	st.SetDeadline(time.Now().Add(patience))
	return conn, st
}

func TestUnknownVersionIsAnswered(t *testing.T) {
	n := start(t, Config{Listen: overTCP, Secret: secret})
	conn, st := talk(t, n)
	tell(st, []byte{9, kindGreet, 1, 2, 3})
	b, err := hear(st)
	if err != nil {
		t.Fatal(err)
	}
	st.Reset()
	if _, err := open(b, kindChallenge); err == nil || !strings.Contains(err.Error(), "VERSION: the other node speaks version 1, not 9") {
		t.Errorf("answered %v", err)
	}
	until(t, "closed", func() bool { return conn.IsClosed() })
}

// TestBadHellos: each gets the connection closed and nobody admitted.
func TestBadHellos(t *testing.T) {
	good := greet{cluster: "geolru", secret: true}.encode()
	for name, b := range map[string][]byte{
		"empty": {0}, "0xff": {0xff}, "too long": {0xff, 0xff, 0x7f}, "overflow": []byte(strings.Repeat("\xff", 12)),
		"cut":     append([]byte{byte(len(good))}, good[:20]...)[:15],
		"trailer": appendFrame(nil, append(good, 0)),
		"kind":    appendFrame(nil, proof{}.encode(kindProof)),
		"refuse":  appendFrame(nil, refusal{refusedBanned, "you"}.encode()),
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, Config{Listen: overTCP, Secret: secret})
			conn, st := talk(t, n)
			st.Write(b)
			st.CloseWrite()
			until(t, "closed", func() bool { return conn.IsClosed() })
			if len(n.events()) > 0 {
				t.Error("admitted")
			}
		})
	}
}

// TestReplayFails: what a member said in one hello proves nothing in another.
func TestReplayFails(t *testing.T) {
	key := deriveKeys("geolru", []string{secret})[0]
	m := meeting{cluster: "geolru", dialer: "d", acceptor: "a"}
	m.dialed[0], m.accepting[0] = 1, 2
	mac := m.proof(key, roleDialer)
	for name, change := range map[string]func(*meeting){
		"cluster": func(m *meeting) { m.cluster = "other" }, "dialer": func(m *meeting) { m.dialer = "x" },
		"acceptor": func(m *meeting) { m.acceptor = "x" }, "its nonce": func(m *meeting) { m.dialed[31] = 1 },
		"our nonce": func(m *meeting) { m.accepting[31] = 1 },
		"split":     func(m *meeting) { m.dialer, m.acceptor = "da", "" },
	} {
		other := m
		change(&other)
		if other.match([][]byte{key}, roleDialer, mac) != nil {
			t.Errorf("%s: a proof of one hello holds in another", name)
		}
	}
	if m.match([][]byte{key}, roleAcceptor, mac) != nil {
		t.Error("a proof can be reflected")
	}
	if m.match([][]byte{make([]byte, 32), key}, roleDialer, mac) == nil {
		t.Error("the proof does not hold where it should")
	}
}

// TestOneHelloPerConnection: the second is reset, and changes nothing.
func TestOneHelloPerConnection(t *testing.T) {
	n := start(t, Config{Listen: overTCP, Secret: secret})
	conn, st := talk(t, n)
	tell(st, greet{cluster: "geolru", secret: true}.encode())
	if _, err := hear(st); err != nil {
		t.Fatal(err)
	}
	again, err := openStream(context.Background(), conn, helloProtocol)
	if err != nil {
		t.Fatal(err)
	}
	tell(again, greet{cluster: "geolru", secret: true}.encode())
	if b, err := hear(again); err == nil {
		t.Errorf("answered %x", b)
	}
}

// TestBothDial: each has the other as its bootstrap address, so there may be two connections; each is admitted and the
// engine hears of one peer.
func TestBothDial(t *testing.T) {
	keys := t.TempDir() + "/key"
	a := quietNode(t, Config{Listen: overTCP, Secret: secret, KeyFile: keys}, brisk())
	b := quietNode(t, Config{Listen: overTCP, Secret: secret, Bootstrap: a.Addrs()}, brisk())
	a.dialer.seeds = append(a.dialer.seeds, &seed{text: "b", addr: ma.StringCast(strings.Split(b.Addrs()[0], "/p2p/")[0]), want: b.id})
	a.Serve(a.frame, a.event, a.lost)
	b.Serve(b.frame, b.event, b.lost)
	meet(t, a, b)
	for _, n := range []*node{a, b} {
		until(t, "the peer is told", func() bool { return len(n.events()) > 0 })
		if e := n.events(); len(e) != 1 {
			t.Errorf("events: %+v", e)
		}
	}
	a.Send(b.Self(), geo.LaneProbe, []byte("x"))
	until(t, "a frame", func() bool { return b.has(got{a.Self(), geo.LaneProbe, "", "x"}) })
}
