package store

import (
	"math"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
)

// What follows is planted for the simulator to find. In a build without the tag it comes to nothing.

// misjudged is the outcome of a merge, wrong if a bug is planted.
func misjudged(held, came crdt.Register, out crdt.Outcome) crdt.Outcome {
	differ := held.Version != came.Version
	switch {
	case differ && plant.On(plant.ArrivalOrder):
		return crdt.Won
	case differ && plant.On(plant.NoTieBreak) && held.Version.Time == came.Version.Time:
		return crdt.Won
	case out == crdt.Won && plant.On(plant.GhostIgnored) && held.Kind == crdt.Value && came.Kind == crdt.Ghost:
		return crdt.Lost
	}
	return out
}

// trusting tells whether a sender is believed who does not vouch.
func trusting(by Heads) bool {
	return by != nil && (plant.On(plant.BlindStore) || plant.On(plant.ContentUnion))
}

// silent tells whether a value that goes leaves no ghost.
func silent(cause Cause) bool {
	return cause == CauseCapacity && plant.On(plant.SilentEviction) || cause == CauseExpired && plant.On(plant.OwnDeadline)
}

// spared tells whether a lossy sync keeps a record although its peer does not list it.
func spared(r crdt.Register) bool {
	return plant.On(plant.LossyKeeps) || plant.On(plant.LossyTombstones) && r.Kind == crdt.Tombstone
}

// late is for how long after its deadline a value is served, in milliseconds.
func late() int64 {
	if plant.On(plant.ServedLate) {
		return 1000
	}
	return 0
}

// fixedLife is how long a tombstone is kept, in milliseconds, if that does not depend on the lifetime bound.
const fixedLife = 20_000

// done tells whether what is at the top of a ring has outlived its use.
func (r *ring[P]) done(now int64) bool {
	t := r.shard.table.At(r.lowest()).time
	if plant.On(plant.TombstoneFixed) && r == &r.shard.tombs {
		return t.Milli()+fixedLife <= now
	}
	return r.shard.store.outlived(t, now)
}

// full tells whether a ring has more than it has room for.
func (r *ring[P]) full() bool { return r.len() > r.limit && !plant.On(plant.RingUnbounded) }

// touchBound is how far a touch may move a deadline.
func touchBound(bound int64) int64 {
	if plant.On(plant.TouchUnbounded) {
		return math.MaxInt64
	}
	return bound
}

// above is the time that a local write must be above.
func (s *Store[P]) above(held crdt.Time) crdt.Time {
	if plant.On(plant.FloorNotClock) {
		return held
	}
	return max(held, s.Floor())
}

// once has a local write that was refused be lost.
func once(out Outcome) Outcome {
	if plant.On(plant.FloorNotClock) && out == Refused {
		return Lost
	}
	return out
}
