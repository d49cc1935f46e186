package sim

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
)

// Node is one node: an engine with a clock and a network of this world.
type Node struct {
	Engine *replica.Engine
	Offset time.Duration // of its clock; set it before the first run, then Step
	Drift  float64       // of its clock: seconds gained per second
	Grain  time.Duration // its clock shows multiples of it; 0 = exact
	Mad    bool          // its clock is beyond all bounds: nobody is to believe it

	Sent func(lane uint8) // is told of every frame that it sends to one node; nil = nobody is

	Congested bool // its network takes no gossip; may be changed between runs

	world  *World
	id     geo.ID
	region string
	up     bool
	group  int // nodes of different groups are cut off from each other
	life   int
	mute   map[geo.ID]bool   // to whom nothing comes through
	topics map[string]*topic // by the name of the cache
	links  map[geo.ID]*link  // to others, one each way
	known  map[geo.ID]bool   // whom it was connected to in its present life
	shun   map[geo.ID]bool   // whom of those it does not want to be connected to
	frame  func(geo.ID, uint8, string, []byte) bool
	peer   func(geo.Peer)
	drop   func(geo.Drop)
	free   int64 // when it has worked off the gossip that waits here, on the world's clock

	index   int  // among the nodes of the world
	setBack bool // its clock was, in its present life
}

// Add makes a node in a region; it is connected to all others at once, until they Keep fewer.
func (w *World) Add(region string) *Node {
	n := &Node{world: w, id: geo.ID(fmt.Sprintf("node-%03d", len(w.nodes))), region: region, mute: map[geo.ID]bool{}, index: len(w.nodes)}
	w.nodes = append(w.nodes, n)
	n.Start()
	return n
}

// Start begins a life: a new engine without caches. The node must be down or new.
func (n *Node) Start() {
	w := n.world
	for _, m := range w.nodes {
		m.close(m.links[n.id]) // whoever has not noticed the crash does now
		if l := n.links[m.id]; l != nil {
			l.closed = true
		}
	}
	n.life++
	n.setBack, n.free = false, 0
	n.up, n.topics, n.links, n.known, n.shun = true, map[string]*topic{}, map[geo.ID]*link{}, map[geo.ID]bool{}, nil
	n.Engine = replica.New(replica.Config{
		Net: n, Clock: n, Region: n.region, Log: slog.New(slog.DiscardHandler), Unhedged: w.Unhedged,
		Rand: rand.New(rand.NewPCG(w.rnd.Uint64(), w.rnd.Uint64())),
	})
	for _, m := range w.nodes {
		w.connect(n, m)
	}
}

// Crash ends the life of a node: what only it had is lost. Its peers notice by and by.
func (n *Node) Crash() {
	n.world.Tally.Crashes++
	n.up = false
	n.life++
	for _, m := range n.world.nodes {
		n.world.part(n, m)
	}
}

// Up tells whether the node lives.
func (n *Node) Up() bool { return n.up }

// Self is the ID.
func (n *Node) Self() geo.ID { return n.id }

// Now is the node's physical clock, Unix nanoseconds.
func (n *Node) Now() int64 {
	t := Epoch + n.world.now + int64(n.Offset) + int64(n.Drift*float64(n.world.now))
	if n.Grain > 0 {
		t -= t % int64(n.Grain)
	}
	return t
}

// Step sets the clock of a node, forwards or back.
func (n *Node) Step(offset time.Duration) {
	n.world.Tally.Steps++
	n.ahead(0)
	n.setBack = n.setBack || offset < n.Offset
	n.Offset = offset
}

// ahead tells whether a time is beyond the clock bound of every sound clock that the world has had.
func (n *Node) ahead(t crdt.Time) bool {
	w := n.world
	for _, m := range w.nodes {
		if !m.Mad {
			w.highest = max(w.highest, m.Now())
		}
	}
	return !n.Mad && t.Milli() > w.highest/1e6+crdt.MaxSkew.Milliseconds()
}

// After runs f when d has passed, unless the node has died by then.
func (n *Node) After(d time.Duration, f func()) (stop func() bool) {
	life := n.life
	e := n.world.after(d, func() {
		if n.life == life {
			f()
			n.step()
		}
	})
	return func() bool {
		was := !e.stopped && !e.done
		e.stopped = true
		return was
	}
}

// Serve begins the traffic.
func (n *Node) Serve(frame func(geo.ID, uint8, string, []byte) bool, peer func(geo.Peer), drop func(geo.Drop)) {
	n.frame, n.peer, n.drop = frame, peer, drop
}

// step tells that something has happened here.
func (n *Node) step() {
	if f := n.world.Stepped; f != nil {
		f(n)
	}
}

// Send sends a frame to one node, in order.
func (n *Node) Send(to geo.ID, lane uint8, frame []byte) bool {
	if o := n.world.local; o != nil {
		o.fault("LOCAL-LIVE", n, "", "a frame goes to %s before a local operation is done", to)
	}
	if n.Sent != nil {
		n.Sent(lane)
	}
	l := n.links[to]
	if l == nil {
		return false
	}
	l.stream(lane, slices.Clone(frame))
	return true
}
