package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/wire"
)

// Plan is a whole world with everything that will be done in it and to it, drawn before it begins: operations can be
// left out, and the rest is done as before.
type Plan struct {
	Seed    uint64
	Nodes   []Spot
	Keys    int
	TTL     time.Duration
	Links   Links
	Ops     []Op          // by time
	Horizon time.Duration // then everything heals

	spread  time.Duration // clocks are off by so much at most
	touches bool
}

// Spot is one node of a plan.
type Spot struct {
	Region                       string
	Capacity, Ghosts, Tombstones int
	Offset                       time.Duration
	Drift                        float64
	Grain                        time.Duration
	Mad                          bool
}

// Swarm draws a world that lasts so long, the minutes at its end in which it comes to rest included; at least Least, or 0:
// as long as what is done in it takes. Every parameter comes from the seed, among them which kinds of fault there are at
// all: worlds that have all of them, mildly, find less than worlds that lack most (Groce et al., Swarm Testing, 2012).
//
// What is done does not become more in a longer world: it comes in bursts with quiet stretches between them, in which
// things expire, are outlived and forgotten.
func Swarm(seed uint64, length time.Duration) Plan {
	d := &draw{rand.New(rand.NewPCG(seed, 3))}
	p := Plan{Seed: seed, Keys: 2 + d.IntN(11), TTL: crdt.MaxSkew * time.Duration(d.of(1, 2, 6, 20, 60))}
	p.Links = d.links()
	p.spread = time.Duration(float64(crdt.MaxSkew) * d.of(0, .01, .5, .5, 1))
	p.Nodes = d.spots(d.size(), p.spread)
	m := d.manners()
	switch d.IntN(5) {
	case 0, 1:
		d.storm(&p, &m)
	case 2:
		d.ageing(&p, &m)
	}
	strain(seed, &p)
	bulk(seed, &p, &m)
	amnesia(seed, &p, &m)
	p.touches = m.touches > 0
	d.script(&p, &m, length)
	return p
}

// draw is the source of a plan.
type draw struct{ *rand.Rand }

// of is one of some numbers, each as likely; doubled ones are likelier.
func (d *draw) of(x ...float64) float64 { return x[d.IntN(len(x))] }

func (d *draw) ms(x ...float64) time.Duration {
	return time.Duration(d.of(x...) * float64(time.Millisecond))
}

// upTo is uniform from 0.
func (d *draw) upTo(most time.Duration) time.Duration {
	return time.Duration(d.Float64() * float64(most))
}

// around is uniform from -most to most.
func (d *draw) around(most time.Duration) time.Duration {
	return time.Duration((d.Float64()*2 - 1) * float64(most))
}

// size is the number of nodes: most faults need three, and what a world costs grows with the square.
func (d *draw) size() int {
	switch p := d.IntN(200); {
	case p < 174:
		return 3 + d.IntN(1+d.IntN(4))
	case p < 194:
		return 7 + d.IntN(6)
	case p < 199:
		return 13 + d.IntN(13)
	default:
		return 26 + d.IntN(25)
	}
}

func (d *draw) links() Links {
	return Links{
		Delay: d.ms(1, 10, 50, 200), Jitter: d.ms(0, 2, 20, 100, 400),
		Loss: d.of(0, .05, .2, .5), Duplicate: d.of(0, .1, .3),
		Slow: d.of(0, .02, .1), Late: d.ms(2000, 30_000), Break: d.of(0, 0, .0003, .003),
		Notice: d.ms(500, 5000, 30_000), Redial: d.ms(100, 1000, 20_000), Gossip: d.IntN(3) == 0,
	}
}

// spots draws the nodes. One kind of world has capacities that differ 5:1, one has hardly any room at all, and one has
// so much that nothing is ever forgotten: there everybody must hold everything.
func (d *draw) spots(n int, spread time.Duration) []Spot {
	mad := -1
	if d.IntN(10) == 0 {
		mad = d.IntN(n)
	}
	regions, kind := 1+d.IntN(3), d.IntN(4)
	grain := d.ms(0, 1, 16, 1000)
	spots := make([]Spot, n)
	for i := range spots {
		s := &spots[i]
		s.Region = fmt.Sprint("region-", d.IntN(regions))
		s.Capacity = [...]int{1 + d.IntN(16), 1 + d.IntN(3), 2 + i%2*8, 1000}[kind]
		s.Ghosts, s.Tombstones = 1+d.IntN(8), 1+d.IntN(8)
		switch kind {
		case 1:
			s.Ghosts, s.Tombstones = 1+d.IntN(2), 1+d.IntN(2)
		case 3:
			s.Ghosts, s.Tombstones = 1000, 1000
		}
		s.Offset, s.Drift, s.Grain = d.around(spread), d.Float64()*4e-4-2e-4, grain
		if i == mad {
			s.Mad, s.Offset = true, 365*24*time.Hour
		}
	}
	return spots
}

// manners is what is done in a world, and how often.
type manners struct {
	ops                                int
	gap                                time.Duration // between two operations, on average
	reads, clears, touches             float64       // of the operations
	deletes                            float64       // of the writes
	mixed                              float64       // of the writes: with a life of their own
	large                              float64       // of the writes: too large for gossip
	bulk                               float64       // of the writes: lent in parts, of so many bytes
	size                               int
	crashes, saves, steps, cuts, mutes float64
	hot                                bool
}

func (d *draw) manners() manners {
	return manners{
		ops: 100 + d.IntN(400), gap: d.ms(30, 300, 2000, 6000),
		reads: d.of(.3, .5, .6), clears: d.of(0, .01, .03), touches: d.of(0, .1), deletes: d.of(.1, .3, .5),
		mixed: d.of(0, .3, .8, 1), large: d.of(0, 0, 0, .05),
		crashes: d.of(0, .01, .03), saves: d.of(0, .05, .15), steps: d.of(0, 0, .02), cuts: d.of(0, .01, .03), mutes: d.of(0, 0, .02),
		hot: d.IntN(2) == 0,
	}
}

// storm is few keys, tiny rings, slow links and bursts of writes: answers overtake one another.
func (d *draw) storm(p *Plan, m *manners) {
	p.Keys = 2 + d.IntN(3)
	p.Links.Delay, p.Links.Jitter = d.ms(100, 500, 1500), d.ms(100, 1000, 4000)
	p.Links.Loss, p.Links.Break = d.of(.3, .5), d.of(0, .001, .01)
	m.gap, m.clears, m.deletes = d.ms(20, 200, 1000), d.of(0, .05, .15), d.of(.1, .4)
	m.crashes = d.of(0, .02, .05)
	for i := range p.Nodes {
		s := &p.Nodes[i]
		s.Capacity, s.Ghosts, s.Tombstones = 1+d.IntN(4), 1+d.IntN(2), 1+d.IntN(3)
	}
}

// strain is queues that overflow, in every fourth world. Drawn by itself, so that the rest of a seed's world is what it was
// before there were any.
func strain(seed uint64, p *Plan) {
	own := &draw{rand.New(rand.NewPCG(seed, 4))}
	if own.IntN(4) == 0 {
		p.Links.Queue, p.Links.Work = 1+own.IntN(4), own.ms(0, 0, 1, 20, 200)
	}
}

// bulk is values that are lent in parts, in every twelfth world. Drawn by itself as well. In half of them there are hardly any
// others, of a key or two that many write and read, and who lends one often goes in the middle of it.
func bulk(seed uint64, p *Plan, m *manners) {
	own := &draw{rand.New(rand.NewPCG(seed, 5))}
	if own.IntN(12) != 0 {
		return
	}
	m.bulk, m.size = .3, wire.PartBytes<<own.IntN(4)+own.IntN(wire.PartBytes)
	if own.IntN(2) == 0 {
		return
	}
	p.Keys, m.bulk, m.large, m.deletes, m.clears = 1+own.IntN(2), 1, 0, 0, 0
	m.reads, m.crashes, m.gap = .6, own.of(0, .05), own.ms(30, 100, 300)
	p.Links.Delay, p.Links.Loss, p.Links.Break = own.ms(50, 200), own.of(.2, .5), own.of(.003, .01)
	for i := range p.Nodes {
		p.Nodes[i].Capacity = max(p.Nodes[i].Capacity, p.Keys)
	}
}

// amnesia is nodes that forget nearly all they knew while answers to their questions are under way, in every eighth world.
// Drawn by itself as well.
func amnesia(seed uint64, p *Plan, m *manners) {
	own := &draw{rand.New(rand.NewPCG(seed, 6))}
	if own.IntN(8) != 0 || m.bulk > 0 {
		return
	}
	p.Keys = 3 + own.IntN(4)
	p.Links.Delay, p.Links.Jitter, p.Links.Loss = own.ms(200, 500, 1500), own.ms(100, 1000), own.of(.2, .4)
	m.ops, m.gap, m.reads, m.deletes, m.clears, m.mixed = 500, own.ms(50, 200), .6, own.of(.2, .5), 0, own.of(0, .3)
	for i := range p.Nodes {
		s := &p.Nodes[i]
		s.Capacity, s.Ghosts, s.Tombstones = 1+own.IntN(3), 1+own.IntN(2), 1+own.IntN(2)
	}
}

// ageing is few writes, whole lifetimes apart, hardly any of which come through by gossip, and clocks far apart.
func (d *draw) ageing(p *Plan, m *manners) {
	p.Keys, p.TTL = 1+d.IntN(3), crdt.MaxSkew*time.Duration(d.of(1, 2, 3))
	p.Links.Loss, p.Links.Slow, m.mixed = .5, 0, d.of(0, .3)
	m.gap = time.Duration(float64(p.TTL) / d.of(10, 30, 100))
	m.reads, m.clears, m.crashes, m.cuts, m.steps = .5, d.of(0, .03, .1), 0, d.of(.05, .1), d.of(0, .02)
	p.spread = crdt.MaxSkew / 2
	for i := range p.Nodes {
		if s := &p.Nodes[i]; !s.Mad {
			s.Offset = p.spread * time.Duration(1-2*d.IntN(2))
		}
	}
}

// String tells the whole plan, for people.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "TTL %v, %d keys, links %+v\n", p.TTL, p.Keys, p.Links)
	for i, s := range p.Nodes {
		fmt.Fprintf(&b, "node %d: %+v\n", i, s)
	}
	for _, o := range p.Ops {
		fmt.Fprintln(&b, o)
	}
	fmt.Fprintf(&b, "%-12v all heals", p.Horizon)
	return b.String()
}
