package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
)

// written is the newest that a node has held of a key, as it was when it came: later only its deadline can move.
type written struct {
	crdt.Register
	large bool // too large for gossip: told of, and fetched by who wants it
}

// Promised looks whether what a surviving node has held is lost: a write is only ever lost with all nodes that had it.
//
// Every sound node must know of the newest version of each key, or of a floor above it. And in a roomy world, where every
// node has room for all keys, it must have its value while that lives and nothing was evicted or forgotten, also after
// crashes.
func (o *Oracle) Promised(roomy bool) {
	newest := map[string]written{}
	for _, n := range o.sound() {
		for k, w := range o.views[n].newest {
			was := newest[k]
			if was.Version.Less(w.Version) || was.Version == w.Version && w.Deadline < was.Deadline {
				newest[k] = w // the earliest deadline: that of a touch may have been lost
			}
		}
	}
	_, cleared := o.newest()
	for _, k := range slices.Sorted(maps.Keys(newest)) {
		w := newest[k]
		if !cleared.Less(w.Version) {
			continue
		}
		o.known(k, w.Version)
		if roomy && w.Kind == crdt.Value && !w.large && o.living(w.Deadline) && !o.cramped() {
			o.held("PROMISE", k, w.Version)
		}
	}
}

// known looks whether every sound node knows of a version, has forgotten it properly, or has outlived it.
func (o *Oracle) known(k string, want crdt.Version) {
	for _, n := range o.sound() {
		s := o.views[n].cache.Store()
		due := n.Now()/1e6 - crdt.Retention(time.Duration(o.ttl)*time.Millisecond) + crdt.MaxSkew.Milliseconds()
		if want.Time.Milli() >= due && s.Floor() < want.Time && s.Known(k).Version.Less(want) {
			o.fault("PROMISE", n, k, "knows %v, a survivor has held %v", s.Known(k), want)
		}
	}
}

// held looks whether every sound node has a value of a key.
func (o *Oracle) held(rule, k string, want crdt.Version) {
	for _, n := range o.sound() {
		s := o.views[n].cache.Store()
		if _, _, ok := s.Peek(k, n.Now()/1e6); !ok {
			o.fault(rule, n, k, "holds %v, %v was written and is alive", s.Known(k), want)
		}
	}
}

// cramped tells whether a sound node has ever evicted or forgotten anything in its present life.
func (o *Oracle) cramped() bool {
	return slices.ContainsFunc(o.sound(), func(n *Node) bool {
		s := o.views[n].cache.Store()
		return s.Counts().Evictions > 0 || s.Floor() > 0
	})
}

// living tells whether a deadline is ahead for longer than clocks differ.
func (o *Oracle) living(deadline int64) bool {
	return !slices.ContainsFunc(o.sound(), func(n *Node) bool {
		return deadline <= n.Now()/1e6+2*crdt.MaxSkew.Milliseconds()
	})
}

// sound is the nodes that are up and are to be believed.
func (o *Oracle) sound() (all []*Node) {
	for _, n := range o.world.nodes {
		if o.views[n] != nil && !n.Mad {
			all = append(all, n)
		}
	}
	return all
}
