package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
)

var zero crdt.Version

const (
	// settling is how long a healed mesh may take to agree: a record from a clock that was ahead becomes acceptable
	// after a minute at the most, and is then asked for within another.
	settling = 4 * time.Minute
	looks    = 8 // at everything, meanwhile
	idling   = time.Minute
	ending   = settling + idling

	// Least is the shortest that a world can be told to last: nothing is done before it comes to rest.
	Least = ending
)

// settle heals everything, lets rounds pass, and looks whether all agree; false if they do not.
func (y *play) settle() bool {
	y.calm()
	for range looks {
		if !y.pass(settling / looks) {
			return false
		}
		y.look()
	}
	y.oracle.Settled()
	y.agreed()
	y.complete()
	y.oracle.Promised(y.roomy())
	return len(y.oracle.Faults) == 0
}

// calm ends all faults. Clocks stay apart, but within the bound.
func (y *play) calm() {
	y.Links.Loss, y.Links.Duplicate, y.Links.Slow, y.Links.Break, y.Links.Queue, y.Links.Work = 0, 0, 0, 0, 0, 0
	y.Heal()
	for i, n := range y.nodes {
		if !n.Mad {
			n.Step(n.Offset / 4)
		}
		y.revive(i, false)
	}
}

// look reads every key on every node.
func (y *play) look() {
	for _, n := range y.nodes {
		for k := range y.plan.Keys {
			y.oracle.Read(n, key(k))
		}
		y.bound(n)
	}
}

// agreed looks whether every sound node has seen every dot that another has, except what is about to be forgotten: one
// clock forgets it before the other.
func (y *play) agreed() {
	due := (Epoch+y.now)/1e6 - crdt.Retention(y.plan.TTL) + crdt.MaxSkew.Milliseconds()
	seen := map[*Node]*crdt.Seen{}
	for i, n := range y.nodes {
		if !n.Mad {
			seen[n] = y.caches[i].Digest()
		}
	}
	for _, d := range y.left(due) {
		if slices.ContainsFunc(y.nodes, func(n *Node) bool { return !n.Mad && seen[n].Has(d.Dot()) }) {
			y.all(seen, d)
		}
	}
}

// all looks whether everybody has seen a record.
func (y *play) all(seen map[*Node]*crdt.Seen, d crdt.Register) {
	for _, n := range y.nodes {
		if !n.Mad && !seen[n].Has(d.Dot()) {
			y.oracle.fault("UNSETTLED", n, "", "has not seen %v", d)
		}
	}
}

// left is the records of a time from due on that have left their node, as far as the oracle has come to know of them.
func (y *play) left(due int64) (all []crdt.Register) {
	for k := range y.plan.Keys {
		for _, c := range y.caches {
			y.oracle.remember(key(k), c.Store().Known(key(k)))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(y.oracle.dots)) {
		for _, r := range y.oracle.dots[k] {
			if r.Version.Time.Milli() >= due {
				all = append(all, r)
			}
		}
	}
	return all
}

// complete looks, in a world where nothing was evicted, forgotten or lost and there is room for all, whether every node holds
// every live winner. What comes to a full node in a bootstrap comes as a ghost, and is no eviction.
func (y *play) complete() {
	if y.lost || y.plan.touches || !y.roomy() || y.oracle.cramped() {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(y.winners())) {
		y.oracle.held("COMPLETE", k, y.winners()[k])
	}
}

// roomy tells whether every node has room for all keys.
func (y *play) roomy() bool {
	return !slices.ContainsFunc(y.plan.Nodes, func(s Spot) bool { return s.Capacity < y.plan.Keys })
}

// winners is the values that a sound node holds and that live for longer than clocks differ.
func (y *play) winners() map[string]crdt.Version {
	alive := map[string]crdt.Version{}
	for i, n := range y.nodes {
		if n.Mad {
			continue // nobody takes what it writes
		}
		for k := range y.plan.Keys {
			b, r, ok := y.caches[i].Store().Peek(key(k), n.Now()/1e6)
			if ok && b.Len() <= announced && r.Deadline > n.Now()/1e6+2*crdt.MaxSkew.Milliseconds() {
				alive[key(k)] = r.Version
			}
		}
	}
	return alive
}

// announced is the size of a value above which gossip announces it only.
const announced = 16 << 10

// idle lets a round pass in a mesh that agrees: nothing may move.
func (y *play) idle() {
	before := y.moved()
	if !y.pass(idling) {
		return
	}
	y.look()
	after := y.moved()
	for i, n := range y.nodes {
		if d := after[i].Moved - before[i].Moved; d > 0 {
			y.oracle.fault("IDLE", n, "", "%d records moved in a mesh that agrees", d)
		}
		if d := after[i].Lossy - before[i].Lossy; d > 0 {
			y.oracle.fault("IDLE", n, "", "%d lossy syncs in a mesh that agrees", d)
		}
	}
}

func (y *play) moved() []replica.Counters {
	all := make([]replica.Counters, len(y.nodes))
	for i, n := range y.nodes {
		all[i] = n.Engine.Counters()
	}
	return all
}

// Settled looks at every key that anybody knows on every node, and judges that nobody serves anything but the newest
// that a living node has known: after a heal and some rounds it must hold.
func (o *Oracle) Settled() {
	o.invented()
	newest, cleared := o.newest()
	for _, n := range o.world.nodes {
		v := o.views[n]
		if v == nil || n.Mad {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(newest)) {
			_, r, ok := v.cache.Store().Peek(k, n.Now()/1e6)
			if ok && o.age(r.Version) != newest[k] {
				o.fault("AGREE", n, k, "serves %v, the newest is %v", r.Version, newest[k])
			}
			if ok && !cleared.Less(r.Version) {
				o.fault("RESURRECT", n, k, "serves %v, cleared up to %v", r.Version, cleared)
			}
		}
	}
}

// newest is the newest that a living sound node has known, by key, and the newest Clear.
func (o *Oracle) newest() (all map[string]crdt.Version, cleared crdt.Version) {
	all = map[string]crdt.Version{}
	for n, v := range o.views {
		if n.Mad {
			continue
		}
		cleared = later(cleared, v.clear)
		for k, known := range v.known {
			all[k] = later(all[k], known)
		}
	}
	return all, cleared
}

// invented looks for versions that no application wrote: expiry and eviction write none.
func (o *Oracle) invented() {
	for _, n := range o.world.nodes {
		v := o.views[n]
		if v == nil {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(v.newest)) {
			if w := v.newest[k]; !o.made[w.Version] {
				o.fault("INVENTED", n, k, "holds %v, which nobody wrote", w.Register)
			}
		}
	}
}
