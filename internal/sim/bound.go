package sim

import "github.com/geolru/geolru/internal/replica"

// bound holds a node against its bounds. It is asked at every step.
func (y *play) bound(n *Node) {
	s := y.plan.Nodes[n.index]
	y.oracle.Bounded(n, s.Capacity, s.Ghosts, s.Tombstones)
}

// Bounded holds a node against its bounds: room and rings, and what it has under way and remembers.
func (o *Oracle) Bounded(n *Node, capacity, ghosts, tombstones int) {
	v := o.views[n]
	if v == nil {
		return
	}
	has := v.cache.Store().Counts()
	if has.Entries > capacity || has.Ghosts > ghosts || has.Tombstones > tombstones {
		o.fault("BOUND", n, "", "%d entries of %d, %d ghosts of %d, %d tombstones of %d",
			has.Entries, capacity, has.Ghosts, ghosts, has.Tombstones, tombstones)
	}
	records := has.Entries + has.Ghosts + has.Tombstones + 1 // and the Clear
	l := v.cache.Load()
	if l.Pulls > replica.MaxSyncs || l.Answers > replica.MaxSyncs || l.Waiting > records || l.Origins > o.lives() || l.Streams > replica.MaxStreams {
		o.fault("BOUND", n, "", "%+v with %d records and %d lives", l, records, o.lives())
	}
}

// lives is how many replicas there have been: no node can have seen something of more origins.
func (o *Oracle) lives() (all int) {
	for _, n := range o.world.nodes {
		all += n.life
	}
	return all
}
