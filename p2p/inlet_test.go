package p2p

import (
	"context"
	"fmt"
	"testing"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/network"
)

// resettable is a stream of which only the reset is seen.
type resettable struct {
	network.Stream
	reset chan struct{}
}

func newResettable() resettable { return resettable{reset: make(chan struct{})} }

func (s resettable) Reset() error {
	close(s.reset)
	return nil
}

// TestInletTurns: the newest waits for the reader of the oldest; who came between does not wait on.
func TestInletTurns(t *testing.T) {
	in, from := newInlets(), source{"p", geo.LaneSync}
	oldest, between, newest := newResettable(), newResettable(), newResettable()
	first := in.enter(t.Context(), from, oldest)
	if other := in.enter(t.Context(), source{"p", geo.LaneAck}, newResettable()); other == nil {
		t.Fatal("a lane waits for another one")
	} else {
		in.leave(other)
	}
	enter := func(s network.Stream) chan *inbound {
		c := make(chan *inbound)
		go func() { c <- in.enter(t.Context(), from, s) }()
		return c
	}
	second := enter(between)
	<-oldest.reset
	third := enter(newest)
	<-between.reset
	if b := <-second; b != nil {
		t.Error("the one between has its turn")
	}
	select {
	case <-third:
		t.Fatal("the newest does not wait for the reader of the oldest")
	default:
	}
	if n := in.all[from].users; n != 2 {
		t.Errorf("%d streams are read or wait, want the oldest and the newest", n)
	}
	if !first.ousted() {
		t.Error("the oldest does not know that it is ousted")
	}
	in.leave(first)
	b := <-third
	if b == nil || b.ousted() {
		t.Fatal("the newest does not get its turn")
	}
	in.leave(b)
	select {
	case <-newest.reset:
		t.Error("a stream read to its end is reset")
	default:
	}
	if len(in.all) != 0 {
		t.Errorf("left behind: %v", in.all)
	}
}

func TestInletEndsWithHost(t *testing.T) {
	in, from := newInlets(), source{"p", geo.LaneSync}
	ctx, cancel := context.WithCancel(t.Context())
	first := in.enter(ctx, from, newResettable())
	cancel()
	if in.enter(ctx, from, newResettable()) != nil {
		t.Error("a turn after the end")
	}
	in.leave(first)
	if len(in.all) != 0 {
		t.Errorf("left behind: %v", in.all)
	}
}

// twice returns a node, and a member's two connections to it: two hosts of one identity and one life.
func twice(t *testing.T) (n, member *node, conns [2]network.Conn) {
	n = start(t, Config{Listen: overTCP, Secret: secret})
	c := Config{Secret: secret, KeyFile: t.TempDir() + "/key", Bootstrap: n.Addrs()}
	member = quietNode(t, c, brisk())
	twin := quietNode(t, c, brisk())
	twin.life = member.life
	for i, m := range []*node{member, twin} {
		m.Serve(m.frame, m.event, m.lost)
		meet(t, m, n)
		conns[i] = m.roster.connsTo(n.id)[0].conn
	}
	until(t, "both are admitted", func() bool { return len(n.roster.connsTo(member.id)) == 2 })
	return n, member, conns
}

// TestOneStreamPerLane: whatever streams a member opens, on one connection or on two, the engine gets its frames of a lane
// one at a time, and the newest stream stays.
func TestOneStreamPerLane(t *testing.T) {
	n, member, conns := twice(t)
	hold := n.stop()
	var old *stream
	for i, conn := range []network.Conn{conns[0], conns[0], conns[1], conns[0]} {
		s, err := openStream(t.Context(), conn, lanes[geo.LaneSync].protocol())
		if err != nil {
			t.Fatal(err)
		}
		// Of the first stream one frame is with the engine, and the one behind it is not to come any more.
		s.Write(appendFrame(appendFrame(nil, fmt.Append(nil, "first of ", i)), fmt.Append(nil, "second of ", i)))
		if i == 0 {
			until(t, "the engine works", func() bool { return n.atWork(way{member.Self(), geo.LaneSync}) == 1 })
		} else {
			until(t, "the older is reset", func() bool { _, err := old.Read(make([]byte, 100)); return err != nil })
		}
		old = s
	}
	close(hold)
	last := got{member.Self(), geo.LaneSync, "", "second of 3"}
	until(t, "the newest is read", func() bool { return n.has(last) })
	if f := fmt.Sprint(texted(n.received())); f != "[first of 0 first of 3 second of 3]" {
		t.Errorf("handed over: %s", f)
	}
	if n.crowded() {
		t.Error("frames of one peer and lane were handed over at once")
	}
}

func texted(frames []got) (out []string) {
	for _, f := range frames {
		out = append(out, f.data)
	}
	return out
}
