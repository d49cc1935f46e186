package geolru

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// lruModel is what a local cache is compared with: a list, least recently used first, and nothing clever.
type lruModel struct {
	capacity int
	entries  []modelEntry
}

type modelEntry struct {
	key               string
	value             int
	written, deadline time.Time
}

func (m *lruModel) find(key string, now time.Time) int {
	m.entries = slices.DeleteFunc(m.entries, func(e modelEntry) bool { return !e.deadline.After(now) })
	return slices.IndexFunc(m.entries, func(e modelEntry) bool { return e.key == key })
}

func (m *lruModel) use(i int) {
	e := m.entries[i]
	m.entries = append(slices.Delete(m.entries, i, i+1), e)
}

func (m *lruModel) get(key string, now time.Time) (int, bool) {
	i := m.find(key, now)
	if i < 0 {
		return 0, false
	}
	m.use(i)
	return m.entries[len(m.entries)-1].value, true
}

func (m *lruModel) set(key string, value int, now time.Time, ttl time.Duration) {
	m.remove(key, now)
	if len(m.entries) == m.capacity {
		m.entries = slices.Delete(m.entries, 0, 1)
	}
	m.entries = append(m.entries, modelEntry{key, value, now, now.Add(ttl)})
}

func (m *lruModel) remove(key string, now time.Time) {
	if i := m.find(key, now); i >= 0 {
		m.entries = slices.Delete(m.entries, i, i+1)
	}
}

func (m *lruModel) touch(key string, now time.Time, ttl, bound time.Duration) bool {
	i := m.find(key, now)
	if i < 0 {
		return false
	}
	e := &m.entries[i]
	later, most := now.Add(ttl), e.written.Add(bound)
	if later.After(most) {
		later = most
	}
	if later.After(e.deadline) {
		e.deadline = later
	}
	return true
}

// TestCacheIsItsModel: a cache answers as the list does, whatever is done in whatever order at whatever time.
func TestCacheIsItsModel(t *testing.T) {
	const ttl = time.Minute
	rapid.Check(t, func(t *rapid.T) {
		clk, advance := virtual()
		model := &lruModel{capacity: rapid.IntRange(1, 12).Draw(t, "capacity")}
		c, err := open(Options[int]{Capacity: model.capacity, TTL: ttl}, clk)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		now := func() time.Time { return time.UnixMilli(clk.exact()) }
		key := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("k", rapid.IntRange(0, 19).Draw(t, "key")) })
		life := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.IntRange(1, int(ttl.Milliseconds())).Draw(t, "ttl")) * time.Millisecond
		})
		t.Repeat(map[string]func(*rapid.T){
			"get": func(t *rapid.T) {
				k := key.Draw(t, "k")
				want, wantOK := model.get(k, now())
				if got, ok := c.GetIfPresent(k); got != want || ok != wantOK {
					t.Fatalf("get %s = %d, %v, want %d, %v", k, got, ok, want, wantOK)
				}
			},
			"set": func(t *rapid.T) {
				k, v, d := key.Draw(t, "k"), rapid.Int().Draw(t, "v"), life.Draw(t, "d")
				if err := c.SetTTL(k, v, d); err != nil {
					t.Fatal(err)
				}
				model.set(k, v, now(), d)
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "k")
				if err := c.Delete(k); err != nil {
					t.Fatal(err)
				}
				model.remove(k, now())
			},
			"touch": func(t *rapid.T) {
				k, d := key.Draw(t, "k"), life.Draw(t, "d")
				err := c.Touch(k, d)
				if held := model.touch(k, now(), d, ttl); held != (err == nil) || err != nil && !errors.Is(err, ErrNotFound) {
					t.Fatalf("touch %s: %v, held %v", k, err, held)
				}
			},
			"add": func(t *rapid.T) {
				k := key.Draw(t, "k")
				old, ok := model.get(k, now())
				got, err := c.Update(k, 0, func(v int, had bool) (int, Op) {
					if v != old || had != ok {
						t.Fatalf("update %s gives %d, %v, want %d, %v", k, v, had, old, ok)
					}
					return v + 1, OpWrite
				})
				if err != nil || got != old+1 {
					t.Fatalf("update %s = %d, %v", k, got, err)
				}
				model.set(k, old+1, now(), ttl)
			},
			"clear": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
					c.Clear()
					model.entries = nil
				}
			},
			"time": func(t *rapid.T) { advance(life.Draw(t, "passes")) },
			"": func(t *rapid.T) {
				model.find("", now())
				if got := c.Len(); got != len(model.entries) {
					t.Fatalf("%d entries, want %d", got, len(model.entries))
				}
			},
		})
	})
}

// fatal is what tests and rapid's checks have in common here.
type fatal interface{ Fatal(...any) }

// mesh is a world with one cache on every node, and its oracle.
type mesh struct {
	*sim.World
	oracle *sim.Oracle
	caches []*replica.Cache
	ttl    time.Duration
}

func newMesh(t *rapid.T) *mesh {
	w := sim.New(rapid.Uint64().Draw(t, "seed"))
	millis := func(label string, of ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(of).Draw(t, label)) * time.Millisecond
	}
	w.Links = sim.Links{
		Delay: millis("delay", 1, 20, 400), Jitter: millis("jitter", 0, 10, 3000),
		Loss:      rapid.SampledFrom([]float64{0, 0.05, 0.5}).Draw(t, "loss"),
		Duplicate: rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "duplicate"),
	}
	m := &mesh{World: w, ttl: millis("ttl", 60_000, 600_000, 7_200_000)}
	m.oracle = sim.NewOracle(w, m.ttl.Milliseconds())
	for range rapid.IntRange(2, 5).Draw(t, "nodes") {
		n := w.Add(fmt.Sprint("region-", w.Rand.IntN(2)))
		n.Offset = time.Duration(w.Rand.Int64N(29_000)-14_500) * time.Millisecond
		m.caches = append(m.caches, m.open(t, n))
	}
	return m
}

// open opens a node's cache, with capacity and rings so small that all rules are needed.
func (m *mesh) open(t fatal, n *sim.Node) *replica.Cache {
	c, err := n.Engine.Open(replica.Options{
		Name: "c", TTL: m.ttl, Hash: spread,
		Capacity: 1 + m.Rand.IntN(12), Ghosts: 1 + m.Rand.IntN(8), Tombstones: 1 + m.Rand.IntN(8),
	})
	if err != nil {
		t.Fatal(err)
	}
	m.oracle.Attach(n, c)
	return c
}

func spread(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64() * 0x9E3779B97F4A7C15
}

// step does one thing somewhere, drawn from the world's own randomness, so that a seed is a whole story.
func (m *mesh) step(t fatal) {
	r := m.Rand
	i := r.IntN(len(m.caches))
	n, c, key := m.Nodes()[i], m.caches[i], fmt.Sprint("k", r.IntN(6))
	life := 1 + r.Int64N(m.ttl.Milliseconds())
	switch p := r.IntN(100); {
	case p < 45:
		m.oracle.Read(n, key)
	case p < 75:
		m.oracle.Set(n, key, replica.BlobOf(fmt.Append(nil, r.IntN(1000))), life)
	case p < 83:
		m.oracle.Delete(n, key)
	case p < 86:
		c.Store().Touch(key, life)
	case p < 87:
		m.oracle.Clear(n)
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

func (m *mesh) restart(t fatal, i int) {
	n := m.Nodes()[i]
	n.Crash()
	m.oracle.Detach(n)
	m.Run(time.Duration(m.Rand.IntN(20)) * time.Second)
	n.Start()
	m.caches[i] = m.open(t, n)
}

func (m *mesh) live(t fatal, steps int) {
	for range steps {
		m.step(t)
		m.Run(time.Duration(m.Rand.Int64N(int64(2 * time.Second))))
	}
}

// TestReplicasConverge: whatever is lost, cut off, crashes or runs with a skewed clock, no read is older than what its
// node has known, and after a heal all agree.
func TestReplicasConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMesh(t)
		m.live(t, rapid.IntRange(20, 300).Draw(t, "steps"))
		m.Heal()
		m.Links.Loss = 0
		m.Run(3 * time.Minute)
		m.oracle.Settled()
		if len(m.oracle.Faults) > 0 || m.Malformed > 0 {
			t.Fatalf("%v, %d frames refused", m.oracle.Faults, m.Malformed)
		}
	})
}

// TestSeedTellsItsStory: the same seed gives the same world to the byte.
func TestSeedTellsItsStory(t *testing.T) {
	var first string
	for seed := range uint64(3) {
		for run := range 2 {
			w := sim.New(seed)
			w.Links.Loss, w.Links.Jitter = 0.1, 100*time.Millisecond
			m := &mesh{World: w, ttl: 10 * time.Minute}
			m.oracle = sim.NewOracle(w, m.ttl.Milliseconds())
			for range 4 {
				m.caches = append(m.caches, m.open(t, w.Add("r")))
			}
			m.live(t, 100)
			if run == 0 {
				first = w.Story()
			} else if w.Story() != first {
				t.Fatalf("seed %d told two stories", seed)
			}
		}
	}
}
