package replica

import (
	"slices"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/wire"
)

// A value over wire.PartBytes is lent in parts. Whoever has it answers a Fetch with an offer: its version, size and sum. The
// asker takes a part after the other, with as much under way as in a sync; all who miss the key here wait for the same
// transfer. A holder that is gone, stalls or no longer has that version is replaced by the next that offers the same, from the
// part reached; if none does the next peer is asked, and a holder of another version begins anew. The whole is held against
// its size and sum, and then enters by the door like all that peers lend.

// transfer is a large value on its way here. Guarded by engine.mu.
type transfer struct {
	cache  *Cache
	key    string
	state  transferState
	id     uint64 // of the parts that are awaited, another one with each holder
	what   wire.Offer
	offers []offered // of holders that have not failed; while parts are awaited the first of them sends
	asks   []*ask    // who wait
	value  []byte    // what has come, without a hole
	taken  int       // up to where it is asked for
	mixed  bool      // value is of several holders
	poor   bool      // the pace of its holder is below the least
	room   int       // held of maxStreams
	active int64     // when it last got a part, or a holder was first asked for one, Unix nanoseconds
	came   uint64    // streams.came of its holder when its pace was last looked at
}

type transferState uint8

const (
	transferLapsed  transferState = iota // nobody is known to have it; what has come is kept while the asks ask others
	transferWaits                        // for room
	transferRuns                         // parts are awaited
	transferChecked                      // all is here, and held against its sum
)

// offered is what one holder said.
type offered struct {
	wire.Offer
	from  geo.ID
	vouch map[crdt.Origin]uint64
	slow  bool // its pace was below the least, or it has no room for more here: others are asked beside it
}

// alike tells whether two offers are of one content.
func alike(a, b *wire.Offer) bool {
	return a.Version == b.Version && a.Size == b.Size && a.Sum == b.Sum || plant.On(plant.PartsMixed)
}

// offered takes in what a peer offers that was asked for it.
func (c *Cache) offered(from geo.ID, m *wire.Offers) {
	e := c.engine
	vouch := headsOf(m.Heads)
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.asks[m.ID]
	if a == nil || a.cache != c || a.waiting[from] == nil {
		return
	}
	for _, o := range m.Offers {
		if c.worth(a, &o) {
			c.comes(a, offered{Offer: o, from: from, vouch: vouch})
		}
	}
	e.admitStreams()
}

// worth tells whether an offer is sound, and of use to an ask. engine.mu is held.
func (c *Cache) worth(a *ask, o *wire.Offer) bool {
	now := c.engine.millis()
	least, missing := a.missing[o.Key]
	switch {
	case !missing:
		return false
	case wire.CheckOffer(o, c.ttl) != wire.Sound:
		c.dropped.Add(1)
		return false
	case o.Version.Time.Future(now):
		c.refused.Add(1)
		return false
	}
	return !o.Version.Less(least) && o.Deadline > now
}

// comes has an ask wait for what is offered to it. engine.mu is held.
func (c *Cache) comes(a *ask, o offered) {
	t := c.coming[o.Key]
	if t == nil {
		t = &transfer{cache: c, key: o.Key}
		c.coming[o.Key] = t
	}
	if !slices.ContainsFunc(t.offers, func(p offered) bool { return p.from == o.from }) {
		t.offers = append(t.offers, o)
	}
	a.join(t)
	switch {
	case t.state == transferLapsed:
		c.engine.resume(t)
	case t.hurts():
		c.engine.hasten(t)
	}
}

// join has an ask wait for a transfer. engine.mu is held.
func (a *ask) join(t *transfer) {
	if a.joined[t.key] == nil {
		a.joined[t.key] = t
		t.asks = append(t.asks, a)
	}
}

// joinComing has an ask wait for what comes already, and is of use to it. engine.mu is held.
func (a *ask) joinComing() {
	for _, key := range slices.Sorted(keys(a.missing)) {
		if t := a.cache.coming[key]; t != nil && t.state != transferLapsed && !t.what.Version.Less(a.missing[key]) {
			a.join(t)
		}
	}
}

// best is the offer to go on with. engine.mu is held.
func (t *transfer) best() (best int) {
	for i := range t.offers {
		if t.prefers(&t.offers[i], &t.offers[best]) {
			best = i
		}
	}
	return best
}

// prefers tells whether an offer is better than another: its holder is not slow, it is of what has come in part, it is of a
// higher version.
func (t *transfer) prefers(o, than *offered) bool {
	if o.slow != than.slow {
		return than.slow
	}
	if of := t.goesOn(o); of != t.goesOn(than) {
		return of
	}
	return than.Version.Less(o.Version)
}

// goesOn tells whether an offer is of what has come in part.
func (t *transfer) goesOn(o *offered) bool { return len(t.value) > 0 && alike(&o.Offer, &t.what) }

// resume has a transfer that has offers go on with the best of them when there is room. mu is held.
func (e *Engine) resume(t *transfer) {
	i := t.best()
	t.offers[0], t.offers[i] = t.offers[i], t.offers[0]
	if !t.goesOn(&t.offers[0]) {
		t.value, t.mixed = nil, false
		e.streams.release(t)
	}
	if t.mixed = len(t.value) > 0; t.mixed {
		e.counters.Resumed++
	}
	t.what = t.offers[0].Offer
	t.state, t.active = transferWaits, e.clock.Now()
	e.streams.enqueue(t)
	e.watchWait(t)
}

// hurts tells whether a transfer would rather go on with another holder. engine.mu is held.
func (t *transfer) hurts() bool {
	return (t.state == transferWaits || t.state == transferRuns) && t.offers[0].slow
}

// run asks the first holder for what has not come. mu is held.
func (e *Engine) run(t *transfer) {
	t.state, t.id, t.taken, t.active, t.poor = transferRuns, e.newID(), len(t.value), e.clock.Now(), false
	e.streams.awaited[t.id] = t
	e.take(t)
	e.watch(t.id, e.partWait())
	e.watchPace(t)
}

// take asks for as many parts as may be under way. A holder to which the way is full is found to stall. mu is held.
func (e *Engine) take(t *transfer) {
	for t.taken < int(t.what.Size) && t.taken-len(t.value) < creditWindow {
		m := &wire.Take{Cache: t.cache.name, ID: t.id, Key: t.key, Version: t.what.Version, Offset: uint64(t.taken)}
		if !e.send(t.offers[0].from, geo.LanePart, m) {
			return
		}
		t.taken += wire.PartBytes
	}
}

// part takes in a part; false if it is not the one that is due.
func (c *Cache) part(from geo.ID, m *wire.Part) bool {
	e := c.engine
	e.mu.Lock()
	t := e.streams.awaited[m.ID]
	if t == nil || t.cache != c || t.offers[0].from != from {
		e.mu.Unlock()
		return true // of a transfer that is over, or goes on with another holder
	}
	sound, due := true, []func(){}
	switch {
	case len(m.Bytes) == 0: // it has another version by now, or none
		for _, a := range t.asks {
			a.again(t.key, t.what.Version, from, false)
		}
		due = e.goOn(t)
	case !t.due(m):
		sound, due = false, e.goOn(t)
	default:
		e.add(t, m.Bytes)
	}
	if t.state == transferRuns && len(t.value) == int(t.what.Size) {
		delete(e.streams.awaited, t.id)
		t.state = transferChecked
		value, what, vouch := BlobOf(t.value), t.what, t.offers[0].vouch
		e.mu.Unlock()
		return c.check(t, value, what, vouch)
	}
	e.mu.Unlock()
	runAll(due)
	return sound
}

// due tells whether a part is the next of those asked for, and as long as it must be. engine.mu is held.
func (t *transfer) due(m *wire.Part) bool {
	here := len(t.value)
	return m.Offset == uint64(here) && here < t.taken && len(m.Bytes) == min(int(t.what.Size)-here, wire.PartBytes)
}

// add appends a part and asks for one more. Room for the value is made as it comes, not as its size is told. mu is held.
func (e *Engine) add(t *transfer, part []byte) {
	if need := len(t.value) + len(part); need > cap(t.value) {
		grown := make([]byte, len(t.value), min(int(t.what.Size), max(2*need, 4*wire.PartBytes)))
		copy(grown, t.value)
		t.value = grown
	}
	t.value = append(t.value, part...)
	t.active = e.clock.Now()
	e.streams.note(t, len(part))
	e.take(t)
}

// check has a value that is here whole enter, if it is what was offered; false if the one holder that it is of has lied. Of
// one that is of several nobody knows who has lied: the last of them is asked for all of it.
func (c *Cache) check(t *transfer, value Blob, what wire.Offer, vouch map[crdt.Origin]uint64) (sound bool) {
	e := c.engine
	if rank(value) != what.Sum && !plant.On(plant.PartsMixed) {
		c.dropped.Add(1)
		e.mu.Lock()
		lied, goOn := !t.mixed, e.goOn
		if t.value = nil; !lied {
			goOn = e.goOnWith
		}
		due := goOn(t)
		e.mu.Unlock()
		runAll(due)
		return !lied
	}
	got := c.borrow([]wire.Record{what.Record(value.Bytes())}, func(o crdt.Origin) uint64 { return vouchedFor(vouch, o) })
	e.mu.Lock()
	e.counters.Transfers++
	due := e.handOut(t, got)
	e.mu.Unlock()
	runAll(due)
	return true
}

// handOut gives who waits the value, or has them ask on if it was refused at the door. mu is held; the caller runs the
// continuations without it.
func (e *Engine) handOut(t *transfer, got map[string]Blob) (due []func()) {
	asks, holder := t.asks, t.offers[0].from
	e.dropTransfer(t)
	for _, a := range asks {
		delete(a.joined, t.key)
		if a.gets(got); len(got) == 0 {
			a.again(t.key, t.what.Version, holder, true)
		}
		if len(a.waiting) == 0 || len(a.missing) == 0 {
			due = append(due, e.askNext(a))
		}
	}
	return due
}

// goOn leaves the holder that sends for the next; if there is none, those who wait ask another peer. mu is held; the caller
// runs the continuations without it.
func (e *Engine) goOn(t *transfer) (due []func()) {
	delete(e.streams.awaited, t.id)
	t.offers = t.offers[1:]
	return e.goOnWith(t)
}

// goOnWith goes on with the offers that are left. mu is held; the caller runs the continuations without it.
func (e *Engine) goOnWith(t *transfer) (due []func()) {
	if len(t.asks) == 0 {
		return nil // they have given up meanwhile
	}
	if len(t.offers) > 0 {
		e.resume(t)
		e.admitStreams()
		return nil
	}
	t.state = transferLapsed
	for _, a := range slices.Clone(t.asks) {
		due = append(due, e.askNext(a))
	}
	return due
}

// withoutHolder takes out what a peer offered that is gone. mu is held; the caller runs the continuations without it.
func (e *Engine) withoutHolder(t *transfer, id geo.ID) (due []func()) {
	i := slices.IndexFunc(t.offers, func(o offered) bool { return o.from == id })
	switch {
	case i < 0 || t.state == transferChecked:
		return nil
	case i == 0 && t.state == transferRuns:
		return e.goOn(t)
	}
	t.offers = slices.Delete(t.offers, i, i+1)
	if t.state == transferWaits && i == 0 {
		e.streams.dequeue(t)
		return e.goOnWith(t)
	}
	return nil
}

// leave takes an ask that is over out of those who wait. mu is held.
func (e *Engine) leave(a *ask) {
	for _, key := range slices.Sorted(keys(a.joined)) {
		t := a.joined[key]
		t.asks = slices.DeleteFunc(t.asks, func(o *ask) bool { return o == a })
		if len(t.asks) == 0 {
			e.dropTransfer(t)
		}
	}
	clear(a.joined)
}

// dropTransfer ends a transfer for which nobody waits any more. mu is held.
func (e *Engine) dropTransfer(t *transfer) {
	if t.cache.coming[t.key] == t {
		delete(t.cache.coming, t.key)
	}
	delete(e.streams.awaited, t.id)
	e.streams.dequeue(t)
	t.asks, t.offers = nil, t.offers[:min(len(t.offers), 1)]
	e.streams.release(t)
	if len(e.streams.queue) > 0 {
		e.clock.After(0, e.beginNext)
	}
}
