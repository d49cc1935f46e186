package p2p

import (
	"fmt"
	"strings"
	"testing"

	"github.com/geolru/geolru/geo"
)

func TestFramesOnEveryLane(t *testing.T) {
	for name, listen := range map[string][]string{"tcp": overTCP, "quic": overQUIC} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, listen)
			for _, lane := range []uint8{geo.LaneProbe, geo.LaneFetch, geo.LaneSync, geo.LaneAck, geo.LaneExplain} {
				there, back := fmt.Sprint("there ", lane), fmt.Sprint("back ", lane)
				if !a.Send(b.Self(), lane, []byte(there)) || !b.Send(a.Self(), lane, []byte(back)) {
					t.Fatalf("lane %d: not sent", lane)
				}
				until(t, there, func() bool { return b.has(got{a.Self(), lane, "", there}) })
				until(t, back, func() bool { return a.has(got{b.Self(), lane, "", back}) })
			}
		})
	}
}

func TestGossipBothWays(t *testing.T) {
	for name, listen := range map[string][]string{"tcp": overTCP, "quic": overQUIC} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, listen)
			for _, n := range []*node{a, b} {
				if err := n.Open("users"); err != nil {
					t.Fatal(err)
				}
			}
			spread(t, a, b, "users")
			spread(t, b, a, "users")
		})
	}
}

// spread publishes until the other node has a batch: who has just joined is not known to have.
func spread(t *testing.T, from, to *node, cache string) {
	t.Helper()
	n := 0
	until(t, "gossip arrives", func() bool {
		n++
		from.Publish(cache, []byte(fmt.Sprint("batch ", n)))
		for i := range n {
			if to.has(got{from.Self(), 0, cache, fmt.Sprint("batch ", i+1)}) {
				return true
			}
		}
		return false
	})
}

func TestOneBootstrapAddressIsEnough(t *testing.T) {
	a := start(t, Config{Listen: overTCP, Secret: secret})
	boot := a.Addrs()
	b := start(t, Config{Listen: overQUIC, Secret: secret, Bootstrap: boot})
	c := start(t, Config{Listen: overTCP, Secret: secret, Bootstrap: boot})
	d := start(t, Config{Secret: secret, Bootstrap: boot})
	meet(t, a, b, c, d)
	if got := d.Addrs(); got != nil {
		t.Errorf("a client has addresses %v", got)
	}
}

func TestPeersCarryRegionAndAddresses(t *testing.T) {
	a, b := pair(t, overTCP)
	p := b.Peers()[0]
	if p.ID != a.Self() || p.Region != "eu" || !p.Connected || fmt.Sprint(p.Addrs) != fmt.Sprint(a.Addrs()) {
		t.Errorf("got %+v, want %s of eu at %v", p, a.Self(), a.Addrs())
	}
	until(t, "the peer is told", func() bool { return len(a.events()) > 0 && len(b.events()) > 0 })
	if e := b.events(); len(e) != 1 || e[0].ID != a.Self() || !e[0].Connected {
		t.Errorf("events %+v", e)
	}
	b.Close()
	until(t, "the end is told", func() bool {
		e := a.events()
		return len(e) == 2 && e[0].Connected && !e[1].Connected
	})
}

func TestNothingBeforeServe(t *testing.T) {
	a := quietNode(t, Config{Listen: overTCP, Secret: secret}, brisk())
	b := start(t, Config{Secret: secret, Bootstrap: a.Addrs()})
	until(t, "the connection waits", func() bool { return a.gate.held() == 1 })
	if len(b.Peers()) != 0 || len(a.Peers()) != 0 {
		t.Fatal("admitted before Serve")
	}
	a.Serve(a.frame, a.event, a.lost)
	meet(t, a, b)
}

func TestCloseDrains(t *testing.T) {
	a, b := pair(t, overTCP)
	for _, n := range []*node{a, b} {
		if err := n.Open("c"); err != nil {
			t.Fatal(err)
		}
	}
	spread(t, a, b, "c")
	for i := range 10 {
		a.Publish("c", []byte(fmt.Sprint("last batch ", i)))
		a.Send(b.Self(), geo.LaneSync, []byte(fmt.Sprint("last frame ", i)))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if !b.has(got{a.Self(), geo.LaneSync, "", fmt.Sprint("last frame ", i)}) {
			t.Errorf("frame %d is lost", i)
		}
		until(t, fmt.Sprint("batch ", i), func() bool { return b.has(got{a.Self(), 0, "c", fmt.Sprint("last batch ", i)}) })
	}
	if a.Send(b.Self(), geo.LaneSync, []byte("x")) || a.Publish("c", []byte("x")) {
		t.Error("a closed host takes frames")
	}
	if err := a.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if a.Open("d") == nil {
		t.Error("a closed host opens a cache")
	}
	a.Shut("c")
	a.Keep(nil)
}

func TestFullQueueRefuses(t *testing.T) {
	a, b := pair(t, overTCP)
	defer close(b.stop())
	frame := make([]byte, 60<<10)
	sent := 0
	until(t, "the queue is full", func() bool {
		sent++
		return !a.Send(b.Self(), geo.LaneProbe, frame)
	})
	if !a.Send(b.Self(), geo.LaneAck, frame) {
		t.Error("a full lane stops another one")
	}
}

// TestQueueHoldsAnAnswer: on the lanes that carry values three of the largest wait, or as much in smaller frames, though the
// peer reads nothing; so do the parts that may be under way at once, 16 MiB.
func TestQueueHoldsAnAnswer(t *testing.T) {
	a, b := pair(t, overTCP)
	defer close(b.stop())
	for lane, c := range map[uint8]struct{ frames, size int }{
		geo.LaneFetch: {96, 256 << 10}, geo.LaneSync: {3, 8<<20 + 64<<10}, geo.LanePart: {128, 128<<10 + 512},
	} {
		for i := range c.frames {
			if !a.Send(b.Self(), lane, make([]byte, c.size)) {
				t.Fatalf("lane %d: frame %d is refused", lane, i)
			}
		}
	}
}

func TestSendRefuses(t *testing.T) {
	a, b := pair(t, overTCP)
	for what, sent := range map[string]bool{
		"stranger": a.Send("12D3KooWnobody", geo.LaneProbe, []byte("x")),
		"itself":   a.Send(a.Self(), geo.LaneProbe, []byte("x")),
		"empty":    a.Send(b.Self(), geo.LaneProbe, nil),
		"too long": a.Send(b.Self(), geo.LaneProbe, make([]byte, 512<<10+1)),
		"lane 0":   a.Send(b.Self(), 0, []byte("x")),
		"own lane": a.Send(b.Self(), lanePeers, []byte("x")),
		"not open": a.Publish("nothing", []byte("x")),
	} {
		if sent {
			t.Errorf("%s: sent", what)
		}
	}
}

func TestOpenAndShut(t *testing.T) {
	a := start(t, Config{})
	for range 3 {
		if err := a.Open("c"); err != nil {
			t.Fatal(err)
		}
		if err := a.Open("c"); err == nil || !strings.Contains(err.Error(), `"c"`) {
			t.Errorf("second Open: %v", err)
		}
		a.Shut("c")
		a.Shut("c")
	}
}

// TestBigFrames: the longest value in a sync, the longest frame of many records, and a probe of 1,024 caches with the longest names.
func TestBigFrames(t *testing.T) {
	a, b := pair(t, overTCP)
	for lane, size := range map[uint8]int{geo.LaneSync: 8 << 20, geo.LaneFetch: 320 << 10, geo.LanePart: 320 << 10, geo.LaneProbe: 1024 * 300} {
		frame := make([]byte, size)
		for i := range frame {
			frame[i] = byte(i * 7)
		}
		if !a.Send(b.Self(), lane, frame) {
			t.Fatalf("lane %d: not sent", lane)
		}
		want := got{a.Self(), lane, "", string(frame)}
		until(t, fmt.Sprintf("%d bytes on lane %d", size, lane), func() bool { return b.has(want) })
	}
}
