package p2p

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
	madns "github.com/multiformats/go-multiaddr-dns"
)

// bare returns n's first address without its ID.
func bare(n *node) string { return strings.Split(n.Addrs()[0], "/p2p/")[0] }

func TestBootstrapWithoutID(t *testing.T) {
	for name, listen := range map[string][]string{"tcp": overTCP, "quic": overQUIC} {
		t.Run(name, func(t *testing.T) {
			a := start(t, Config{Listen: listen, Secret: secret})
			meet(t, a, start(t, Config{Secret: secret, Bootstrap: []string{bare(a)}}))
		})
	}
}

// freePort is an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "/ip4/127.0.0.1/tcp/" + port
}

func TestBootstrapComesUpLater(t *testing.T) {
	addr := freePort(t)
	b := start(t, Config{Secret: secret, Bootstrap: []string{addr}})
	until(t, "a failure is logged", func() bool { return b.log.has(addr) })
	if b.log.has("12D3") || !b.log.has("failed to dial anybody") {
		t.Error("the log names somebody who was never expected there")
	}
	meet(t, start(t, Config{Listen: []string{addr}, Secret: secret}), b)
}

// TestRestart: a node that comes back on its port is found again, whether it is who it was or another.
func TestRestart(t *testing.T) {
	for name, key := range map[string]string{"same identity": filepath.Join(t.TempDir(), "key"), "new identity": ""} {
		t.Run(name, func(t *testing.T) {
			c := Config{Listen: []string{freePort(t)}, Secret: secret, KeyFile: key}
			a := start(t, c)
			// b knows a from its bootstrap address, c from b.
			b := start(t, Config{Listen: overTCP, Secret: secret, Bootstrap: []string{bare(a)}})
			d := start(t, Config{Listen: overTCP, Secret: secret, Bootstrap: b.Addrs()})
			meet(t, a, b, d)
			a.Close()
			until(t, "the end is noticed", func() bool { return !b.knows(a) && !d.knows(a) })
			meet(t, start(t, c), b, d)
		})
	}
}

// TestCutHealsFast with the usual back-off: the wait is young.
func TestCutHealsFast(t *testing.T) {
	a := quietNode(t, Config{Listen: overTCP, Secret: secret}, usual)
	a.Serve(a.frame, a.event, a.lost)
	b := quietNode(t, Config{Secret: secret, Bootstrap: a.Addrs()}, usual)
	b.Serve(b.frame, b.event, b.lost)
	until(t, "the peer is told", func() bool { return len(b.events()) == 1 })
	began := time.Now()
	a.net.Network().ClosePeer(b.id)
	until(t, "gone and back", func() bool { return len(b.events()) == 3 && b.knows(a) })
	t.Logf("back after %v", time.Since(began))
}

// TestOtherLife: a peer that comes back before its end was noticed is reported as gone first.
func TestOtherLife(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	b := start(t, Config{Listen: overTCP, Secret: secret, KeyFile: key})
	a := start(t, Config{Listen: overTCP, Secret: secret, Bootstrap: b.Addrs()})
	meet(t, a, b)
	b.Keep([]geo.ID{}) // or it would come back in turn
	again := start(t, Config{Secret: secret, KeyFile: key, Bootstrap: a.Addrs()})
	meet(t, a, again)
	until(t, "gone and back", func() bool { return len(a.events()) == 3 })
	if e := a.events(); !e[0].Connected || e[1].Connected || !e[2].Connected {
		t.Errorf("events %+v", e)
	}
	until(t, "the old one is left", func() bool { return !b.knows(a) })
}

// TestTwoOfOneKey: of two nodes with one identity the later one stays, where both are in reach, and the other does not throw
// it out again with every dial.
func TestTwoOfOneKey(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	b := start(t, Config{Listen: overTCP, Secret: secret})
	early := start(t, Config{Secret: secret, KeyFile: key, Bootstrap: b.Addrs()})
	meet(t, b, early)
	late := start(t, Config{Secret: secret, KeyFile: key, Bootstrap: b.Addrs()})
	tried := func() float64 {
		return value(early.count.dials.WithLabelValues("admitted")) + value(early.count.dials.WithLabelValues("failed"))
	}
	until(t, "the earlier one comes back some times", func() bool { return tried() >= 8 })
	if e := b.events(); len(e) != 3 || !e[2].Connected {
		t.Errorf("events %+v, want one come, gone and another one come", e)
	}
	if !b.log.has("was its directory copied?") {
		t.Error("nobody is told")
	}
	late.Close()
	meet(t, b, early) // it was refused in favour of one that is gone
}

// TestYoungEnd: who is lost as soon as he was met is not dialled again at once, by whatever address.
func TestYoungEnd(t *testing.T) {
	a := quietNode(t, Config{Listen: overTCP, Secret: secret}, brisk())
	a.Serve(a.frame, a.event, a.lost)
	never := usual
	never.retry = time.Hour
	b := quietNode(t, Config{Secret: secret, Bootstrap: a.Addrs()}, never)
	b.Serve(b.frame, b.event, b.lost)
	meet(t, a, b)
	b.net.Network().ClosePeer(a.id)
	until(t, "it is gone", func() bool { return len(b.events()) == 2 })
	if jobs, sleep := b.dialer.due(time.Now()); len(jobs) > 0 || sleep <= 0 {
		t.Errorf("%d dials at once, the next look in %v", len(jobs), sleep)
	}
	if jobs, _ := b.dialer.due(time.Now().Add(time.Hour)); len(jobs) != 2 {
		t.Errorf("%d dials later, want that of the member and that of its bootstrap address", len(jobs))
	}
}

func TestOwnAddressIsIgnored(t *testing.T) {
	addr := freePort(t)
	key := filepath.Join(t.TempDir(), "key")
	self := start(t, Config{Listen: []string{addr}, KeyFile: key})
	full := self.Addrs()[0]
	self.Close()
	a := start(t, Config{Listen: []string{addr}, KeyFile: key, Bootstrap: []string{addr, full}})
	until(t, "both are known for what they are", func() bool {
		a.roster.mu.Lock()
		defer a.roster.mu.Unlock()
		return a.dialer.seeds[0].self && a.dialer.seeds[1].self
	})
	if len(a.Peers()) > 0 {
		t.Errorf("peers: %v", a.Peers())
	}
}

// TestMovedIsTold: a member whose address has changed while its connections stand says so, and others are told by those that
// it is connected to.
func TestMovedIsTold(t *testing.T) {
	a, b := pair(t, overTCP)
	b.roster.mu.Lock()
	b.roster.members[a.id].addrs = bareAddrs([]ma.Multiaddr{ma.StringCast("/ip4/127.0.0.1/tcp/1")})
	b.roster.mu.Unlock()
	until(t, "its word is taken", func() bool {
		b.roster.mu.RLock()
		defer b.roster.mu.RUnlock()
		return slices.Equal(texts(b.roster.members[a.id].addrs, a.id), a.Addrs())
	})
	meet(t, a, b, start(t, Config{Secret: secret, Bootstrap: b.Addrs()}))
}

// names is a resolver whose names may change.
func names(hosts map[string][]net.IPAddr, texts map[string][]string) swarm.ResolverFromMaDNS {
	r, err := madns.NewResolver(madns.WithDefaultResolver(&madns.MockResolver{IP: hosts, TXT: texts}))
	if err != nil {
		panic(err)
	}
	return swarm.ResolverFromMaDNS{Resolver: r}
}

func TestNamesAreResolvedAnew(t *testing.T) {
	a := start(t, Config{Listen: overTCP, Secret: secret})
	port := bare(a)[strings.LastIndex(bare(a), "/")+1:]
	b := quietNode(t, Config{Secret: secret, Bootstrap: []string{"/dns4/cache.example.com/tcp/" + port}}, brisk())
	hosts := map[string][]net.IPAddr{}
	b.resolver = names(hosts, nil)
	s := b.dialer.seeds[0]
	if _, err := b.dialer.resolve(t.Context(), s); err == nil {
		t.Fatal("a name that nobody has resolves")
	}
	hosts["cache.example.com"] = []net.IPAddr{{IP: net.IPv4(127, 0, 0, 1)}}
	b.Serve(b.frame, b.event, b.lost)
	meet(t, a, b)
}

// TestNameOfAll: a name that all nodes share leads to the others, though it leads to the node itself too.
func TestNameOfAll(t *testing.T) {
	addr := freePort(t)
	port := addr[strings.LastIndex(addr, "/")+1:]
	boot := []string{"/dns4/cache.example.com/tcp/" + port}
	hosts := map[string][]net.IPAddr{"cache.example.com": {{IP: net.IPv4(127, 0, 0, 1)}, {IP: net.IPv4(127, 0, 0, 2)}}}
	var all []*node
	for _, ip := range []string{"127.0.0.1", "127.0.0.2"} {
		n := quietNode(t, Config{Listen: []string{"/ip4/" + ip + "/tcp/" + port}, Secret: secret, Bootstrap: boot}, brisk())
		n.resolver = names(hosts, nil)
		n.Serve(n.frame, n.event, n.lost)
		all = append(all, n)
	}
	meet(t, all...)
}

func TestDNSAddr(t *testing.T) {
	a := start(t, Config{Listen: overTCP, Secret: secret})
	b := quietNode(t, Config{Secret: secret, Bootstrap: []string{"/dnsaddr/cache.example.com"}}, brisk())
	b.resolver = names(nil, map[string][]string{"_dnsaddr.cache.example.com": {"dnsaddr=" + a.Addrs()[0]}})
	b.Serve(b.frame, b.event, b.lost)
	meet(t, a, b)
}

func TestKeep(t *testing.T) {
	a := start(t, Config{Listen: overTCP, Secret: secret})
	b := start(t, Config{Secret: secret, Bootstrap: a.Addrs()})
	c := start(t, Config{Listen: overTCP, Secret: secret, Bootstrap: a.Addrs()})
	meet(t, a, b, c)
	b.Keep([]geo.ID{c.Self()})
	until(t, "who is not wanted is left", func() bool { return !b.knows(a) })
	if !b.knows(c) {
		t.Error("who is wanted is left too")
	}
	if len(b.Peers()) != 2 {
		t.Errorf("forgotten: %v", b.Peers())
	}
	b.Keep(nil)
	meet(t, a, b, c)
}

func TestBackOff(t *testing.T) {
	var a attempt
	now := time.Unix(1000, 0)
	want := time.Second
	for range 24 {
		if !a.due(a.next) {
			t.Fatal("not due at its time")
		}
		a.failed(now, usual)
		if d := a.next.Sub(now); d < want/2 || d > want {
			t.Errorf("waits %v, want %v to %v", d, want/2, want)
		}
		want = min(want+want/4, time.Minute)
	}
	if a.due(now) {
		t.Error("due at once after a failure")
	}
	a.rest()
	if !a.due(now) {
		t.Error("not due after a success")
	}
}

func TestForget(t *testing.T) {
	r, now := newRoster(), time.Unix(1000, 0)
	r.now = func() time.Time { return now }
	for id, conns := range map[peer.ID][]*admission{"gone": nil, "here": {{}}} {
		m := r.ensureLocked(id)
		m.admitted, m.conns = true, conns
	}
	now = now.Add(24 * time.Hour)
	r.forget(24 * time.Hour)
	if n := len(r.list()); n != 2 {
		t.Errorf("%d members after a day, want 2", n)
	}
	now = now.Add(1)
	r.forget(24 * time.Hour)
	if n := len(r.list()); n != 1 {
		t.Errorf("%d members later, want the connected one", n)
	}
}

func TestRosterIsBounded(t *testing.T) {
	r := newRoster()
	for i := range maxMembers {
		r.ensureLocked(peer.ID(strconv.Itoa(i)))
	}
	if r.ensureLocked("one more") != nil || r.ensureLocked("7") == nil {
		t.Error("the roster grows, or loses members")
	}
}

// TestResolverPatience: a name server that does not answer costs one dial's timeout.
func TestResolverPatience(t *testing.T) {
	h := quietNode(t, Config{Timeout: time.Millisecond, Bootstrap: []string{"/dns4/cache.example.com/tcp/1"}}, brisk())
	h.resolver = deaf{}
	if _, err := h.dialer.resolve(t.Context(), h.dialer.seeds[0]); err == nil {
		t.Error("no error")
	}
}

type deaf struct{ swarm.ResolverFromMaDNS }

func (deaf) ResolveDNSComponent(ctx context.Context, _ ma.Multiaddr, _ int) ([]ma.Multiaddr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
