package p2p

import (
	"sync"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// FilterIncomingSubscriptions keeps the subscriptions to topics of this protocol.
func (p prefix) FilterIncomingSubscriptions(_ peer.ID, subs []*pb.RPC_SubOpts) ([]*pb.RPC_SubOpts, error) {
	return pubsub.FilterSubscriptions(subs, p.CanSubscribe), nil
}

// tracer watches gossipsub from inside: what it drops, to whom it has a stream, and how much it has yet to write.
// Gossipsub calls it from several goroutines and waits for it.
type tracer struct {
	g *gossip

	mu     sync.Mutex
	up     map[peer.ID]bool // has an outbound stream
	joined int              // topics
	// unsent counts the messages queued for a peer and not written yet. A message may be written before it is counted.
	unsent map[peer.ID]int
	wrote  chan struct{} // nudged when something was written
}

func newTracer(g *gossip) *tracer {
	return &tracer{g: g, up: map[peer.ID]bool{}, unsent: map[peer.ID]int{}, wrote: make(chan struct{}, 1)}
}

func (t *tracer) has(id peer.ID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.up[id]
}

// idle says whether everything queued has been written.
func (t *tracer) idle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range t.unsent {
		if n > 0 {
			return false
		}
	}
	return true
}

func (t *tracer) queued(id peer.ID, n int) {
	t.mu.Lock()
	t.unsent[id] += n
	t.mu.Unlock()
	nudge(t.wrote)
}

// OnNewOutboundStream counts the greeting that gossipsub is about to write: without topics it is empty and not written.
func (t *tracer) OnNewOutboundStream(id peer.ID, _ protocol.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.up[id] = true
	if t.joined > 0 {
		t.unsent[id]++
	}
}

func (t *tracer) OnClosedOutboundStream(id peer.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.up, id)
	delete(t.unsent, id)
}

func (t *tracer) Join(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.joined++
}

func (t *tracer) Leave(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.joined--
}

func (t *tracer) SendRPC(_ *pubsub.RPC, to peer.ID) { t.queued(to, 1) }

// DropRPC is a full outbound queue. Lost control messages are no gap.
func (t *tracer) DropRPC(rpc *pubsub.RPC, to peer.ID) {
	for _, m := range rpc.GetPublish() {
		t.g.drops.add(loss{topic: m.GetTopic(), peer: to}, "outbound queue full")
	}
	if len(rpc.GetPublish()) == 0 {
		t.g.h.count.gossip.WithLabelValues("control").Inc()
	}
}

func (t *tracer) UndeliverableMessage(m *pubsub.Message) { t.missed(m, "subscriber too slow") }

// missed notes a message that came to this node and went no further.
func (t *tracer) missed(m *pubsub.Message, why string) {
	t.g.drops.add(loss{m.GetTopic(), m.ReceivedFrom, true}, why)
}

// RejectMessage tells what was dropped for want of room from what was refused for what it was.
func (t *tracer) RejectMessage(m *pubsub.Message, why string) {
	switch why {
	case pubsub.RejectValidationQueueFull, pubsub.RejectValidationThrottled:
		t.missed(m, why)
	default:
		t.g.h.count.gossip.WithLabelValues(why).Inc()
	}
}

// DuplicateMessage counts what came again, as gossip has it: each node gets a batch from several.
func (t *tracer) DuplicateMessage(*pubsub.Message) { t.g.h.count.again.Inc() }

func (t *tracer) Graft(peer.ID, string)           {}
func (t *tracer) Prune(peer.ID, string)           {}
func (t *tracer) ValidateMessage(*pubsub.Message) {}
func (t *tracer) DeliverMessage(*pubsub.Message)  {}
func (t *tracer) ThrottlePeer(peer.ID)            {}
func (t *tracer) RecvRPC(*pubsub.RPC)             {}
