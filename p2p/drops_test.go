package p2p

import (
	"fmt"
	"slices"
	"testing"

	"github.com/geolru/geolru/geo"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
)

// TestDropHereIsTold: a host whose engine is busy drops what does not fit into its queues, and tells who sent it.
func TestDropHereIsTold(t *testing.T) {
	a, b := pair(t, overTCP)
	a.Open("c")
	b.Open("c")
	spread(t, a, b, "c")
	hold := b.stop()
	sent := 0
	publish := func() {
		if a.Publish("c", fmt.Append(nil, "batch ", sent)) {
			sent++
		}
	}
	until(t, "a drop is told", func() bool {
		for range publishQueue {
			publish()
		}
		return slices.ContainsFunc(b.dropped(), func(d geo.Drop) bool { return d.N > 0 && d.Here })
	})
	close(hold)
	for _, d := range b.dropped() {
		if d.Cache != "c" || d.Peer != a.Self() || !d.Here {
			t.Errorf("told %+v", d)
		}
	}
	if value(b.count.gossip.WithLabelValues(pubsub.RejectValidationQueueFull)) == 0 {
		t.Error("not counted")
	}
}

// TestDropToAPeerIsTold once for all that was dropped meanwhile; what no cache is about is not told.
func TestDropToAPeerIsTold(t *testing.T) {
	a, b := pair(t, overTCP)
	a.Open("c")
	topic, strange := topicName("geolru", "c"), "elsewhere"
	rpc := &pubsub.RPC{}
	for range 3 {
		rpc.Publish = append(rpc.Publish, &pb.Message{Topic: &topic}, &pb.Message{Topic: &strange})
	}
	a.Host.events.push(func() { // by the goroutine that tells, so that it cannot tell before
		a.gossip.tracer.DropRPC(rpc, b.id)
		a.gossip.tracer.DropRPC(rpc, b.id)
	})
	until(t, "the drop is told", func() bool { return len(a.dropped()) > 0 })
	if d, want := a.dropped(), (geo.Drop{Cache: "c", Peer: b.Self(), N: 6}); len(d) != 1 || d[0] != want {
		t.Errorf("told %+v, want %+v", d, want)
	}
}
