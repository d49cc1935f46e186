package sim_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// mesh is a world with one cache on every node, and its oracle.
type mesh struct {
	*sim.World
	oracle *sim.Oracle
	caches []*replica.Cache
	opts   replica.Options
	ttl    time.Duration
}

func newMesh(t *rapid.T) *mesh {
	w := sim.New(rapid.Uint64().Draw(t, "seed"))
	w.Links = sim.Links{
		Delay:     time.Duration(rapid.SampledFrom([]int{1, 20, 400}).Draw(t, "delay")) * time.Millisecond,
		Jitter:    time.Duration(rapid.SampledFrom([]int{0, 10, 3000}).Draw(t, "jitter")) * time.Millisecond,
		Loss:      rapid.SampledFrom([]float64{0, 0.05, 0.5}).Draw(t, "loss"),
		Duplicate: rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "duplicate"),
	}
	m := &mesh{World: w, ttl: time.Duration(rapid.SampledFrom([]int{60, 600, 7200}).Draw(t, "ttl")) * time.Second}
	m.oracle = sim.NewOracle(w, m.ttl.Milliseconds())
	m.opts = replica.Options{Name: "c", TTL: m.ttl, Hash: hash}
	for range rapid.IntRange(2, 5).Draw(t, "nodes") {
		n := w.Add(fmt.Sprintf("r%d", w.Rand.IntN(2)))
		n.Offset = time.Duration(w.Rand.Int64N(29_000)-14_500) * time.Millisecond
		m.caches = append(m.caches, m.open(t, n))
	}
	return m
}

func (m *mesh) open(t *rapid.T, n *sim.Node) *replica.Cache {
	o := m.opts
	o.Capacity, o.Ghosts, o.Tombstones = 1+m.Rand.IntN(12), 1+m.Rand.IntN(8), 1+m.Rand.IntN(8)
	c, err := n.Engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	m.oracle.Attach(n, c)
	return c
}

// step does one thing somewhere, drawn from the world's own randomness, so that a seed is a whole story.
func (m *mesh) step(t *rapid.T) {
	r := m.Rand
	i := r.IntN(len(m.caches))
	n, c, key := m.Nodes()[i], m.caches[i], fmt.Sprintf("k%d", r.IntN(6))
	switch p := r.IntN(100); {
	case p < 45:
		m.oracle.Read(n, key)
	case p < 75:
		ttl := 1 + r.Int64N(m.ttl.Milliseconds())
		c.Store().Set(key, replica.Blob{Bytes: fmt.Append(nil, r.IntN(1000))}, ttl)
	case p < 83:
		c.Store().Delete(key)
	case p < 86:
		c.Store().Touch(key, 1+r.Int64N(m.ttl.Milliseconds()))
	case p < 87:
		c.Store().Clear()
	case p < 93:
		c.Ask([]string{key}, func(map[string]replica.Blob) {})
	case p < 95:
		groups := make([]int, len(m.caches))
		for j := range groups {
			groups[j] = r.IntN(2)
		}
		m.Cut(groups...)
	case p < 97:
		m.Heal()
	case p < 98:
		m.restart(t, i)
	default:
		m.Run(time.Duration(r.Int64N(int64(m.ttl) / 4)))
	}
}

func (m *mesh) restart(t *rapid.T, i int) {
	n := m.Nodes()[i]
	n.Crash()
	m.oracle.Detach(n)
	m.Run(time.Duration(m.Rand.IntN(20)) * time.Second)
	n.Start()
	m.caches[i] = m.open(t, n)
}

// TestReplicasConverge: whatever is lost, cut off, crashes or runs with a skewed clock, no read is older than what its
// node has known, and after a heal all agree.
func TestReplicasConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMesh(t)
		for range rapid.IntRange(20, 300).Draw(t, "steps") {
			m.step(t)
			m.Run(time.Duration(m.Rand.Int64N(int64(2 * time.Second))))
		}
		m.Heal()
		m.Links.Loss = 0
		m.Run(3 * time.Minute)
		m.oracle.Settled()
		if len(m.oracle.Faults) > 0 {
			t.Fatal(m.oracle.Faults)
		}
	})
}
