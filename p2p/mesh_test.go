package p2p

import (
	"runtime"
	"testing"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/peer"
)

// TestCrowd starts ten nodes at once, all with the address of the first.
func TestCrowd(t *testing.T) {
	first := start(t, Config{Listen: overTCP, Secret: secret})
	all := []*node{first}
	for range 9 {
		all = append(all, start(t, Config{Listen: overTCP, Secret: secret, Bootstrap: first.Addrs()}))
	}
	meet(t, all...)
	for _, n := range all {
		if err := n.Open("c"); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range all[1:] {
		spread(t, first, n, "c")
	}
}

// TestGossipNamesItsAuthor though it comes by way of another.
func TestGossipNamesItsAuthor(t *testing.T) {
	hub := start(t, Config{Listen: overTCP, Secret: secret})
	a := start(t, Config{Secret: secret, Bootstrap: hub.Addrs()})
	b := start(t, Config{Secret: secret, Bootstrap: hub.Addrs()})
	meet(t, hub, a)
	meet(t, hub, b)
	for _, n := range []*node{hub, a, b} {
		if err := n.Open("c"); err != nil {
			t.Fatal(err)
		}
	}
	spread(t, a, b, "c") // two clients have no way to each other
	if a.knows(b) {
		t.Error("two clients are connected")
	}
}

// TestCachesDoNotMix: a batch reaches those only that have its cache open.
func TestCachesDoNotMix(t *testing.T) {
	a, b := pair(t, overTCP)
	for _, cache := range []string{"one", "two", "odd \x00 / name"} {
		a.Open(cache)
		b.Open(cache)
	}
	spread(t, a, b, "odd \x00 / name")
	b.Shut("one")
	a.Publish("one", []byte("for nobody"))
	spread(t, a, b, "two")
	for _, f := range b.received() {
		if f.cache == "one" {
			t.Errorf("got %+v", f)
		}
	}
}

// TestLongBatchIsRefused before it reaches the engine, and counts as malformed.
func TestLongBatchIsRefused(t *testing.T) {
	a, b := pair(t, overTCP)
	a.Open("c")
	b.Open("c")
	spread(t, a, b, "c")
	if a.Publish("c", make([]byte, maxBatch+1)) || a.Publish("c", nil) {
		t.Error("published")
	}
	a.gossip.topics["c"].Publish(t.Context(), make([]byte, maxBatch+1))
	until(t, "a strike", func() bool { return strikes(b, "gossip") == 1 })
	if !a.Publish("c", make([]byte, maxBatch)) {
		t.Error("the longest batch is refused")
	}
	until(t, "the longest batch", func() bool { return b.has(got{a.Self(), 0, "c", string(make([]byte, maxBatch))}) })
}

// benchWindow bounds what is under way in a benchmark, as the engine's credit does.
const benchWindow = 4096

func BenchmarkSend(b *testing.B) {
	from, to := pair(b, overTCP)
	window := make(chan struct{}, benchWindow)
	to.Host.frame = func(geo.ID, uint8, string, []byte) bool { <-window; return true }
	frame := make([]byte, 200)
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		window <- struct{}{}
		if !from.Send(to.Self(), geo.LaneSync, frame) {
			b.Fatal("not sent")
		}
	}
}

func BenchmarkPublish(b *testing.B) {
	from, to := pair(b, overTCP)
	from.Open("c")
	to.Open("c")
	window := make(chan struct{}, publishQueue)
	to.Host.frame = func(geo.ID, uint8, string, []byte) bool {
		select {
		case <-window:
		default:
		}
		return true
	}
	window <- struct{}{}
	until(b, "joined", func() bool { from.Publish("c", []byte{1}); return len(window) == 0 })
	b.SetBytes(50_000)
	for b.Loop() {
		window <- struct{}{}
		for !from.Publish("c", make([]byte, 50_000)) {
			runtime.Gosched()
		}
	}
}

// A plan that is made while the first members come in does not cost the later ones their connections.
func TestWhoComesAfterThePlanIsWanted(t *testing.T) {
	r := newRoster()
	before, after := peer.ID("before"), peer.ID("after")
	r.ensureLocked(before).admitted = true
	r.setKeep([]geo.ID{})
	r.ensureLocked(after).admitted = true
	if r.wantedLocked(before) || !r.wantedLocked(after) {
		t.Errorf("wanted: before %v, after %v", r.wantedLocked(before), r.wantedLocked(after))
	}
	r.setKeep(nil)
	if !r.wantedLocked(before) {
		t.Error("nil is not everybody")
	}
}
