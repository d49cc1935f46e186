package geo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/geolru/geolru/internal/wan"
)

// The generator, by the names that the tests here use.
type (
	city   = wan.City
	jitter = wan.Jitter
)

var (
	cities               = wan.Cities
	path                 = wan.Path
	cloud, internet, bad = wan.Cloud, wan.Internet, wan.Bad
)

// world is one node and its peers in virtual time.
type world struct {
	*Ranking
	rnd   *rand.Rand
	now   int64
	ids   []ID
	base  map[ID]time.Duration // for looking up, never walked
	noise jitter

	probed func(id ID) // told of each probe, once it is answered
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// newWorld puts a node and n peers into cities drawn at random, if seed is odd none into the node's own.
func newWorld(seed uint64, n int, noise jitter) *world {
	rnd := seeded(seed)
	home := cities[rnd.IntN(len(cities))]
	w := &world{Ranking: NewRanking(home.Region, seeded(seed+1e6)), rnd: rnd, noise: noise, base: make(map[ID]time.Duration)}
	for i := range n {
		c := cities[rnd.IntN(len(cities))]
		for seed%2 == 1 && c == home {
			c = cities[rnd.IntN(len(cities))]
		}
		id := ID(fmt.Sprintf("%03d", i))
		w.ids = append(w.ids, id)
		w.base[id] = path(home, c, rnd)
		w.Add(id, c.Region, w.now)
	}
	return w
}

// run probes for a time; the answers come at once, only their RTT is as it would be.
func (w *world) run(d time.Duration) {
	for end := w.now + int64(d); w.now < end; {
		next, _ := w.NextDue()
		w.now = max(w.now, next)
		for _, id := range w.Due(w.now) {
			w.probe(id)
		}
	}
}

func (w *world) probe(id ID) {
	w.Probed(id, w.now)
	w.Sample(id, w.noise.Draw(w.base[id], w.rnd), w.now)
	if w.probed != nil {
		w.probed(id)
	}
}

// first is whom the ranking holds to be nearest.
func (w *world) first() ID { return w.Nearest(1, w.now)[0] }

// truth is the RTT of the nearest peer.
func (w *world) truth() time.Duration {
	best := w.base[w.ids[0]]
	for _, id := range w.ids {
		best = min(best, w.base[id])
	}
	return best
}
