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
	*wan.Home[ID]
	rnd   *rand.Rand
	noise jitter
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// newWorld puts a node and n peers into cities drawn at random, if seed is odd none into the node's own.
func newWorld(seed uint64, n int, noise jitter) *world {
	rnd := seeded(seed)
	home := cities[rnd.IntN(len(cities))]
	r := NewRanking(home.Region, seeded(seed+1e6))
	w := &world{Ranking: r, rnd: rnd, noise: noise, Home: &wan.Home[ID]{Rank: r, Base: make(map[ID]time.Duration)}}
	w.Draw = func(id ID) time.Duration { return w.noise.Draw(w.Base[id], rnd) }
	for i := range n {
		c := cities[rnd.IntN(len(cities))]
		for seed%2 == 1 && c == home {
			c = cities[rnd.IntN(len(cities))]
		}
		id := ID(fmt.Sprintf("%03d", i))
		w.IDs = append(w.IDs, id)
		w.Base[id] = path(home, c, rnd)
		w.Add(id, c.Region, w.Now)
	}
	return w
}
