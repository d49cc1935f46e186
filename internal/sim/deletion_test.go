package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
)

// The nodes of a world in which something is deleted, and the rings of all but the tiny one.
const (
	deleter = 0
	severed = 1 // holds the value, and is cut off when it is deleted
	stale   = 2 // has a snapshot with the value
	tiny    = 3 // remembers two ghosts and one tombstone
	rings   = 8
)

// deletion is a world, and what is done to it in some order.
type deletion struct {
	*lives
	skew time.Duration
}

// steps are what may bring a deleted value back, each by itself.
var steps = map[string]func(*deletion){
	"delete": func(d *deletion) {
		d.Cut(0, 1, 0, 0)
		d.pass(15 * time.Second)
		d.oracle.Delete(d.Nodes()[deleter], "gone")
		d.pass(time.Second)
	},
	"long partition": func(d *deletion) {
		d.Cut(0, 1, 0, 0)
		d.pass(15 * time.Second)
		d.churn(deleter, 4*rings)
		d.pass(30 * time.Second)
		d.Heal()
		d.pass(15 * time.Second)
	},
	"old snapshot": func(d *deletion) {
		n := d.Nodes()[stale]
		n.Crash()
		d.oracle.Detach(n)
		d.pass(5 * time.Second)
		d.start(stale)
		d.pass(5 * time.Second)
	},
	"tiny peer": func(d *deletion) {
		d.churn(tiny, 4*rings)
		d.pass(time.Second)
		d.Cut(0, 1, 0, 1) // the tiny one has forgotten, and meets who has not heard
		d.pass(20 * time.Second)
	},
	"skewed clock": func(d *deletion) {
		d.Nodes()[severed].Step(d.skew)
		d.pass(5 * time.Second)
		d.Cut(0, 0, 1, 1)
		d.pass(20 * time.Second)
	},
}

// churn writes and deletes more keys than any ring remembers.
func (d *deletion) churn(i, n int) {
	for k := range n {
		key := fmt.Sprint("churn", k)
		d.set(i, key, "x")
		d.Run(10 * time.Millisecond)
		d.oracle.Delete(d.Nodes()[i], key)
	}
}

// pass lets time pass, and reads the deleted key everywhere, from peers too.
func (d *deletion) pass(long time.Duration) {
	const looks = 4
	for range looks {
		d.Run(long / looks)
		for _, n := range d.Nodes() {
			if n.Up() {
				d.oracle.Read(n, "gone")
				d.oracle.Ask(n, "gone", func(bool) {})
			}
		}
	}
}

// rest lets rounds pass in a healed mesh.
func (d *deletion) rest() {
	d.Heal()
	d.pass(70 * time.Second) // what one clock has from the future comes within a minute
	d.oracle.Settled()
}

func newDeletion(skew time.Duration) *deletion {
	room := replica.Options{Capacity: 16, Ghosts: rings, Tombstones: rings}
	small := replica.Options{Capacity: 2, Ghosts: 2, Tombstones: 1}
	d := &deletion{newLives(1, time.Hour, room, room, room, small), skew}
	d.Run(5 * time.Second)
	d.set(deleter, "gone", "value")
	d.Run(5 * time.Second)
	d.save(stale, func() {})
	return d
}

// TestDeletionStaysDeleted: in whatever order a value is deleted, a partition outlasts every ring, a node comes back with
// a snapshot of before, one with tiny rings forgets and a clock is 29 s off, the value does not come back.
func TestDeletionStaysDeleted(t *testing.T) {
	worlds := 0
	for _, skew := range []time.Duration{29 * time.Second, -29 * time.Second} {
		for _, order := range permutations([]string{"delete", "long partition", "old snapshot", "tiny peer", "skewed clock"}) {
			d := newDeletion(skew)
			for _, step := range order {
				steps[step](d)
			}
			d.rest()
			for i, c := range d.caches {
				if got := get(d.Nodes()[i], c, "gone"); got != "" {
					t.Errorf("%v, clock off by %v: node %d has the deleted %q", order, skew, i, got)
				}
			}
			if len(d.oracle.Faults) > 0 {
				t.Errorf("%v, clock off by %v: %v", order, skew, d.oracle.Faults[0])
			}
			worlds++
		}
	}
	if worlds != 240 {
		t.Errorf("%d worlds", worlds)
	}
}

// permutations is all orders of these.
func permutations(of []string) (all [][]string) {
	if len(of) == 0 {
		return [][]string{nil}
	}
	for i, first := range of {
		for _, rest := range permutations(slices.Delete(slices.Clone(of), i, i+1)) {
			all = append(all, append([]string{first}, rest...))
		}
	}
	return all
}
