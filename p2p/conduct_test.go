package p2p

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"
)

func TestBansDouble(t *testing.T) {
	c, now := newConduct(usual), time.Unix(1000, 0)
	c.now = func() time.Time { return now }
	want := 10 * time.Minute
	for range 10 {
		for range maxStrikes - 1 {
			if c.strike("p") != 0 || c.banned("p") {
				t.Fatal("banned before the third strike")
			}
		}
		if got := c.strike("p"); got != want {
			t.Fatalf("banned for %v, want %v", got, want)
		}
		now = now.Add(want - 1)
		if !c.banned("p") || c.banned("q") {
			t.Fatal("not banned, or the wrong one")
		}
		now = now.Add(1)
		if c.banned("p") {
			t.Fatal("banned for longer than it said")
		}
		want = min(2*want, 24*time.Hour)
	}
	now = now.Add(24*time.Hour + 1)
	c.strike("p")
	c.strike("p")
	if got := c.strike("p"); got != 10*time.Minute {
		t.Errorf("after a good day: banned for %v", got)
	}
}

func TestConductIsBounded(t *testing.T) {
	c, now := newConduct(usual), time.Unix(1e9, 0)
	c.now = func() time.Time { return now }
	c.strike("bad")
	for i := range 3 * maxConduct {
		c.charge(peer.ID(fmt.Sprint("busy", i)), 100)
	}
	if n := len(c.peers); n > maxConduct || c.peers["bad"].strikes != 1 {
		t.Errorf("%d records, bad: %+v", n, c.peers["bad"])
	}
	for i := range 3 * maxConduct {
		c.strike(peer.ID(fmt.Sprint("bad", i)))
	}
	if n := len(c.peers); n > maxConduct {
		t.Errorf("%d records of bad ones", n)
	}
	now = now.Add(24*time.Hour + 1)
	c.strike("new")
	if n := len(c.peers); n != 1 {
		t.Errorf("%d records a day later, want the new one", n)
	}
}

// TestAllowance: a hundred thousand records a second pass, ten times as many bytes do not.
func TestAllowance(t *testing.T) {
	c, now := newConduct(usual), time.Unix(1e9, 0)
	c.now = func() time.Time { return now }
	for range 10 * 1000 { // ten seconds of batches of 100 records
		now = now.Add(time.Millisecond)
		if !c.allow("p", 25_000) {
			t.Fatal("a legal rate is refused")
		}
	}
	total, waited := 0, time.Duration(0)
	for range 10_000 {
		wait := c.charge("q", 64<<10)
		waited += wait
		now = now.Add(wait)
		total += 64 << 10
	}
	if most := float64(bytesPerSec) * (waited.Seconds() + burst.Seconds()); float64(total) > 1.01*most {
		t.Errorf("%d bytes in %v", total, waited)
	}
	for c.allow("r", 64<<10) {
		now = now.Add(10 * time.Microsecond)
	}
}

// TestSmallFramesThatCostMuch: of those a member may send far fewer than of others at once, and enough.
func TestSmallFramesThatCostMuch(t *testing.T) {
	for number, want := range map[uint8]int{geo.LaneProbe: 1024, geo.LanePart: 1024, geo.LaneSync: 2048, geo.LaneFetch: framesPerSec} {
		c, now, n := newConduct(usual), time.Unix(1e9, 0), 0
		c.now = func() time.Time { return now }
		for c.charge("p", lanes[number].counts(100)) == 0 {
			n++
		}
		if n < want-1 || n > want+1 {
			t.Errorf("%d frames of %s at once, want %d", n, lanes[number].name, want)
		}
	}
}

// abuse is a member that b plays on a: raw bytes on a lane's stream.
func abuse(t *testing.T, b, a *node, number uint8, raw []byte) network.Stream {
	t.Helper()
	var conns []*admission
	until(t, "connected", func() bool { conns = b.roster.connsTo(a.id); return len(conns) > 0 })
	s, err := openStream(t.Context(), conns[0].conn, lanes[number].protocol())
	if err != nil {
		t.Fatal(err)
	}
	s.SetDeadline(time.Now().Add(patience))
	s.Write(raw)
	return s
}

// strikes reads the metric of malformed frames, bans included.
func strikes(n *node, lane string) float64 { return value(n.count.strikes.WithLabelValues(lane)) }

func TestMalformedFramesBan(t *testing.T) {
	for name, bad := range map[string][]byte{
		"length 0": {0}, "over the limit": {0xff, 0xff, 0xff, 0x7f}, "overflow": []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		"2^63": []byte("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, overTCP)
			for i := range maxStrikes {
				s := abuse(t, b, a, geo.LaneProbe, bad)
				until(t, "a strike", func() bool { return strikes(a, "probe") == float64(i+1) })
				if _, err := s.Read(make([]byte, 1)); err == nil {
					t.Error("the stream lives on")
				}
			}
			banned(t, a, b)
		})
	}
}

// banned waits until a has thrown b out and said so to it.
func banned(t *testing.T, a, b *node) {
	t.Helper()
	until(t, "disconnected", func() bool { return !a.knows(b) })
	until(t, "told of the ban", func() bool { return b.log.has("banned after malformed frames") })
	if !a.log.has("peer banned") {
		t.Error("no line in the log")
	}
}

func TestRefusedFramesBan(t *testing.T) {
	for name, send := range map[string]func(a, b *node){
		"frames": func(a, b *node) { b.Send(a.Self(), geo.LaneAck, []byte("what")) },
		"gossip": func(_, b *node) { b.Publish("c", []byte("what")) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, overTCP)
			a.Open("c")
			b.Open("c")
			spread(t, b, a, "c")
			a.mu.Lock()
			a.refuse = true
			a.mu.Unlock()
			until(t, "banned", func() bool { send(a, b); return !a.knows(b) })
			banned(t, a, b)
		})
	}
}

func TestBanEnds(t *testing.T) {
	times := brisk()
	times.ban = 300 * time.Millisecond
	a := quietNode(t, Config{Listen: overTCP, Secret: secret}, times)
	a.Serve(a.frame, a.event, a.lost)
	b := start(t, Config{Secret: secret, Bootstrap: a.Addrs()})
	meet(t, a, b)
	for range maxStrikes {
		a.strike(b.id, "probe")
	}
	banned(t, a, b)
	meet(t, a, b)
}

// TestSlowFrame: a frame begun must end; a stream without one may rest.
func TestSlowFrame(t *testing.T) {
	times := brisk()
	times.frame = 100 * time.Millisecond
	a := quietNode(t, Config{Listen: overTCP, Secret: secret}, times)
	a.Serve(a.frame, a.event, a.lost)
	b := start(t, Config{Secret: secret, Bootstrap: a.Addrs()})
	meet(t, a, b)
	idle := abuse(t, b, a, geo.LaneAck, []byte{1, 'x'})
	slow := abuse(t, b, a, geo.LaneProbe, []byte{200, 'x'})
	if _, err := slow.Read(make([]byte, 1)); err == nil {
		t.Error("half a frame is waited for")
	}
	idle.Write([]byte{1, 'y'})
	until(t, "a frame after a rest", func() bool { return a.has(got{b.Self(), geo.LaneAck, "", "y"}) })
	if strikes(a, "probe") != 0 {
		t.Error("slowness is no malformed frame")
	}
}

// TestStreamsAreBounded: the ninth stream of a peer on one lane is reset.
func TestStreamsAreBounded(t *testing.T) {
	a, b := pair(t, overTCP)
	var streams []network.Stream
	for range streamsPerKind + 1 {
		streams = append(streams, abuse(t, b, a, geo.LaneExplain, []byte{1, 'x'}))
	}
	reset := make(chan struct{}, len(streams))
	for _, s := range streams {
		b.background(func() {
			if _, err := s.Read(make([]byte, 1)); err != nil {
				reset <- struct{}{}
			}
		})
	}
	<-reset
}

// TestLostFramesDisconnect: when a stream fails under frames that Send took, the engine hears of it.
func TestLostFramesDisconnect(t *testing.T) {
	a, b := pair(t, overTCP)
	b.net.SetStreamHandler(lanes[geo.LaneAck].protocol(), func(s network.Stream) { s.Reset() })
	until(t, "disconnected", func() bool {
		a.Send(b.Self(), geo.LaneAck, []byte("lost"))
		return len(a.events()) > 1 && !a.events()[1].Connected
	})
	meet(t, a, b)
}

func TestCollectors(t *testing.T) {
	a, b := pair(t, overTCP)
	a.Send(b.Self(), geo.LaneAck, []byte("12345"))
	until(t, "counted", func() bool {
		return value(b.count.bytes.WithLabelValues("ack", "in")) == 5 && value(a.count.frames.WithLabelValues("ack", "out")) == 1
	})
	r := prometheus.NewPedanticRegistry()
	for _, c := range a.Collectors() {
		r.MustRegister(c)
	}
	if _, err := r.Gather(); err != nil {
		t.Error(err)
	}
	if d := a.dropped(); len(d) != 0 {
		t.Errorf("dropped %v", d)
	}
}
