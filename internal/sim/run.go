package sim

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/snapshot"
)

// Outcome is what became of a plan.
type Outcome struct {
	Faults   []Fault
	Story    string
	Virtual  time.Duration
	Tally    Tally
	Counters replica.Counters // of all lives together
}

// play is a plan under way.
type play struct {
	*World
	plan     *Plan
	oracle   *Oracle
	caches   []*replica.Cache    // by node; nil while it is down
	disks    []Disk              // by node
	journals []*snapshot.Journal // by node
	sum      replica.Counters
	lost     bool // a memory was lost
}

// Run plays a plan to the end or to the first fault. trace, if not nil, is told all that happens.
func (p *Plan) Run(trace func(string, ...any)) Outcome {
	w := New(p.Seed)
	w.Links, w.Trace = p.Links, trace
	y := &play{World: w, plan: p, oracle: NewOracle(w, p.TTL.Milliseconds()), caches: make([]*replica.Cache, len(p.Nodes)), disks: make([]Disk, len(p.Nodes)), journals: make([]*snapshot.Journal, len(p.Nodes))}
	w.Stepped = y.bound
	for i, s := range p.Nodes {
		n := w.Add(s.Region)
		n.Offset, n.Drift, n.Grain, n.Mad = s.Offset, s.Drift, s.Grain, s.Mad
		y.open(i, false)
	}
	for _, o := range p.Ops {
		w.after(o.At, func() { y.do(o) })
	}
	if y.pass(p.Horizon) && y.settle() {
		y.idle()
	}
	for i := range y.caches {
		y.count(i)
	}
	return Outcome{y.oracle.Faults, w.Story(), w.Now(), w.Tally, y.sum}
}

// pass lets time pass; false if something was found wrong.
func (y *play) pass(d time.Duration) bool {
	return !y.Until(d, func() bool { return len(y.oracle.Faults) > 0 })
}

// Hash is a hash of keys for a simulated cache: without a random seed, unlike those of production.
func Hash(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64() * 0x9E3779B97F4A7C15 // the store takes the top bits, in which FNV is weak
}

func key(k int) string { return fmt.Sprint("k", k) }

// do does what is to be done now.
func (y *play) do(o Op) {
	if y.Trace != nil {
		y.Trace("%v", o)
	}
	switch o.Kind {
	case OpCut:
		y.Cut(o.Groups...)
	case OpHeal:
		y.Heal()
	case OpMute:
		if o.Node != o.Other {
			y.Mute(y.nodes[o.Node], y.nodes[o.Other])
		}
	default:
		if c := y.caches[o.Node]; c != nil {
			y.doAt(y.nodes[o.Node], c, o)
			y.bound(y.nodes[o.Node])
		}
	}
}

// doAt does what is done at a node that is up.
func (y *play) doAt(n *Node, c *replica.Cache, o Op) {
	k := key(o.Key)
	switch o.Kind {
	case OpRead:
		y.read(n, o)
	case OpSet:
		y.oracle.Set(n, k, Content(o.number, zero, o.Size), o.TTL.Milliseconds())
	case OpDelete:
		y.oracle.Delete(n, k)
	case OpTouch:
		c.Store().Touch(k, o.TTL.Milliseconds())
	case OpClear:
		y.oracle.Clear(n)
	case OpStep:
		if !n.Mad {
			n.Step(o.For)
		}
	case OpSave:
		y.save(o.Node)
	case OpCrash:
		y.crash(o)
	}
}

// read reads as an application does: what is not here is asked of peers, what they do not have is loaded.
func (y *play) read(n *Node, o Op) {
	_, ok := y.oracle.Read(n, key(o.Key))
	switch {
	case ok:
	case !o.Ask:
		y.load(n, o)
	default:
		life := n.life
		y.oracle.Ask(n, key(o.Key), func(found bool) {
			if !found && n.life == life {
				y.bid(n, o)
			}
		})
	}
}

// bid loads when it is the node's turn, and else reads what another node has loaded meanwhile.
func (y *play) bid(n *Node, o Op) {
	if o.TTL == 0 {
		y.caches[o.Node].Bid(key(o.Key), func(bool) {})(false) // a caller who has given up meanwhile
		return
	}
	var over func(bool)
	life := n.life
	over = y.caches[o.Node].Bid(key(o.Key), func(load bool) {
		switch {
		case n.life != life:
		case load:
			y.load(n, o)
			n.After(o.For, func() { over(true) })
		default:
			y.oracle.Read(n, key(o.Key))
		}
	})
}

// load loads a value, which is as old as the beginning of the load.
func (y *play) load(n *Node, o Op) {
	if o.TTL == 0 {
		return
	}
	k, c := key(o.Key), y.caches[o.Node]
	at := y.oracle.BeginLoad(n, k)
	n.After(o.For, func() {
		if c.Store().EndLoad(k, at, Content(o.number, at, o.Size), o.TTL.Milliseconds()) {
			y.oracle.Read(n, k)
		}
	})
}

// crash ends a node and has it come back, with what it saved last or with nothing but its ID.
func (y *play) crash(o Op) {
	n := y.nodes[o.Node]
	y.lost = true
	y.count(o.Node)
	n.Crash()
	y.oracle.Detach(n)
	y.caches[o.Node] = nil
	y.after(o.For, func() { y.revive(o.Node, o.Keep) })
}

func (y *play) revive(i int, restore bool) {
	if n := y.nodes[i]; !n.up {
		n.Start()
		y.open(i, restore)
	}
}

// count adds up what an engine has done in its life.
func (y *play) count(i int) {
	if y.caches[i] == nil {
		return
	}
	y.sum = y.sum.Plus(y.nodes[i].Engine.Counters())
}
