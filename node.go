package geolru

import (
	"context"
	crand "crypto/rand"
	"errors"
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
	flushFor       = 2 * time.Second         // how long a Close waits for another node to have what was written
)

// Mesh says which mesh to join, and how. The zero value works: a node that knows nobody, is not dialled, and talks to
// nodes on this machine only.
type Mesh struct {
	Cluster   string        // meshes of other names never mix; at most 128 bytes; "" = "geolru"
	Listen    []string      // multiaddrs to accept peers on; empty = a client only, it dials and is not dialled
	Announce  []string      // multiaddrs told to peers instead (behind a NAT or a load balancer); empty = what is listened on
	Bootstrap []string      // multiaddrs of known peers, with or without /p2p/ID, /dnsaddr allowed; unreachable ones are retried for ever
	MDNS      bool          // also find, and be found by, nodes of the cluster on the local network, by multicast DNS; who is found has to know the secret
	Region    string        // label told to peers, e.g. "eu-west-1"; those of one hand gossip on to each other first; at most 128 bytes
	Secret    string        // admission, at least 16 characters; "" = loopback peers only. While rotating "old,new" on every node, then "new,old" on every node: the first proves, any is accepted
	Dir       string        // keeps identity.key, the addresses of peers, a snapshot and a journal of each cache, so that ID, entries and whom to look for survive a restart; made if missing, mode 0700; of one node alone; "" = nothing on disk
	Timeout   time.Duration // of dialling, and of a miss that asks peers, from the last part on while a large value comes; 0 = 3.6 s
	Log       *slog.Logger  // nil = silent
}

// Node is the membership of this process in a mesh: one is enough, for any number of caches up to 1,024. Make one with
// [Join], the zero value does not work. Safe for concurrent use.
type Node struct {
	host     *p2p.Host
	engine   *replica.Engine
	disk     *disk // nil = nothing is kept
	log      *slog.Logger
	timeout  time.Duration
	first    bool      // it has nobody to look for
	joined   time.Time // when peers began to be sought
	closing  sync.Once
	done     chan struct{} // closed by Close
	closeErr error
	tasks    sync.WaitGroup // what runs until Close

	mu     sync.Mutex // guards caches
	caches []member   // open; nil after Close
	closed bool
}

// member is a cache as its node sees it.
type member interface {
	settle(ctx context.Context) // until another node has all that was written here
	shut()
	save()
	label() string
	Stats() Stats
	undecodable() uint64
	waiting() int
}

// Join joins a mesh. It returns once the node listens; peers are sought in the background, for as long as the node
// lives. ctx bounds the call alone. Errors name what is wrong in m; an address that nobody answers at is none.
func Join(ctx context.Context, m Mesh) (*Node, error) { return join(ctx, m, p2p.New) }

func join(ctx context.Context, m Mesh, listen func(p2p.Config) (*p2p.Host, error)) (*Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m, err := m.complete()
	if err != nil {
		return nil, err
	}
	disk, err := openDisk(m)
	if err != nil {
		return nil, err
	}
	host, err := listen(m.host())
	if err != nil {
		disk.close()
		return nil, fmt.Errorf("geolru: join: %w", err)
	}
	if err := ctx.Err(); err != nil {
		host.Close()
		disk.close()
		return nil, err
	}
	n := &Node{
		host: host, disk: disk, log: m.Log, timeout: m.Timeout, first: !host.Seeks(), joined: time.Now(),
		done: make(chan struct{}),
	}
	n.engine = replica.New(replica.Config{
		Net: host, Clock: system{}, Rand: newRand(), Region: m.Region, Timeout: m.Timeout, Log: m.Log,
	})
	if disk != nil {
		n.tasks.Go(n.keep)
	}
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
		Cluster: m.Cluster, Listen: m.Listen, Announce: m.Announce, Bootstrap: m.Bootstrap, MDNS: m.MDNS,
		Region: m.Region, Secret: m.Secret, Timeout: m.Timeout, Log: m.Log,
	}
	if m.Dir != "" {
		c.KeyFile, c.PeersFile = filepath.Join(m.Dir, "identity.key"), filepath.Join(m.Dir, "peers")
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

// Collector is every metric of the node and its caches, to be registered once with a registry of the caller's choice.
// The name of a cache is a label, a key never is.
func (n *Node) Collector() prometheus.Collector { return collector{n} }

// Close sends what waits to be sent, for at most 2 s, closes the caches on the node, with a snapshot of each if there is
// a Mesh.Dir, and leaves the mesh. A second Close waits for the first and returns what it did.
func (n *Node) Close() error {
	n.closing.Do(func() {
		n.flush(n.open()...)
		close(n.done)
		caches, waited := n.part(), newSlow(n.log)
		for i, c := range caches {
			waited.at("geolru: caches are being closed", "done", i, "of", len(caches))
			c.shut()
		}
		n.engine.Close()
		n.tasks.Wait()
		if err := errors.Join(n.host.Close(), n.disk.close()); err != nil {
			n.closeErr = fmt.Errorf("geolru: close node: %w", err)
		}
	})
	return n.closeErr
}

// flush waits until another node has all that was written to the caches.
func (n *Node) flush(caches ...member) {
	if !n.connected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushFor)
	defer cancel()
	var all sync.WaitGroup
	for _, c := range caches {
		all.Go(func() { c.settle(ctx) })
	}
	all.Wait()
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

func (n *Node) open() []member {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.caches)
}
