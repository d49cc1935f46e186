package sim

import (
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
)

// Read reads a key as the application on a node would, without asking peers, and judges what comes.
func (o *Oracle) Read(n *Node, key string) (value string, found bool) {
	v := o.views[n]
	now := n.Now() / 1e6
	var b replica.Blob
	var r crdt.Register
	var ok bool
	o.local(func() { b, r, ok = v.cache.Store().Get(key, now) })
	if ok {
		o.judge(n, key, r, now)
	}
	return string(b.Bytes()), ok
}

// judge looks at a live value that a node serves.
func (o *Oracle) judge(n *Node, key string, r crdt.Register, now int64) {
	v, age := o.views[n], o.age(r.Version)
	o.judgeAge(n, key, age, v.before(key))
	switch {
	case r.Deadline <= now:
		o.fault("EXPIRE", n, key, "read at %d what died at %d", now, r.Deadline)
	case r.Deadline > r.Version.Time.Milli()+o.ttl, r.Deadline > o.most[r.Version]:
		o.fault("BOUND", n, key, "deadline %d of a version of %d", r.Deadline, r.Version.Time.Milli())
	case r.Version.Time.Milli() > now+crdt.MaxSkew.Milliseconds() && !o.early(n, r.Version):
		o.fault("POISON", n, key, "read %v at %d", r.Version, now)
	}
	o.judgeSeen(n, key, r.Version)
	v.shown[key] = later(v.shown[key], age)
}

// local runs an operation that must be done before any other node hears of it: one that asks may have to wait.
func (o *Oracle) local(f func()) {
	o.world.local = o
	f()
	o.world.local = nil
}

// early tells of a version beyond the clock bound that it may be here: its node wrote it, and the clock was set back.
func (o *Oracle) early(n *Node, v crdt.Version) bool {
	return n.setBack && !n.ahead(v.Time)
}

// before is what a node knew of a key at a moment: nothing older may be read from then on.
type before struct{ known, own, shown, clear crdt.Version }

func (v *view) before(key string) before {
	return before{v.known[key], v.own[key], v.shown[key], v.clear}
}

func (o *Oracle) judgeAge(n *Node, key string, age crdt.Version, b before) {
	switch {
	case age.Less(b.own):
		o.fault("OWN-WRITES", n, key, "read %v, wrote %v", age, b.own)
	case age.Less(b.shown):
		o.fault("MONOTONE", n, key, "read %v, read before %v", age, b.shown)
	case age.Less(b.known):
		o.fault("STALE", n, key, "read %v, knew %v", age, b.known)
	}
	if !b.clear.Less(age) {
		o.fault("CLEARED", n, key, "read %v, cleared up to %v", age, b.clear)
	}
}

// judgeSeen holds a read against what its node claims to have seen: a node that has the dot of a later version, or of a
// Clear above, must not serve what lies under it. This finds a dot that is marked too early, at once and not only when
// nobody sends the record any more.
func (o *Oracle) judgeSeen(n *Node, key string, read crdt.Version) {
	for _, v := range o.views { // each adds what it holds under a dot; the order does not matter
		o.remember(key, v.cache.Store().Known(key))
	}
	var seen *crdt.Seen
	for _, k := range [...]string{key, ""} {
		for _, d := range o.dots[k] {
			if !read.Less(d.Version) {
				continue
			}
			if seen == nil {
				seen = o.views[n].cache.Digest()
			}
			if seen.Has(d.Dot()) {
				o.fault("UNSHADOW", n, key, "read %v, has seen %v", read, d)
			}
		}
	}
}

// Ask asks the peers of a node for a key, and judges what the caller is given. then is told whether anything was.
func (o *Oracle) Ask(n *Node, key string, then func(found bool)) {
	v := o.views[n]
	knew := v.before(key)
	v.cache.Ask([]string{key}, func(found map[string]replica.Blob) {
		b, ok := found[key]
		if number, age, is := readContent(b.Bytes()); ok && is {
			if age == (crdt.Version{}) {
				age = o.age(o.named[number])
			}
			o.judgeAge(n, key, age, knew)
		}
		then(ok)
	})
}

// Set writes a key, and looks at once whether its node has it.
func (o *Oracle) Set(n *Node, key string, b replica.Blob, ttl int64) {
	v := o.views[n]
	var at crdt.Version
	var err error
	o.local(func() { at, err = v.cache.Store().Set(key, b, ttl) })
	if err != nil {
		o.fault("WRITE", n, key, "%v", err)
		return
	}
	o.wrote(n, key, at)
	if _, r, ok := v.cache.Store().Peek(key, n.Now()/1e6); !ok || r.Version != at {
		o.fault("OWN-WRITES", n, key, "wrote %v, has %v", at, r)
	}
}

// Delete deletes a key, and looks at once whether it is gone.
func (o *Oracle) Delete(n *Node, key string) {
	s := o.views[n].cache.Store()
	o.local(func() { s.Delete(key) })
	o.wrote(n, key, s.Known(key).Version)
	if _, r, ok := s.Peek(key, n.Now()/1e6); ok {
		o.fault("OWN-WRITES", n, key, "deleted, has %v", r)
	}
}

// wrote holds a stamp against the clock's rules: strictly rising, above what was known, never beyond the bound.
func (o *Oracle) wrote(n *Node, key string, at crdt.Version) {
	v := o.views[n]
	if at == (crdt.Version{}) {
		return // a tombstone that its ring had no room for
	}
	if at.Time <= v.stamp {
		o.fault("CLOCK", n, key, "stamped %v after %v", at.Time, v.stamp)
	}
	if n.ahead(at.Time) {
		o.fault("CLOCK", n, key, "stamped %d at %d", at.Time.Milli(), n.Now()/1e6)
	}
	o.made[at] = true
	v.stamp = max(v.stamp, at.Time)
	v.own[key] = later(v.own[key], o.age(at))
	o.note(func() { o.remember(key, v.cache.Store().Known(key)) })
}

// note looks at a write once it has left its node: then it has its dot.
func (o *Oracle) note(look func()) { o.world.after(time.Millisecond, look) }

// Clear clears the cache on a node.
func (o *Oracle) Clear(n *Node) {
	s := o.views[n].cache.Store()
	o.local(s.Clear)
	o.made[s.Cleared().Version] = true
	o.note(func() { o.remember("", s.Cleared()) })
}

// BeginLoad begins a load: its stamp must be above all that its node knew.
func (o *Oracle) BeginLoad(n *Node, key string) crdt.Version {
	v := o.views[n]
	knew := v.before(key)
	at := v.cache.Store().BeginLoad(key)
	if at.Less(knew.known) || at.Time <= v.stamp {
		o.fault("CLOCK", n, key, "a load is stamped %v, known is %v, the last stamp %v", at, knew.known, v.stamp)
	}
	v.stamp = max(v.stamp, at.Time)
	o.made[at] = true
	return at
}
