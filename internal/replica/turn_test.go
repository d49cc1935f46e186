package replica_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
)

// filled is a mesh whose first node has n records that all others have, too.
func filled(t *testing.T, nodes, n int) *mesh {
	m := newMesh(t, nodes)
	value := string(bytes.Repeat([]byte("x"), 1000))
	for i := range n {
		m.set(0, fmt.Sprint("k", i), value)
	}
	for _, c := range m.caches {
		if !m.Until(time.Minute, func() bool { return c.Store().Len() == n }) {
			t.Fatalf("%d of %d records are everywhere", c.Store().Len(), n)
		}
	}
	m.Run(15 * time.Second)
	return m
}

const many = 4000 // 4 MB: more than half of it is never under way at once

// Several peers could send all of it; one does.
func TestABootstrapComesFromOnePeer(t *testing.T) {
	m := filled(t, 4, many)
	n, c := m.add("here", standard)
	if !m.Until(5*time.Second, func() bool { return c.Counts().Bootstrap == 1 }) {
		t.Fatalf("bootstrapped to %v", c.Counts().Bootstrap)
	}
	m.Run(time.Minute)
	if got := n.Engine.Counters(); got.Moved != many {
		t.Fatalf("%d records moved of %d, in %d pulls", got.Moved, many, got.Pulls)
	}
}

// What is here when a bootstrap is cut is not sent again, neither by the same peer nor by another.
func TestABootstrapIsResumed(t *testing.T) {
	for _, peers := range []int{1, 3} {
		m := filled(t, peers, many)
		m.Links.Delay = 20 * time.Millisecond
		n, c := m.add("here", standard)
		if !m.Until(5*time.Second, func() bool { return c.Store().Len() >= many/2 }) {
			t.Fatal("nothing comes")
		}
		share := c.Counts().Bootstrap
		notes := 0
		for _, p := range n.Engine.Peers() {
			if p.Note == fmt.Sprintf("cache c is filled from it: %.0f %%", 100*share) {
				notes++
			}
		}
		if notes != 1 {
			t.Fatalf("%d peers are said to fill the cache", notes)
		}
		if share < 0.3 || share > 0.9 || c.Store().Len() > many*3/4 {
			t.Fatalf("%v of it is said to be here when %d of %d are", share, c.Store().Len(), many)
		}
		for _, other := range m.Nodes()[:peers] {
			m.Break(n, other)
		}
		m.Run(time.Second)
		if got := c.Counts().Bootstrap; got != 1 && got < share {
			t.Fatalf("the progress falls from %v to %v", share, got)
		}
		if !m.Until(time.Minute, func() bool { return c.Counts().Bootstrap == 1 }) || c.Store().Len() != many {
			t.Fatalf("%d of %d are here in the end", c.Store().Len(), many)
		}
		if got := n.Engine.Counters().Moved; got > many*110/100 {
			t.Fatalf("%d records were sent for %d", got, many)
		}
	}
}

// The peers that have no time are left alone for as long as they ask, and another one is asked at once.
func TestABusyPeerIsAskedLater(t *testing.T) {
	m := filled(t, 2, many)
	m.Links.Delay = 20 * time.Millisecond
	var joined []*replica.Cache
	for range 7 { // more than two peers answer at a time, of four
		_, c := m.add("here", standard)
		joined = append(joined, c)
	}
	for i, c := range joined {
		if !m.Until(30*time.Second, func() bool { return c.Counts().Bootstrap == 1 }) {
			t.Fatalf("node %d has bootstrapped to %v", i, c.Counts().Bootstrap)
		}
	}
	busy, pulls := uint64(0), uint64(0)
	for _, n := range m.Nodes()[2:] {
		busy += n.Engine.Counters().Busy
		pulls += n.Engine.Counters().Pulls
	}
	if busy > 100 || pulls > 200 {
		t.Fatalf("%d pulls, %d of them refused: it is asked in vain again and again", pulls, busy)
	}
}

// A record that is refused keeps a sync from being whole. It is asked for again, at longer and longer intervals.
func TestASyncThatDoesNotEndIsNotRepeatedAtOnce(t *testing.T) {
	m := newMesh(t, 3)
	m.Nodes()[2].Step(29 * time.Second)
	m.Nodes()[1].Step(-29 * time.Second)
	m.Run(15 * time.Second)
	before := m.Nodes()[0].Engine.Counters().Pulls + m.Nodes()[1].Engine.Counters().Pulls
	m.set(2, "k", "v") // for node 1 it comes from a minute ahead; node 0 has it
	m.set(1, "l", "v") // and this it has itself, so that node 0 has something to pull back
	m.want(0, "k", "v", time.Second)
	m.Run(20 * time.Second)
	if m.get(1, "k") != "" {
		t.Fatal("nothing is refused")
	}
	if got := m.Nodes()[0].Engine.Counters().Pulls + m.Nodes()[1].Engine.Counters().Pulls - before; got == 0 || got > 20 {
		t.Fatalf("%d pulls in 20 s", got)
	}
	m.want(1, "k", "v", 3*time.Minute)
}
