package replica

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

const (
	maxAsked = 3   // peers that a miss asks at the most
	maxWants = 256 // keys in one request
)

// ask is a miss that asks peers: the nearest, and the next when it has nothing, fails, or takes long. Guarded by
// engine.mu.
type ask struct {
	id      uint64
	cache   *Cache
	missing map[string]crdt.Version // … and the least version that is of use
	joined  map[string]*transfer    // of those, the large ones that come in parts
	found   map[string]Blob
	left    []geo.ID // not asked yet, nearest first
	waiting map[geo.ID]*request
	started int64
	last    geo.ID // the one asked last
	repeats int    // how often a peer was asked again for what followed a value that was overwritten while it came
	stops   []func() bool
	done    func(map[string]Blob)
	early   *bid // the claim of the key, if it will be loaded when nobody has it; nil = none
}

// request is what one peer was asked: when, and when it was last heard of since, Unix nanoseconds, and how many answers
// are still to come.
type request struct {
	sent  int64
	heard int64 // sent, until it answers
	left  int
	alone bool // one key: its time is a sample of the latency
}

// Ask looks for keys at the nearest peers. done is called exactly once, on any goroutine and perhaps before Ask
// returns, with what was found, which is in the store by then as far as there is room; an empty map if nothing was, or
// when the ask is cancelled.
//
// Nobody is asked for a key that is nowhere, as far as this node can know (even.go).
func (c *Cache) Ask(keys []string, done func(found map[string]Blob)) (cancel func()) {
	return c.ask(keys, false, "", done)
}

// ask asks for those of the keys that may be somewhere; for all of them if it must. first, if not empty, is asked first.
func (c *Cache) ask(keys []string, must bool, first geo.ID, done func(map[string]Blob)) (cancel func()) {
	e := c.engine
	e.mu.Lock()
	now := e.clock.Now()
	a := &ask{id: e.newID(), cache: c, missing: map[string]crdt.Version{}, joined: map[string]*transfer{}, found: map[string]Blob{}, waiting: map[geo.ID]*request{}, started: now, done: done}
	must = must || !c.sure()
	var holders []crdt.Origin
	for _, k := range keys {
		if r := c.store.Known(k); must || r.Kind == crdt.Ghost {
			a.missing[k] = r.Version
			holders = append(holders, r.Version.Origin)
		}
	}
	if len(a.missing) == 0 {
		e.mu.Unlock()
		done(a.found)
		return nothing
	}
	if !must {
		a.joinComing()
	}
	a.left = c.whom(holders, now)
	if first != "" {
		rest := slices.DeleteFunc(a.left, func(id geo.ID) bool { return id == first })
		a.left = append([]geo.ID{first}, rest[:min(len(rest), maxAsked-1)]...)
	}
	e.asks[a.id] = a
	if first == "" && len(a.left) > 0 {
		c.claimEarly(a, now)
	}
	e.budget.Look()
	a.stops = append(a.stops, e.clock.After(e.timeout, func() { e.timeUp(a.id) }))
	finish := e.askNext(a)
	e.mu.Unlock()
	finish()
	return func() {
		e.giveUp(a.id)
		c.unclaim(a)
	}
}

func nothing() {}

// whom is the peers to ask: the nearest, and if one version is wanted its writer, who holds it as long as anybody; of a
// value too large for gossip it may be the only one. mu is held.
func (c *Cache) whom(holders []crdt.Origin, now int64) (ids []geo.ID) {
	e := c.engine
	for _, id := range e.rank.Nearest(-1, now) {
		if p := e.member(id); p != nil && c.syncs(p) {
			ids = append(ids, id)
		}
	}
	if len(ids) <= maxAsked {
		return ids
	}
	if len(holders) == 1 {
		if i := slices.Index(ids, c.authors[holders[0]]); i >= maxAsked {
			ids[maxAsked-1] = ids[i]
		}
	}
	return ids[:maxAsked]
}

// askNext asks the next peer, and sets the timer after which another is asked beside it. The caller runs the
// continuation without the lock. mu is held.
func (e *Engine) askNext(a *ask) (finish func()) {
	for len(a.left) > 0 && len(a.wanted()) > 0 {
		id := a.left[0]
		a.left = a.left[1:]
		if !e.request(a, id) {
			continue
		}
		e.counters.Fetches++
		a.last = id
		e.awaitHedge(a)
		return nothing
	}
	if len(a.missing) > 0 && (len(a.waiting) > 0 || a.comes()) {
		return nothing
	}
	return e.endAsk(a)
}

// awaitHedge sets the timer after which the peer asked last takes long, or is silent. mu is held.
func (e *Engine) awaitHedge(a *ask) {
	r := a.waiting[a.last]
	if r == nil || e.single {
		return
	}
	wait := min(e.rank.Hedge(a.last, e.budget.Scarce()), max(e.patience(a.last, r), 0))
	a.stops = append(a.stops, e.clock.After(wait, func() { e.hedge(a.id) }))
}

// patience is how much longer a peer may take before it counts as silent. mu is held.
func (e *Engine) patience(id geo.ID, r *request) time.Duration {
	return e.rank.Patience(id) - nanos(e.clock.Now()-r.heard)
}

// wanted is what is missing and does not come, or comes slowly, in order. mu is held.
func (a *ask) wanted() (wanted []string) {
	for _, key := range slices.Sorted(keys(a.missing)) {
		if t := a.joined[key]; t == nil || t.state == transferLapsed || t.hurts() {
			wanted = append(wanted, key)
		}
	}
	return wanted
}

// comes tells whether anything that is missing comes in parts. mu is held.
func (a *ask) comes() bool {
	for key := range a.missing {
		if t := a.joined[key]; t != nil && t.state != transferLapsed {
			return true
		}
	}
	return false
}

// gets takes out what has been found. mu is held.
func (a *ask) gets(got map[string]Blob) {
	for key, b := range got {
		if _, ok := a.missing[key]; ok {
			delete(a.missing, key)
			a.found[key] = b
			a.cache.peerHits.Add(1)
		}
	}
}

// request sends what is wanted to one peer. mu is held.
func (e *Engine) request(a *ask, id geo.ID) bool {
	wanted := a.wanted()
	now := e.clock.Now()
	r := &request{sent: now, heard: now, alone: len(wanted) == 1}
	origins := a.cache.doubted()
	for lot := range slices.Chunk(wanted, maxWants) {
		m := &wire.Fetch{Cache: a.cache.name, ID: a.id, Origins: origins}
		for _, k := range lot {
			m.Wants = append(m.Wants, wire.Want{Key: k, Least: a.missing[k]})
		}
		if !e.send(id, geo.LaneFetch, m) {
			return false
		}
		r.left++
	}
	if before := a.waiting[id]; before != nil { // it is asked again, and has not told all yet
		r.left, r.alone = r.left+before.left, false
	}
	a.waiting[id] = r
	return true
}

// doubted is the origins of which this replica has forgotten something: whoever lends must vouch for those.
func (c *Cache) doubted() []crdt.Origin {
	origins := slices.Sorted(keys(c.store.Forgotten()))
	return origins[:min(len(origins), wire.MaxFrameRecords)] // of more nobody can vouch: the read goes on to Load
}

// hedge asks another peer beside the one that takes long, if the budget allows it, and at any rate beside one that is
// silent.
func (e *Engine) hedge(id uint64) {
	e.mu.Lock()
	finish := nothing
	switch a := e.asks[id]; {
	case a == nil || len(a.left) == 0 || len(a.wanted()) == 0:
	case e.silenced(a):
		finish = e.askNext(a)
	case e.budget.Hedge():
		e.counters.Hedges++
		finish = e.askNext(a)
	default: // the budget is used up: others finish meanwhile and save for this one
		e.awaitHedge(a)
	}
	e.mu.Unlock()
	finish()
}

// silenced tells whether the peer asked last is silent, and then has the others skip it too until it answers. mu is held.
func (e *Engine) silenced(a *ask) bool {
	r := a.waiting[a.last]
	if r == nil || e.patience(a.last, r) > 0 {
		return false
	}
	e.rank.Fail(a.last, e.clock.Now())
	return true
}

// timeUp ends an ask of which nothing has come for its time. What comes in parts may take longer, as long as it comes.
func (e *Engine) timeUp(id uint64) {
	e.mu.Lock()
	rest := time.Duration(0)
	if a := e.asks[id]; a != nil {
		if rest = e.timeout - nanos(e.clock.Now()-e.moved(a)); rest > 0 {
			a.stops = append(a.stops, e.clock.After(rest, func() { e.timeUp(id) }))
		}
	}
	e.mu.Unlock()
	if rest <= 0 {
		e.giveUp(id)
	}
}

// giveUp ends an ask with what it has.
func (e *Engine) giveUp(id uint64) {
	e.mu.Lock()
	finish := nothing
	if a := e.asks[id]; a != nil {
		for _, p := range slices.Sorted(keys(a.waiting)) {
			if e.clock.Now()-a.started >= int64(e.timeout) {
				e.rank.Fail(p, e.clock.Now())
			}
		}
		finish = e.endAsk(a)
	}
	e.mu.Unlock()
	finish()
}

// endAsk takes an ask out; the caller runs the continuation without the lock. mu is held.
func (e *Engine) endAsk(a *ask) func() {
	delete(e.asks, a.id)
	e.leave(a)
	if b := a.early; b != nil && len(a.missing) == 0 {
		delete(a.cache.claims.early, b.key)
		a.cache.tell(b, true)
	}
	for _, stop := range a.stops {
		stop()
	}
	return func() { a.done(a.found) }
}

// failed asks on where a peer that is gone was asked. mu is held; the caller runs the continuations without it.
func (e *Engine) failed(id geo.ID) (next []func()) {
	for _, n := range slices.Sorted(keys(e.asks)) {
		a := e.asks[n]
		if _, ok := a.waiting[id]; ok {
			delete(a.waiting, id)
			next = append(next, e.askNext(a))
		}
	}
	for o := range e.overtaken {
		if o.peer == id {
			delete(e.overtaken, o)
		}
	}
	delete(e.streams.came, id)
	for _, c := range e.caches {
		for _, key := range slices.Sorted(keys(c.coming)) {
			next = append(next, e.withoutHolder(c.coming[key], id)...)
		}
	}
	for _, n := range slices.Sorted(keys(e.explains)) {
		next = append(next, e.explains[n].without(id))
	}
	return next
}

// fetched takes in what a peer lends: every record goes through the door, and only what is held after that is given to
// the caller (rule 2). The next peer is asked for the rest.
func (c *Cache) fetched(from geo.ID, m *wire.Fetched) {
	vouch := headsOf(m.Heads)
	got := c.borrow(m.Records, func(o crdt.Origin) uint64 { return vouchedFor(vouch, o) })
	e := c.engine
	e.mu.Lock()
	finish := nothing
	if a := e.asks[m.ID]; a != nil && a.cache == c {
		finish = e.answered(a, from, m, got)
	} else if m.Last {
		e.late(overtaken{m.ID, from})
	}
	e.mu.Unlock()
	finish()
}

// borrow merges what a peer lends, marks the dots, and returns the values that are held now.
func (c *Cache) borrow(records []wire.Record, by store.Heads) map[string]Blob {
	e, now := c.engine, c.engine.millis()
	got := make(map[string]Blob, len(records))
	merged := records[:0]
	for _, r := range records {
		if !c.admit(r, now, by, store.ViaGossip) {
			continue
		}
		merged = append(merged, r)
		if b, _, ok := c.store.Peek(r.Key, now); ok {
			got[r.Key] = b
		} else if plant.On(plant.CallerRefused) && r.Kind == crdt.Value && r.Deadline > now {
			got[r.Key] = fromWire(r).Value
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range merged {
		c.seen.Add(r.Dot(), r.Version.Time)
		c.changed = e.clock.Now()
	}
	return got
}

// answered notes what an answer brought. mu is held.
func (e *Engine) answered(a *ask, from geo.ID, m *wire.Fetched, got map[string]Blob) func() {
	r := a.waiting[from]
	if r != nil {
		r.heard = e.clock.Now()
		if m.Last && r.alone {
			e.rank.Sample(from, nanos(r.heard-r.sent), r.heard)
		}
		if m.Last {
			r.left--
		}
		if r.left == 0 {
			delete(a.waiting, from)
		}
	}
	a.gets(got)
	for _, rec := range m.Records {
		if _, taken := got[rec.Key]; !taken && rec.Kind == crdt.Value {
			a.again(rec.Key, rec.Version, from, true)
		}
	}
	switch {
	case len(a.missing) == 0:
		e.overtook(a, r)
		return e.endAsk(a)
	case a.waiting[from] == nil:
		return e.askNext(a)
	}
	return nothing
}

// keys is maps.Keys; the name is short because it is sorted wherever order could matter.
func keys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }
