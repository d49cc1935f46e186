package sim

import (
	"fmt"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/store"
)

const snapshotName = "c.snapshot"

func (y *play) title() snapshot.Title {
	return snapshot.Title{Cluster: "mesh", Cache: "c", TTL: y.plan.TTL.Milliseconds()}
}

// save writes a snapshot to a node's disk, in the place of an earlier one.
func (y *play) save(i int) {
	s, seen := y.caches[i].Snapshot()
	t := y.title()
	t.Created = seen
	if err := snapshot.Write(&y.disks[i], snapshotName, t, s); err != nil {
		panic(fmt.Sprintf("sim: write snapshot: %v", err)) // this disk does not fail
	}
}

// open opens a node's cache, with what is on its disk if it may be restored. A snapshot that is refused, for it is too
// old or holds times from the future, is none.
func (y *play) open(i int, restore bool) {
	s, n := y.plan.Nodes[i], y.nodes[i]
	o := replica.Options{
		Loads: true,
		Name:  "c", TTL: y.plan.TTL, Hash: Hash, Capacity: s.Capacity, Ghosts: s.Ghosts, Tombstones: s.Tombstones,
	}
	if restore {
		o.Restore = func(fill func(*store.Snapshot) error) {
			if snapshot.Read(&y.disks[i], snapshotName, y.title(), n.Now()/1e6, fill) == nil {
				y.Tally.Restored++
			}
		}
	}
	c, err := n.Engine.Open(o)
	if err != nil {
		panic(fmt.Sprintf("sim: open cache: %v", err)) // names are free and the engine is new
	}
	y.caches[i] = c
	y.oracle.AttachRestored(n, c)
}
