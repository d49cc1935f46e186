package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/geolru/geolru/internal/replica"
)

// lookupRow is how long a node takes to borrow what it evicted, and another node holds.
type lookupRow struct {
	Jitter   string  `json:"jitter"`
	Trouble  string  `json:"trouble"`
	Nearest  float64 `json:"nearest_rtt_ms"` // without jitter
	Took     percent `json:"took_ms"`
	P999     float64 `json:"p99_9_ms"`
	Plain    percent `json:"unhedged_took_ms"` // the same without hedged requests
	Plain999 float64 `json:"unhedged_p99_9_ms"`
	Hedges   float64 `json:"hedges_per_lookup"`
	Missed   int     `json:"missed"` // nothing was found, though all others hold it
}

// trouble is what goes wrong with the answers to the one who asks.
type trouble struct {
	name    string
	share   float64 // of the look-ups, and of the seconds between them, for each holder by itself
	nearest bool    // of the nearest peer alone
	late    time.Duration
}

var troubles = []trouble{
	{name: "none"},
	{name: "nearest stalls 1 in 20", share: .05, nearest: true, late: time.Second},
	{name: "1 % of the holders dead", share: .01, late: 3 * time.Second},
}

const (
	lookNodes = 12
	lookKeys  = 16
	asking    = 0 // the node that asks
	// between two look-ups lies more than the longest lateness: what one waits for is not in the way of the next
	betweenLooks = 4 * time.Second
)

// lookups is of nodes in as many regions, for a holder next door would answer every time. It has a node with room for one entry
// ask again and again for keys that all others hold, in one world with hedged requests and in one without.
func (w *wanRun) lookups(n noise) (rows []lookupRow, err error) {
	for _, t := range troubles {
		row, err := w.look(t, n, false)
		if err != nil {
			return nil, err
		}
		plain, err := w.look(t, n, true)
		if err != nil {
			return nil, err
		}
		row.Plain, row.Plain999 = plain.Took, plain.P999
		rows = append(rows, row)
	}
	return rows, nil
}

func (w *wanRun) look(t trouble, n noise, unhedged bool) (lookupRow, error) {
	apart := *w
	apart.plan.Regions = min(lookNodes, len(w.table.Names))
	g, err := apart.newGlobe(apart.plan.Regions, n, 1, unhedged)
	if err != nil {
		return lookupRow{}, err
	}
	g.Run(warm)
	for k := range lookKeys {
		c := g.caches[1+k%(len(g.caches)-1)]
		c.Store().Set(lookKey(k), replica.BlobOf(make([]byte, valueBytes)), longLife.Milliseconds())
	}
	g.Run(warm)
	return g.lookups(t, n), nil
}

func lookKey(k int) string { return fmt.Sprintf("k%d", k) }

// closest is the node nearest to who asks.
func (g *globe) closest() int {
	var others []int
	for i := range g.caches {
		if i != asking {
			others = append(others, i)
		}
	}
	return slices.MinFunc(others, func(a, b int) int { return cmp.Compare(g.direct(asking, a), g.direct(asking, b)) })
}

func (g *globe) lookups(t trouble, n noise) lookupRow {
	near := g.closest()
	row := lookupRow{Jitter: n.name, Trouble: t.name, Nearest: ms(2 * g.direct(asking, near))}
	late := make([]bool, len(g.caches)) // who is, in this look-up
	g.stall = func(from, to int) time.Duration {
		if to == asking && late[from] {
			return t.late
		}
		return 0
	}
	var took []float64
	before := g.Nodes()[asking].Engine.Counters().Hedges
	draw := func() {
		for from := range late {
			late[from] = (from == near || !t.nearest) && g.Rand.Float64() < t.share
		}
	}
	for i := range g.run.plan.Looks {
		draw()
		if d, found := g.ask(lookKey(i % lookKeys)); found {
			took = append(took, ms(d))
		} else {
			row.Missed++
		}
		for left := betweenLooks; left > t.late; left -= time.Second { // probes find who stalls as well
			draw()
			g.Run(time.Second)
		}
		clear(late)
		g.Run(t.late)
	}
	row.Took = percentOf(took)
	if len(took) > 0 {
		row.P999 = took[min(len(took)*999/1000, len(took)-1)]
	}
	row.Hedges = float64(g.Nodes()[asking].Engine.Counters().Hedges-before) / float64(g.run.plan.Looks)
	return row
}

// ask asks for a key. It is not here: the node has room for one, and the key before was another.
func (g *globe) ask(key string) (took time.Duration, found bool) {
	c := g.caches[asking]
	start, done := g.Now(), false
	c.Ask([]string{key}, func(lent map[string]replica.Blob) {
		took, done = g.Now()-start, true
		_, found = lent[key]
	})
	g.Until(10*time.Second, func() bool { return done })
	return took, found
}
