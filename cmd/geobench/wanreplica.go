package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/store"
)

// replicationRow is how writes spread. Times are ms, stretch is of the direct one-way time without jitter.
type replicationRow struct {
	Writes      int     `json:"writes"`
	Lost        int     `json:"lost"`
	Delay       percent `json:"delay_ms"`     // of every write at every node
	Stretch     percent `json:"stretch"`      // likewise
	Last        percent `json:"last_ms"`      // the last node of every write
	LastStretch percent `json:"last_stretch"` // to the direct one-way time to the farthest node
	LastLess20  percent `json:"last_stretch_less_20ms"`
	Copies      float64 `json:"copies_per_record_and_node"`
	Bytes       float64 `json:"bytes_per_record_and_node"`
	Batch       float64 `json:"records_per_batch"`
	Connected   float64 `json:"connections_per_node"`

	delays, stretches []float64
}

// percent is a distribution.
type percent struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func percentOf(figures []float64) percent {
	if len(figures) == 0 {
		return percent{}
	}
	slices.Sort(figures)
	at := func(q float64) float64 { return figures[min(int(q*float64(len(figures))), len(figures)-1)] }
	return percent{at(.5), at(.99), figures[len(figures)-1]}
}

// globe is a world whose nodes are in places of the table.
type globe struct {
	*sim.World
	run    *wanRun
	place  []int // of each node, in the table
	caches []*replica.Cache
	stall  func(from, to int) time.Duration // on top of the way
}

// longLife is that of entries which outlive every world.
const longLife = 60 * 24 * time.Hour

// roomy is a capacity, entries, at which nothing is evicted.
const roomy = 1 << 20

// newGlobe puts nodes into the regions in turn, the first one with room for so many entries. All ways have jitter of a kind.
func (w *wanRun) newGlobe(nodes int, n noise, room int, unhedged bool) (*globe, error) {
	g := &globe{World: sim.New(w.plan.Seed), run: w}
	g.Unhedged = unhedged
	chosen := rand.New(rand.NewPCG(w.plan.Seed, 4)).Perm(len(w.table.Names))[:w.plan.Regions]
	g.Links = sim.Links{Gossip: true, Way: func(from, to int) time.Duration {
		i, j := g.place[from], g.place[to]
		d := n.draw(i, j, w.table.Between(i, j), g.Rand) / 2
		if g.stall != nil {
			d += g.stall(from, to)
		}
		return d
	}}
	for i := range nodes {
		at := chosen[i%len(chosen)]
		g.place = append(g.place, at)
		node := g.Add(w.table.Names[at])
		c, err := node.Engine.Open(replica.Options{Name: "c", Capacity: room, TTL: longLife, Hash: sim.Hash})
		if err != nil {
			return nil, err
		}
		g.caches = append(g.caches, c)
		room = roomy
	}
	return g, nil
}

// direct is the one-way time between two nodes without jitter.
func (g *globe) direct(from, to int) time.Duration {
	return g.run.table.Between(g.place[from], g.place[to]) / 2
}

// warm is how long a world lives before it is measured: connections, meshes and rankings are made by then. Where not everybody
// is connected to everybody, three plans of whom to be connected to are made and carried out by sparse.
const (
	warm   = 20 * time.Second
	sparse = 75 * time.Second
	all    = 64 // nodes, up to which everybody is connected to everybody
)

// replication has all nodes write at the rate, each write of another key at a node drawn at random, and follows every
// write to every node.
func (w *wanRun) replication() (replicationRow, error) {
	g, err := w.newGlobe(w.plan.Nodes, w.noises[0], roomy, false)
	if err != nil {
		return replicationRow{}, err
	}
	g.Run(warm)
	if w.plan.Nodes > all {
		g.Run(sparse - warm)
	}
	began, batches := g.Tally, g.published()
	writes := g.write(w.plan.Rate, w.plan.Seconds)
	g.Run(5 * time.Second)

	row := replicationRow{Writes: len(writes), Connected: g.connected()}
	var last, lastStretch, less []float64
	for _, wr := range writes {
		end, far := 0.0, 0.0
		for i, at := range wr.seen {
			if i == wr.at {
				continue
			}
			if at == 0 {
				row.Lost++
				continue
			}
			took, direct := ms(at-wr.when), ms(g.direct(wr.at, i))
			row.delays, row.stretches = append(row.delays, took), append(row.stretches, took/direct)
			end, far = max(end, took), max(far, direct)
		}
		last, lastStretch, less = append(last, end), append(lastStretch, end/far), append(less, (end-20)/far)
	}
	row.Delay, row.Stretch = percentOf(row.delays), percentOf(row.stretches)
	row.Last, row.LastStretch, row.LastLess20 = percentOf(last), percentOf(lastStretch), percentOf(less)
	each := float64(len(writes) * (w.plan.Nodes - 1))
	row.Batch = float64(len(writes)) / float64(g.published()-batches)
	row.Copies = float64(g.Tally.Copies-began.Copies) * row.Batch / each
	row.Bytes = float64(g.Tally.CopyBytes-began.CopyBytes) / each
	return row, nil
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// connected is to how many others a node is connected, in the mean.
func (g *globe) connected() float64 {
	ends := 0
	for _, node := range g.Nodes() {
		for _, p := range node.Engine.Peers() {
			if p.Connected {
				ends++
			}
		}
	}
	return float64(ends) / float64(len(g.caches))
}

func (g *globe) published() (n uint64) {
	for _, node := range g.Nodes() {
		n += node.Engine.Counters().Published
	}
	return n
}

// written is a write and when each node had it; 0 = not yet.
type written struct {
	at   int
	when time.Duration
	seen []time.Duration
}

func (g *globe) write(rate, seconds float64) (all []*written) {
	byKey := map[string]*written{}
	for i, c := range g.caches {
		c.Store().OnChange(func(ch store.Change[replica.Blob]) {
			if wr := byKey[ch.Key]; wr != nil && wr.seen[i] == 0 {
				wr.seen[i] = g.Now()
			}
		})
	}
	n := int(math.Ceil(rate * seconds))
	start := g.Now()
	for i := range n {
		g.Run(start + time.Duration(float64(i)/rate*1e9) - g.Now())
		wr := &written{at: g.Rand.IntN(len(g.caches)), when: g.Now(), seen: make([]time.Duration, len(g.caches))}
		key := fmt.Sprintf("%016x", i)
		byKey[key] = wr
		all = append(all, wr)
		g.caches[wr.at].Store().Set(key, replica.BlobOf(make([]byte, valueBytes)), longLife.Milliseconds())
	}
	return all
}
