package sim_test

import (
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

func hash(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64() * 0x9E3779B97F4A7C15
}

func open(t *testing.T, n *sim.Node) *replica.Cache {
	t.Helper()
	c, err := n.Engine.Open(replica.Options{Name: "c", Capacity: 1000, TTL: time.Hour, Hash: hash})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func set(t *testing.T, c *replica.Cache, key, value string) {
	t.Helper()
	if _, err := c.Store().Set(key, replica.BlobOf([]byte(value)), time.Hour.Milliseconds()); err != nil {
		t.Fatal(err)
	}
}

func get(n *sim.Node, c *replica.Cache, key string) string {
	b, _, _ := c.Store().Peek(key, n.Now()/1e6)
	return string(b.Bytes())
}

func TestWriteIsEverywhereAfterOneDelay(t *testing.T) {
	w := sim.New(1)
	var cs []*replica.Cache
	for range 3 {
		cs = append(cs, open(t, w.Add("eu")))
	}
	w.Run(time.Second)
	set(t, cs[0], "k", "v")
	w.Run(21 * time.Millisecond)
	for i, n := range w.Nodes() {
		if got := get(n, cs[i], "k"); got != "v" {
			t.Fatalf("node %d has %q", i, got)
		}
	}
}

func TestCutHalvesConverge(t *testing.T) {
	w := sim.New(2)
	var cs []*replica.Cache
	for range 3 {
		cs = append(cs, open(t, w.Add("eu")))
	}
	w.Run(time.Second)
	set(t, cs[0], "gone", "x")
	w.Run(time.Second)
	w.Cut(0, 0, 1)
	w.Run(time.Second)
	for i := range 490 { // with the others fewer than the capacity
		set(t, cs[0], fmt.Sprintf("a%d", i), "a")
		set(t, cs[2], fmt.Sprintf("b%d", i), "b")
	}
	set(t, cs[0], "k", "first")
	w.Run(time.Second)
	set(t, cs[2], "k", "second")
	cs[0].Store().Delete("gone")
	w.Run(time.Minute)
	w.Heal()
	w.Run(10 * time.Second)
	for i, n := range w.Nodes() {
		if got := get(n, cs[i], "k"); got != "second" {
			t.Fatalf("node %d has %q", i, got)
		}
		if got := get(n, cs[i], "gone"); got != "" {
			t.Fatalf("node %d has the deleted %q", i, got)
		}
		if got := cs[i].Store().Len(); got != 981 {
			t.Fatalf("node %d holds %d", i, got)
		}
	}
}
