package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/store"
)

// TestConnectedToWhomTheyKeep: up to 64 nodes everybody is connected to everybody; beyond, to far fewer, and a write is
// everywhere all the same.
func TestConnectedToWhomTheyKeep(t *testing.T) {
	for _, c := range []struct{ nodes, least, most int }{{64, 63, 63}, {96, 32, 80}} {
		t.Run(fmt.Sprint(c.nodes), func(t *testing.T) {
			w := sim.New(1)
			w.Links = sim.Links{Gossip: true, Delay: 20 * time.Millisecond}
			var caches []*replica.Cache
			for i := range c.nodes {
				cache, err := w.Add(fmt.Sprint("region ", i%4)).Engine.Open(replica.Options{Name: "c", Capacity: 10, TTL: time.Hour, Hash: sim.Hash})
				if err != nil {
					t.Fatal(err)
				}
				caches = append(caches, cache)
			}
			w.Run(65 * time.Second) // two plans and what they close
			for i, n := range w.Nodes() {
				if got := connected(n); got < c.least || got > c.most {
					t.Errorf("node %d is connected to %d, want %d to %d", i, got, c.least, c.most)
				}
			}
			caches[0].Store().Set("k", replica.BlobOf([]byte("v")), time.Hour.Milliseconds())
			w.Run(time.Second)
			for i, cache := range caches {
				if got, want := cache.Store().Known("k"), caches[0].Store().Known("k"); got.Version != want.Version {
					t.Errorf("node %d has %v of %v", i, got, want)
				}
			}
		})
	}
}

// TestNobodyIsARoundTripLate: whom a writer is not connected to has a write from one of its own region, not over a third one.
func TestNobodyIsARoundTripLate(t *testing.T) {
	const nodes, regions, far = 96, 8, 60 * time.Millisecond
	w := sim.New(1)
	w.Links = sim.Links{Gossip: true, Way: func(a, b int) time.Duration {
		if a%regions == b%regions {
			return time.Millisecond
		}
		return far
	}}
	var caches []*replica.Cache
	arrived, last := 0, time.Duration(0)
	for i := range nodes {
		cache, err := w.Add(fmt.Sprint(i % regions)).Engine.Open(replica.Options{Name: "c", Capacity: nodes, TTL: time.Hour, Hash: sim.Hash})
		if err != nil {
			t.Fatal(err)
		}
		cache.Store().OnChange(func(store.Change[replica.Blob]) { arrived, last = arrived+1, w.Now() })
		caches = append(caches, cache)
	}
	w.Run(75 * time.Second) // three plans
	for i, cache := range caches {
		wrote := w.Now()
		arrived = 0
		cache.Store().Set(fmt.Sprint("k", i), replica.BlobOf([]byte("v")), time.Hour.Milliseconds())
		w.Run(time.Second)
		if took := last - wrote; arrived != nodes || took > far*5/4 {
			t.Errorf("what node %d wrote is at %d of %d nodes, the last has it after %v", i, arrived, nodes, took)
		}
	}
}

// TestCutHealsForWhoKeepsFew: whom nobody kept stays apart after a cut, whom somebody kept is connected again.
func TestCutHealsForWhoKeepsFew(t *testing.T) {
	w := sim.New(1)
	groups := make([]int, 70)
	for i := range groups {
		w.Add("region")
		groups[i] = i % 2
	}
	w.Run(65 * time.Second)
	before := 0
	for _, n := range w.Nodes() {
		before += connected(n)
	}
	w.Cut(groups...)
	w.Run(12 * time.Second)
	w.Heal()
	w.Run(2 * time.Second)
	after := 0
	for _, n := range w.Nodes() {
		after += connected(n)
	}
	if after < before*9/10 || after > before*11/10 {
		t.Errorf("%d ends of connections before the cut, %d after", before, after)
	}
}

func connected(n *sim.Node) (all int) {
	for _, p := range n.Engine.Peers() {
		if p.Connected {
			all++
		}
	}
	return all
}
