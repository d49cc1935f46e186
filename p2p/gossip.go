package p2p

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/geolru/geolru/geo"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
)

// Sizes of gossip. Everything that overflows is dropped without a word by gossipsub, hence the room.
const (
	maxBatch      = 72 << 10  // a batch is 64 KiB; some room for what goes round it
	maxRPC        = 256 << 10 // several messages may travel together
	publishQueue  = 16        // batches
	validateQueue = 1024      // messages; gossipsub's own 32 overflow at once in a burst
	dontWantFrom  = 64 << 10  // bytes: smaller messages are sent faster than taken back
	maxTopics     = 1024      // caches per node
)

// speech is the one protocol of gossip: floodsub, which gossipsub offers by default, knows no mesh.
const speech = pubsub.GossipSubID_v12

// gossip carries batches to all who hold the same cache. Safe for concurrent use.
type gossip struct {
	h      *Host
	ps     *pubsub.PubSub
	ctx    context.Context
	cancel context.CancelFunc
	appear event.Emitter
	queue  chan batch
	tracer *tracer
	drops  *drops
	// streams holds the outbound streams, *followed; published is closed when run has ended.
	streams   sync.Map
	published chan struct{}

	mu     sync.RWMutex
	topics map[string]*topic // by cache; guarded by mu
	shut   bool              // no more batches; guarded by mu
}

type batch struct {
	topic *topic
	data  []byte
}

// topic is one cache that is open here.
type topic struct {
	*pubsub.Topic
	leave pubsub.RelayCancelFunc
}

// params are those of package geo, which the simulator follows too.
func params() pubsub.GossipSubParams {
	p := pubsub.DefaultGossipSubParams()
	p.D, p.Dlo, p.Dhi, p.Dscore, p.Dout = geo.MeshDegree, geo.MeshLow, geo.MeshHigh, geo.MeshScore, geo.MeshOut
	p.Dlazy, p.GossipFactor, p.HistoryGossip = geo.GossipPeers, geo.GossipFactor, geo.GossipBeats
	p.OpportunisticGraftTicks, p.OpportunisticGraftPeers = geo.GraftBeats, geo.GraftPeers
	p.HeartbeatInterval, p.PruneBackoff = geo.Heartbeat, geo.MeshBackoff
	p.IDontWantMessageThreshold = dontWantFrom
	return p
}

func (h *Host) newGossip() (*gossip, error) {
	g := &gossip{h: h, queue: make(chan batch, publishQueue), topics: map[string]*topic{}, published: make(chan struct{})}
	g.tracer, g.drops = newTracer(g), newDrops(h)
	g.ctx, g.cancel = context.WithCancel(context.Background())
	bus := eventbus.NewBus()
	var err error
	if g.appear, err = bus.Emitter(new(event.EvtPeerIdentificationCompleted)); err != nil {
		return nil, fmt.Errorf("p2p: start gossip: %w", err)
	}
	g.ps, err = pubsub.NewGossipSub(g.ctx, &mask{h.net, h, bus}, g.options()...)
	if err != nil {
		g.cancel()
		return nil, fmt.Errorf("p2p: start gossip: %w", err)
	}
	return g, nil
}

func (g *gossip) options() []pubsub.Option {
	silent := slog.New(slog.DiscardHandler)
	options := []pubsub.Option{
		pubsub.WithMessageSignaturePolicy(pubsub.StrictSign),
		pubsub.WithGossipSubProtocols([]protocol.ID{speech}, pubsub.GossipSubDefaultFeatures),
		pubsub.WithGossipSubParams(params()),
		pubsub.WithFloodPublish(true),
		pubsub.WithPeerExchange(false),
		pubsub.WithMaxMessageSize(maxRPC),
		pubsub.WithMaxControlMessageSize(maxRPC / 2),
		pubsub.WithValidateQueueSize(validateQueue),
		pubsub.WithPeerOutboundQueueSize(geo.QueueLimit),
		pubsub.WithSeenMessagesTTL(geo.SeenFor),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(prefix{}, maxTopics)),
		pubsub.WithRawTracer(g.tracer),
		pubsub.WithLogger(silent),
		pubsub.WithRPCLogger(silent),
	}
	if g.h.cfg.region != "" {
		options = append(options, g.kinFirst())
	}
	return options
}

// kinFirst has gossipsub rank members by their region, and by nothing else. It is left out where there is none to rank by, as
// gossipsub then keeps for a minute who sent each batch, 0.4 kB.
func (g *gossip) kinFirst() pubsub.Option {
	return pubsub.WithPeerScore(&pubsub.PeerScoreParams{
		AppSpecificScore:  func(id peer.ID) float64 { return geo.MeshScoreOf(g.h.cfg.region, g.h.roster.region(id)) },
		AppSpecificWeight: 1,
		DecayInterval:     time.Minute, DecayToZero: 0.01, // of what counts for nothing
		SeenMsgTTL: time.Nanosecond,
	}, &pubsub.PeerScoreThresholds{OpportunisticGraftThreshold: geo.GoodScore})
}

// topicName hashes cluster and cache: a name may hold anything, a topic should not.
func topicName(cluster, cache string) string {
	sum := digest("topic", cluster, cache)
	return topicPrefix + hex.EncodeToString(sum[:16])
}

const topicPrefix = "/" + protocolName + "/"

// prefix lets peers speak of this protocol's topics only.
type prefix struct{}

func (prefix) CanSubscribe(topic string) bool { return strings.HasPrefix(topic, topicPrefix) }

// open joins the topic of a cache. Batches are delivered by the topic's validator: it runs before a message is passed on, so
// nobody forwards what is malformed, and there is no subscriber whose buffer could overflow. Relaying joins the mesh without one.
func (g *gossip) open(cache string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.topics[cache] != nil {
		return fmt.Errorf("p2p: open cache %q: it is open already", cache)
	}
	if len(g.topics) >= maxTopics {
		return fmt.Errorf("p2p: open cache %q: %d are open, which is the most", cache, maxTopics)
	}
	name := topicName(g.h.cfg.cluster, cache)
	if err := g.ps.RegisterTopicValidator(name, g.validator(cache), pubsub.WithValidatorInline(true)); err != nil {
		return fmt.Errorf("p2p: open cache %q: %w", cache, err)
	}
	t, err := g.join(name)
	if err != nil {
		g.ps.UnregisterTopicValidator(name)
		return fmt.Errorf("p2p: open cache %q: %w", cache, err)
	}
	g.topics[cache] = t
	return nil
}

func (g *gossip) join(name string) (*topic, error) {
	t, err := g.ps.Join(name)
	if err != nil {
		return nil, err
	}
	leave, err := t.Relay()
	if err != nil {
		t.Close()
		return nil, err
	}
	return &topic{t, leave}, nil
}

// shutCache leaves the topic of a cache; without effect if it is not open.
func (g *gossip) shutCache(cache string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.topics[cache]
	if t == nil {
		return
	}
	delete(g.topics, cache)
	t.leave()
	t.Close()
	g.ps.UnregisterTopicValidator(t.String())
}

// validator hands a batch to the engine, in the name of its author: the signature has been checked by then.
func (g *gossip) validator(cache string) pubsub.ValidatorEx {
	return func(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		if from == g.h.id {
			return pubsub.ValidationAccept
		}
		author := m.GetFrom()
		switch {
		case g.h.conduct.banned(author):
			return pubsub.ValidationIgnore
		case len(m.Data) > maxBatch || len(m.Data) == 0:
			g.h.strike(author, "gossip")
			return pubsub.ValidationReject
		case !g.h.conduct.allow(author, len(m.Data)):
			g.drops.add(loss{m.GetTopic(), from, true}, "over the author's allowance")
			return pubsub.ValidationIgnore
		}
		g.h.count.frame("gossip", "in", len(m.Data))
		if !g.h.hand(geo.ID(author.String()), 0, cache, m.Data) {
			g.h.strike(author, "gossip")
			return pubsub.ValidationReject
		}
		return pubsub.ValidationAccept
	}
}

// publish queues a batch; false: full, too long, or the cache is not open.
func (g *gossip) publish(cache string, data []byte) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	t := g.topics[cache]
	if t == nil || g.shut || len(data) == 0 || len(data) > maxBatch {
		return false
	}
	select {
	case g.queue <- batch{t, data}:
		return true
	default:
		return false
	}
}

// run publishes what is queued, one after the other: signing takes a core's time, and gossipsub holds the caller up while
// its own queue is full. It ends when the queue is closed and empty.
func (g *gossip) run() {
	defer close(g.published)
	for b := range g.queue {
		if err := b.topic.Publish(g.ctx, b.data); err != nil {
			g.drops.add(loss{topic: b.topic.String()}, "publish failed")
			continue
		}
		g.h.count.frame("gossip", "out", len(b.data))
	}
}

// arrived tells gossipsub of a member. It may be told again and again.
func (g *gossip) arrived(id peer.ID) {
	g.appear.Emit(event.EvtPeerIdentificationCompleted{Peer: id, Protocols: []protocol.ID{speech}})
}

// mend tells gossipsub again of members to which it has no stream: it gives up on a peer after four failures in ten minutes.
func (g *gossip) mend() {
	for _, id := range g.h.roster.connected() {
		if !g.tracer.has(id) {
			g.arrived(id)
		}
	}
}
