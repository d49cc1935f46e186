// Package p2p carries messages between the nodes of a mesh, over libp2p, which nothing else imports.
//
// The life of a message: Publish puts a batch into a short queue; one goroutine signs it and gives it to gossipsub, which
// sends it to every member that has the same cache open; there a validator hands it to the engine, and only what the engine
// takes for well formed is passed on. Send puts a frame into the queue of one peer and lane; a goroutine writes it to the
// one long stream of that lane; the peer's reader hands it to the engine, and reads no further until the engine is done.
//
// The life of a connection: the dialer makes it, to a bootstrap address or to a member that somebody told of, and makes it
// again for ever when it is gone. Its first stream is the hello, in which both sides prove that they know the secret.
// Until then nothing else answers. Then the engine hears of the peer, both tell each other whom they know, and gossip begins.
//
// A Host drops rather than waits, and says so: Publish and Send return false when a queue is full, the engine is told between
// whom gossip was lost, and when frames that Send took are lost the peer is reported as disconnected.
package p2p

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/quiet"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
	madns "github.com/multiformats/go-multiaddr-dns"
	"github.com/prometheus/client_golang/prometheus"
)

// Host is one node's network. Its zero value is of no use: use New. Its methods are safe for concurrent use and none but
// New, Open, Shut and Close waits for anything.
type Host struct {
	cfg      settings
	keys     [][]byte // of the secrets, in their order
	id       peer.ID
	life     life
	net      host.Host
	resolver network.MultiaddrDNSResolver

	gate    *gate
	roster  *roster
	inlets  *inlets
	events  *events
	gossip  *gossip
	dialer  *dialer
	lan     *lan // nil: it is not looked for peers there
	conduct *conduct
	count   *counters
	journal *quiet.Log
	news    chan peer.ID // admitted, to be told of
	memory  memory       // of New, and then of exchange's goroutine

	// frame, peer and drop are set once, by Serve, before serving is closed.
	frame   func(from geo.ID, lane uint8, cache string, b []byte) bool
	peer    func(geo.Peer)
	drop    func(geo.Drop)
	serve   sync.Once
	serving chan struct{}

	ctx    context.Context // done: everything ends
	cancel context.CancelFunc
	tasks  tasks

	handing sync.RWMutex // held for reading while the engine works
	closed  bool         // guarded by handing
	close   sync.Once
	closing error
}

// New returns a host that listens. It admits nobody and dials nobody before Serve. Errors name the part of the
// configuration that is wrong, or the address that cannot be listened on.
func New(c Config) (*Host, error) {
	return newHost(c, usual)
}

func newHost(c Config, t timings) (*Host, error) {
	cfg, err := c.parse(t)
	if err != nil {
		return nil, err
	}
	key, err := identity(c.KeyFile)
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, keys: deriveKeys(cfg.cluster, cfg.secrets), resolver: swarm.ResolverFromMaDNS{Resolver: madns.DefaultResolver},
		gate: newGate(t.hello), roster: newRoster(), inlets: newInlets(), events: newEvents(), conduct: newConduct(t), count: newCounters(),
		journal: quiet.New(c.Log, time.Now), news: make(chan peer.ID, maxTold), serving: make(chan struct{}),
	}
	h.memory.path = c.PeersFile
	rand.Read(h.life[:])
	if h.net, err = newStack(key, cfg); err != nil {
		return nil, err
	}
	h.id = h.net.ID()
	h.recall()
	h.dialer = h.newDialer()
	if h.gossip, err = h.newGossip(); err != nil {
		return nil, errors.Join(err, h.net.Close())
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.attach()
	if cfg.mdns {
		if h.lan, err = h.newLAN(); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	return h, nil
}

// attach starts to answer connections and streams.
func (h *Host) attach() {
	h.net.SetStreamHandler(helloProtocol, h.answer)
	for number, l := range lanes {
		h.net.SetStreamHandler(l.protocol(), h.admittedOnly(h.receive(number)))
	}
	h.background(func() { h.events.run(h.ctx.Done()) })
	h.background(h.gossip.run)
	h.net.Network().Notify(&network.NotifyBundle{ConnectedF: h.connected, DisconnectedF: h.disconnected})
}

// Serve gives the host whom to hand what arrives to, and begins to admit and to dial. Only the first call counts.
//
// frame is called for every batch and frame, from many goroutines. Frames of one peer and lane come in order and one at a
// time, however many streams the peer opens; gossip comes in any order and several at once, of one author too. from is who
// sent it; for gossip who signed it, which need not be a neighbour, lane is 0 and cache is named. b is the callee's to keep,
// not to change. It returns false for a malformed frame: the third bans the peer. While it works nothing more is read from
// that stream.
//
// peer is called when a member is admitted and when its last connection is gone, in that order; drop soon after full queues
// dropped gossip, once for all that was dropped meanwhile between the same two. Both are called by one goroutine. None of
// the functions may call Close.
func (h *Host) Serve(frame func(from geo.ID, lane uint8, cache string, b []byte) bool, peer func(geo.Peer), drop func(geo.Drop)) {
	h.serve.Do(func() {
		h.frame, h.peer, h.drop = frame, peer, drop
		close(h.serving)
		h.background(func() { h.dialer.run(h.ctx) })
		h.background(func() { h.exchange(h.ctx) })
		h.background(func() { h.tend(h.ctx) })
	})
}

func (h *Host) tellPeer(p geo.Peer) {
	h.handing.RLock()
	defer h.handing.RUnlock()
	if !h.closed {
		h.peer(p)
	}
}

func (h *Host) tellDrop(d geo.Drop) {
	select {
	case <-h.serving:
	default:
		return
	}
	h.handing.RLock()
	defer h.handing.RUnlock()
	if !h.closed {
		h.drop(d)
	}
}

// Self returns this host's ID.
func (h *Host) Self() geo.ID { return geo.ID(h.id.String()) }

// Addrs returns at most 8 dialable multiaddrs, each ending in /p2p/ID: those announced, else those listened on with
// unspecified addresses expanded. None for a client.
func (h *Host) Addrs() []string {
	if len(h.cfg.listen) == 0 {
		return nil
	}
	if len(h.cfg.announce) > 0 {
		return texts(best(bareAddrs(h.cfg.announce)), h.id)
	}
	addrs, err := h.net.Network().InterfaceListenAddresses()
	if err != nil {
		addrs = h.net.Network().ListenAddresses()
	}
	return texts(best(slices.DeleteFunc(slices.Clone(addrs), func(a ma.Multiaddr) bool { return dialable(a) != nil })), h.id)
}

// Open joins the gossip of a cache; an error if it is open already, or after Close.
func (h *Host) Open(cache string) error { return h.gossip.open(cache) }

// Shut leaves the gossip of a cache; without effect if it is not open.
func (h *Host) Shut(cache string) { h.gossip.shutCache(cache) }

// Publish sends a batch of 1 byte to 72 KiB to all members that have the cache open, and takes it: the caller may not
// change it. False: 16 batches wait already, the batch is too long, or the cache is not open.
func (h *Host) Publish(cache string, batch []byte) bool { return h.gossip.publish(cache, batch) }

// Send sends a frame to one peer and takes it: the caller may not change it. Frames of a lane arrive in order and all, or
// the peer is reported as disconnected. False: the peer is not connected, its queue is full (4 MiB; 32 MiB for LaneFetch,
// LaneSync and LanePart), the frame is empty or too long for its lane, or the lane is unknown.
func (h *Host) Send(to geo.ID, lane uint8, frame []byte) bool {
	l, ok := lanes[lane]
	if !ok || lane == lanePeers || len(frame) == 0 || len(frame) > l.frame {
		return false
	}
	way := h.roster.link(to)
	return way != nil && way.send(lane, frame)
}

// Keep says whom to stay connected to; nil = everybody. Members that are wanted are dialled for ever; connections to others
// are closed after a few seconds, unless the other side dialled. Who is admitted after it was called is wanted until it is
// called again: a plan made while the first peers come in names few.
func (h *Host) Keep(want []geo.ID) {
	h.roster.setKeep(want)
	h.dialer.wake()
}

// protect exempts wanted members from the connection manager.
func (h *Host) protect() {
	h.roster.mu.RLock()
	defer h.roster.mu.RUnlock()
	for id := range h.roster.members {
		if h.roster.wantedLocked(id) {
			h.net.ConnManager().Protect(id, "keep")
		} else {
			h.net.ConnManager().Unprotect(id, "keep")
		}
	}
}

// Peers returns the members that this host has admitted within the last day, connected or not, by ID.
func (h *Host) Peers() []geo.Peer { return h.roster.list() }

// Collectors returns the host's metrics; they are registered nowhere yet.
func (h *Host) Collectors() []prometheus.Collector { return h.count.collectors() }

// tend does what is done now and then, until ctx is done.
func (h *Host) tend(ctx context.Context) {
	tick := time.NewTicker(h.cfg.times.mend)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.gossip.mend()
		h.protect()
		h.roster.forget(h.cfg.times.forget)
		for _, a := range h.roster.surplus(h.cfg.times.linger) {
			a.conn.Close()
		}
	}
}
