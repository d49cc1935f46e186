package sim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// Oracle knows what every living node has known of every key of one cache, and judges each read by it. A write that died
// with its node before anybody else had it is no fault: only what a living node knew counts.
type Oracle struct {
	Faults []string // what was found wrong; empty in a sound mesh

	world *World
	ttl   int64
	views map[*Node]*view
	most  map[crdt.Version]int64 // the latest deadline that anybody gave a version
}

// view is what one node, in its present life, has held.
type view struct {
	cache *replica.Cache
	known map[string]crdt.Version
	clear crdt.Version
}

// NewOracle makes an oracle for a cache whose lifetime bound is ttl milliseconds.
func NewOracle(w *World, ttl int64) *Oracle {
	return &Oracle{world: w, ttl: ttl, views: map[*Node]*view{}, most: map[crdt.Version]int64{}}
}

// Attach follows the replica of a node in its present life.
func (o *Oracle) Attach(n *Node, c *replica.Cache) {
	v := &view{cache: c, known: map[string]crdt.Version{}}
	o.views[n] = v
	c.Store().OnChange(func(ch store.Change[replica.Blob]) {
		r := ch.Register
		if ch.Kind == store.ChangeClear {
			v.clear = later(v.clear, r.Version)
			return
		}
		v.known[ch.Key] = later(v.known[ch.Key], r.Version)
		o.most[r.Version] = max(o.most[r.Version], r.Deadline)
	})
}

// Detach forgets a node that died.
func (o *Oracle) Detach(n *Node) { delete(o.views, n) }

func later(a, b crdt.Version) crdt.Version {
	if a.Less(b) {
		return b
	}
	return a
}

// Read reads a key as the application on a node would, without asking peers, and judges what comes.
func (o *Oracle) Read(n *Node, key string) (value string, ok bool) {
	v := o.views[n]
	now := n.Now() / 1e6
	b, r, ok := v.cache.Store().Get(key, now)
	if ok {
		o.judge(n, key, r, now)
	}
	return string(b.Bytes), ok
}

// Judge looks at a value that a node was given by a peer for a read.
func (o *Oracle) judge(n *Node, key string, r crdt.Register, now int64) {
	v := o.views[n]
	switch {
	case r.Version.Less(v.known[key]):
		o.fault("STALE", n, key, "read %v, knew %v", r.Version, v.known[key])
	case !v.clear.Less(r.Version):
		o.fault("CLEARED", n, key, "read %v, cleared up to %v", r.Version, v.clear)
	case r.Deadline <= now:
		o.fault("EXPIRE", n, key, "read at %d what died at %d", now, r.Deadline)
	case r.Deadline > r.Version.Time.Milli()+o.ttl, r.Deadline > o.most[r.Version]:
		o.fault("BOUND", n, key, "deadline %d of a version of %d", r.Deadline, r.Version.Time.Milli())
	case r.Version.Time.Milli() > now+crdt.MaxSkew.Milliseconds():
		o.fault("POISON", n, key, "read %v at %d", r.Version, now)
	}
}

func (o *Oracle) fault(rule string, n *Node, key, format string, args ...any) {
	o.Faults = append(o.Faults, fmt.Sprintf("%v %s %s %q: %s", o.world.Now(), rule, n.id, key, fmt.Sprintf(format, args...)))
}

// Settled reads every key that anybody knows on every node, and judges that nobody serves anything older than the
// newest that a living node has known: after a heal and some rounds it must hold.
func (o *Oracle) Settled() {
	newest, cleared := map[string]crdt.Version{}, crdt.Version{}
	for _, v := range o.views {
		cleared = later(cleared, v.clear)
		for k, known := range v.known {
			newest[k] = later(newest[k], known)
		}
	}
	for _, n := range o.world.nodes {
		v := o.views[n]
		if v == nil {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(newest)) {
			_, r, ok := v.cache.Store().Peek(k, n.Now()/1e6)
			if ok && r.Version != newest[k] {
				o.fault("AGREE", n, k, "serves %v, the newest is %v", r.Version, newest[k])
			}
			if ok && !cleared.Less(r.Version) {
				o.fault("RESURRECT", n, k, "serves %v, cleared up to %v", r.Version, cleared)
			}
		}
	}
}
