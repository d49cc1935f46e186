package sim

import (
	"fmt"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

const (
	snapshotName = "c.snapshot"
	journalName  = "c.journal"
)

func (y *play) title() snapshot.Title {
	return snapshot.Title{Cluster: "mesh", Cache: "c", TTL: y.plan.TTL.Milliseconds()}
}

// save writes a snapshot to a node's disk, in the place of an earlier one, and ends the journal.
func (y *play) save(i int) {
	mark := y.journals[i].Mark()
	s, seen := y.caches[i].Snapshot()
	t := y.title()
	t.Created = seen
	if err := snapshot.Write(&y.disks[i], snapshotName, t, s); err != nil {
		panic(fmt.Sprintf("sim: write snapshot: %v", err)) // this disk does not fail
	}
	if err := y.journals[i].Trim(mark); err != nil {
		panic(fmt.Sprintf("sim: trim journal: %v", err))
	}
}

// note writes a piece of a sync to the journal of a node.
func (y *play) note(i int) func(*crdt.Seen, uint64, *wire.Records) {
	return func(by *crdt.Seen, total uint64, m *wire.Records) {
		if err := y.journals[i].Append(by, total, m); err != nil {
			panic(fmt.Sprintf("sim: write journal: %v", err))
		}
	}
}

// replay opens the journal of a node and hands over what is in it. A life that begins with nothing writes on behind what
// earlier ones noted, so that a later one is given what is much older than its snapshot.
func (y *play) replay(i int, restore bool) func(func(*crdt.Seen, uint64, *wire.Records)) {
	return func(take func(*crdt.Seen, uint64, *wire.Records)) {
		y.journals[i], _ = snapshot.OpenJournal(&y.disks[i], journalName, y.title(), func(by *crdt.Seen, total uint64, m *wire.Records) {
			if restore {
				y.Tally.Replayed += len(m.Records)
				take(by, total, m)
			}
		})
	}
}

// open opens a node's cache, with what is on its disk if it may be restored. A snapshot that is refused, for it is too
// old or holds times from the future, is none.
func (y *play) open(i int, restore bool) {
	s, n := y.plan.Nodes[i], y.nodes[i]
	o := replica.Options{
		Loads: true,
		Name:  "c", TTL: y.plan.TTL, Hash: Hash, Capacity: s.Capacity, Ghosts: s.Ghosts, Tombstones: s.Tombstones,
		Journal: y.note(i), Replay: y.replay(i, restore),
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
