package geolru

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/p2p"
)

const (
	defaultTimeout = 3600 * time.Millisecond // a handshake over the longest way round the earth, with one lost packet
	flushFor       = 2 * time.Second         // how long a Close waits for what is to be sent
)

// Mesh says which mesh to join, and how. The zero value works: a node that knows nobody, is not dialled, and talks to
// nodes on this machine only.
type Mesh struct {
	Cluster   string        // meshes of other names never mix; at most 128 bytes; "" = "geolru"
	Listen    []string      // multiaddrs to accept peers on; empty = a client only, it dials and is not dialled
	Announce  []string      // multiaddrs told to peers instead (behind a NAT or a load balancer); empty = what is listened on
	Bootstrap []string      // multiaddrs of known peers, with or without /p2p/ID, /dnsaddr allowed; unreachable ones are retried for ever
	Region    string        // label told to peers, e.g. "eu-west-1"; at most 128 bytes
	Secret    string        // admission, at least 16 characters; "" = loopback peers only. "new,old" while rotating
	Dir       string        // keeps identity.key, so that the ID survives a restart; made if missing, mode 0700; "" = nothing on disk
	Timeout   time.Duration // of dialling, and of a miss that asks peers; 0 = 3.6 s
	Log       *slog.Logger  // nil = silent
}

// Peer is an admitted member of the mesh, as this node sees it.
type Peer struct {
	ID, Region string
	Addrs      []string      // dialable multiaddrs, each ending in /p2p/ID
	RTT        time.Duration // there and back; 0 = not measured
	Lag        time.Duration // for how long it has lacked something that was written here; 0 = it has all
	Connected  bool
	Note       string // why nothing is synced with it, for people: a clock that is off, another TTL; empty if nothing is wrong
}

// Node is the membership of this process in a mesh: one is enough, for any number of caches up to 1,024. Make one with
// [Join], the zero value does not work. Safe for concurrent use.
type Node struct {
	host     *p2p.Host
	engine   *replica.Engine
	log      *slog.Logger
	timeout  time.Duration
	first    bool      // it has nobody to look for
	joined   time.Time // when peers began to be sought
	closing  sync.Once
	done     chan struct{} // closed by Close
	closeErr error

	mu     sync.Mutex // guards caches
	caches []member   // open; nil after Close
	closed bool
}

// member is a cache as its node sees it.
type member interface {
	shut()
	label() string
	Stats() Stats
	undecodable() uint64
}

// Join joins a mesh. It returns once the node listens; peers are sought in the background, for as long as the node
// lives. ctx bounds the call alone. Errors name what is wrong in m; an address that nobody answers at is none.
func Join(ctx context.Context, m Mesh) (*Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m, err := m.complete()
	if err != nil {
		return nil, err
	}
	host, err := p2p.New(m.host())
	if err != nil {
		return nil, fmt.Errorf("geolru: join: %w", err)
	}
	if err := ctx.Err(); err != nil {
		host.Close()
		return nil, err
	}
	n := &Node{
		host: host, log: m.Log, timeout: m.Timeout, first: len(m.Bootstrap) == 0, joined: time.Now(),
		done: make(chan struct{}),
	}
	n.engine = replica.New(replica.Config{
		Net: host, Clock: system{}, Rand: newRand(), Region: m.Region, Timeout: m.Timeout, Log: m.Log,
	})
	return n, nil
}

// complete checks what the layers below do not, and fills in the defaults.
func (m Mesh) complete() (Mesh, error) {
	if m.Timeout < 0 {
		return m, fmt.Errorf("geolru: join: Mesh.Timeout is %v, it cannot be negative", m.Timeout)
	}
	if m.Timeout == 0 {
		m.Timeout = defaultTimeout
	}
	if m.Log == nil {
		m.Log = slog.New(slog.DiscardHandler)
	}
	if m.Dir != "" {
		if err := os.MkdirAll(m.Dir, 0o700); err != nil {
			return m, fmt.Errorf("geolru: join: make Mesh.Dir: %w", err)
		}
	}
	return m, nil
}

func (m Mesh) host() p2p.Config {
	c := p2p.Config{
		Cluster: m.Cluster, Listen: m.Listen, Announce: m.Announce, Bootstrap: m.Bootstrap,
		Region: m.Region, Secret: m.Secret, Timeout: m.Timeout, Log: m.Log,
	}
	if m.Dir != "" {
		c.KeyFile = filepath.Join(m.Dir, "identity.key")
	}
	return c
}

// newRand is the engine's source: the marks of its lives are drawn from it, so nobody may guess them.
func newRand() *rand.Rand {
	var seed [32]byte
	crand.Read(seed[:]) // never fails
	return rand.New(rand.NewChaCha8(seed))
}

// ID is the node's name in the mesh: its libp2p peer ID, as text.
func (n *Node) ID() string { return string(n.host.Self()) }

// Addrs is where this node can be dialled: multiaddrs, each ending in /p2p/ID. Empty for a client.
func (n *Node) Addrs() []string { return n.host.Addrs() }

// Peers is the admitted members, nearest first; those that are not connected now come last.
func (n *Node) Peers() []Peer {
	infos := n.engine.Peers()
	peers := make([]Peer, 0, len(infos))
	for _, p := range infos {
		peers = append(peers, Peer{
			ID: string(p.ID), Region: p.Region, Addrs: p.Addrs, RTT: p.RTT, Lag: p.Lag, Connected: p.Connected, Note: p.Note,
		})
	}
	return peers
}

// Ready waits until every cache that is open on the node has had everything from a peer, or there is none to have it
// from: no peer is connected when Mesh.Timeout has passed since Join (at once where Mesh.Bootstrap names nobody), or
// nothing has come from those that are for a whole Mesh.Timeout. The error is that of ctx, or [ErrClosed].
func (n *Node) Ready(ctx context.Context) error {
	synced := make(chan struct{})
	cancel := n.engine.Ready(func() { close(synced) })
	defer cancel()
	look := time.NewTimer(n.patience())
	defer look.Stop()
	for had := int64(-1); ; {
		select {
		case <-synced:
			return nil
		case <-look.C:
			has := n.moved()
			if !n.connected() || has == had {
				return nil
			}
			had = has
			look.Reset(n.timeout)
		case <-ctx.Done():
			return ctx.Err()
		case <-n.done:
			return ErrClosed
		}
	}
}

func (n *Node) connected() bool {
	return slices.ContainsFunc(n.engine.Peers(), func(p replica.PeerInfo) bool { return p.Connected })
}

// patience is how long the node still waits for its first peer.
func (n *Node) patience() time.Duration {
	if n.first {
		return 0
	}
	return n.timeout - time.Since(n.joined)
}

// moved rises while anything comes from peers by sync, or is about to.
func (n *Node) moved() int64 {
	c := n.engine.Counters()
	return int64(c.Pulls + c.Busy + c.Moved)
}

// Collector is every metric of the node and its caches, to be registered once with a registry of the caller's choice.
// The name of a cache is a label, a key never is.
func (n *Node) Collector() prometheus.Collector { return collector{n} }

// Close sends what waits to be sent, for at most 2 s, closes the caches on the node and leaves the mesh. A second Close
// waits for the first and returns what it did.
func (n *Node) Close() error {
	n.closing.Do(func() {
		n.flush()
		close(n.done)
		for _, c := range n.part() {
			c.shut()
		}
		n.engine.Close()
		if err := n.host.Close(); err != nil {
			n.closeErr = fmt.Errorf("geolru: close node: %w", err)
		}
	})
	return n.closeErr
}

// flush waits until nothing waits to be sent.
func (n *Node) flush() {
	sent := make(chan struct{})
	n.engine.Flush(func() { close(sent) })
	select {
	case <-sent:
	case <-time.After(flushFor):
	}
}

// add makes c one of the node's caches; false if the node is closed.
func (n *Node) add(c member) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.caches = append(n.caches, c)
	}
	return !n.closed
}

func (n *Node) remove(c member) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.caches = slices.DeleteFunc(n.caches, func(o member) bool { return o == c })
}

// part takes all caches out for good.
func (n *Node) part() []member {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.caches
	n.caches, n.closed = nil, true
	return all
}

func (n *Node) isClosed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.closed
}

func (n *Node) open() []member {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.caches)
}
