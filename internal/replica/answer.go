package replica

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

const (
	maxAnswers = 4      // of a cache at once; more askers are told to come back
	retryAfter = 1000   // milliseconds, told to those
	walkStep   = 16_384 // slots looked at before others get their turn
)

// answer is a sync seen from the side that is asked: it walks its store once and sends every record whose dot the
// asker had not seen, values, ghosts and tombstones, also what is about to expire and, unless it was asked for what is
// settled alone, what may still be in flight.
type answer struct {
	peer    geo.ID
	session uint64
	pages   []crdt.Known
	lacks   *crdt.Seen  // what the asker had seen; immutable once the answer runs; nil before
	tainted atomic.Bool // something that the asker lacks was forgotten since the answer began
	lossy   bool        // … or before it began
	settled bool        // what may be in flight is not asked for

	// Guarded by answers.mu.
	active  int64 // when the asker last spoke, Unix nanoseconds
	burst   burst
	walking bool // a step is scheduled or running
	dropped bool

	// Of the step that runs.
	list   bool      // the list of a lossy answer comes first
	floor  crdt.Time // of that list
	order  []uint64  // of a bootstrap: what to send, hottest first; nil = walk
	total  uint64    // of order, what the asker lacks, at most
	cursor uint64    // of the walk, or an index into order
	walked bool
	sent   uint64
	ripe   *crdt.Seen // what is settled, which comes first; nil = there is no difference
	owed   uint64     // how many dots of that the asker lacks
	rest   bool       // now what is not
}

// answers is those under way. Its mutex is a leaf: the store tells it of what is forgotten, under a shard's lock.
type answers struct {
	mu   sync.Mutex
	list []*answer
}

// forgot taints the answers to those who lack a dot that is forgotten now.
func (as *answers) forgot(d crdt.Dot) {
	if plant.On(plant.ForgotMeanwhile) {
		return
	}
	as.mu.Lock()
	defer as.mu.Unlock()
	for _, a := range as.list {
		if a.lacks != nil && !a.lacks.Has(d) {
			a.tainted.Store(true)
		}
	}
}

// find is the answer to a session, made if it is new and there is room; nil if there is none.
func (as *answers) find(from geo.ID, session uint64, now int64) *answer {
	as.mu.Lock()
	defer as.mu.Unlock()
	for _, a := range as.list {
		if a.peer == from && a.session == session {
			a.active = now
			return a
		}
	}
	as.list = slices.DeleteFunc(as.list, func(a *answer) bool { // who asks anew has given up the session before
		a.dropped = a.dropped || a.peer == from
		return a.peer == from
	})
	if len(as.list) >= maxAnswers {
		return nil
	}
	a := &answer{peer: from, session: session, active: now, burst: newBurst(creditWindow)}
	as.list = append(as.list, a)
	return a
}

// drop ends the answers to a peer; to all if id is empty.
func (as *answers) drop(id geo.ID) {
	as.remove(func(a *answer) bool { return id == "" || a.peer == id })
}

// expire ends the answers whose asker has been silent since before.
func (as *answers) expire(before int64) {
	as.remove(func(a *answer) bool { return a.active < before })
}

func (as *answers) end(ended *answer) {
	as.remove(func(a *answer) bool { return a == ended })
}

func (as *answers) remove(gone func(*answer) bool) {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.list = slices.DeleteFunc(as.list, func(a *answer) bool {
		if !gone(a) {
			return false
		}
		a.dropped = true
		return true
	})
}

// asked takes in a page of a Pull, and begins the answer with the last one.
func (c *Cache) asked(from geo.ID, m *wire.Pull) bool {
	a := c.active.find(from, m.Session, c.engine.clock.Now())
	if a == nil {
		c.engine.send(from, geo.LaneSync, &wire.Busy{Cache: c.name, Session: m.Session, RetryAfter: retryAfter})
		return true
	}
	a.pages = wire.AppendPage(a.pages, m.Digest)
	if a.lacks != nil || oversized(a.pages) {
		c.active.end(a)
		return false
	}
	if !m.Last {
		return true
	}
	lacks, err := crdt.FromKnown(a.pages)
	if err != nil {
		c.active.end(a)
		return false
	}
	a.pages, a.settled = nil, m.Settled
	c.answer(a, lacks)
	return true
}

// answer begins. The order matters: from the first line on whatever is forgotten taints it, then what was seen is taken,
// then what had been forgotten before; records are read after that only.
func (c *Cache) answer(a *answer, lacks *crdt.Seen) {
	c.store.DotAll()
	c.active.mu.Lock()
	a.lacks, a.walking = lacks, true
	c.active.mu.Unlock()
	e := c.engine
	e.mu.Lock()
	seen := c.digest()
	e.mu.Unlock()
	floor, forgotten := c.store.Floor(), c.store.Forgotten()
	a.lossy = !plant.On(plant.NoLossy) && lacks.LacksUpTo(seen, numbers(forgotten, c.eldest(e.millis())))
	due := seen
	if a.settled && !a.lossy && !plant.On(plant.ContentUnion) {
		a.ripe = c.ripe(seen, lacks)
		a.owed, due = lacks.Missing(a.ripe), a.ripe
	}
	if c.lacksMost(lacks, due) {
		c.active.bootstrap(a, c.store.Order())
		a.total, a.ripe = min(uint64(len(a.order)), lacks.Missing(seen)), nil
	}
	c.pullBack(a, seen)
	if a.ripe != nil && a.owed == 0 {
		c.sendNothing(a)
		return
	}
	if !c.sendDigest(a, seen, floor, forgotten) {
		c.active.end(a)
		return
	}
	a.list, a.floor = a.lossy, floor
	e.clock.After(0, func() { c.step(a) })
}

// sendDigest begins the answer: what was seen and what was forgotten, on as many pages as the longer of both takes.
func (c *Cache) sendDigest(a *answer, seen *crdt.Seen, floor crdt.Time, forgotten map[crdt.Origin]store.Forgotten) bool {
	pages := wire.DigestPages(seen.Known(), wire.DigestBytes)
	lots := slices.Collect(slices.Chunk(toForgotten(forgotten), wire.MaxFrameRecords))
	n := max(len(pages), len(lots))
	for i := range n {
		m := &wire.Answer{Cache: c.name, Session: a.session, Floor: floor, Total: a.total, Lossy: a.lossy, Last: i == n-1}
		if i < len(pages) {
			m.Digest = pages[i]
		}
		if i < len(lots) {
			m.Forgotten = lots[i]
		}
		if !c.engine.send(a.peer, geo.LaneSync, m) {
			return false
		}
	}
	return true
}

// numbers is the forgotten number of each origin that still matters.
func numbers(forgotten map[crdt.Origin]store.Forgotten, eldest crdt.Time) map[crdt.Origin]uint64 {
	ns := make(map[crdt.Origin]uint64, len(forgotten))
	for o, f := range forgotten {
		if f.Time >= eldest {
			ns[o] = f.N
		}
	}
	return ns
}

// step sends what the credit allows, then makes room for others.
func (c *Cache) step(a *answer) {
	for range 4 {
		rest, ok := c.active.mayWalk(a, c.engine.clock.Now())
		if !ok {
			return
		}
		if rest > 0 {
			c.engine.clock.After(rest, func() { c.step(a) })
			return
		}
		send := c.sendRecords
		if a.list {
			send = c.sendList
		}
		if !send(a) {
			c.active.end(a)
			return
		}
		if a.walked && !c.goesOn(a) {
			c.close(a)
			return
		}
	}
	c.engine.clock.After(0, func() { c.step(a) })
}

// sendRecords sends one frame of records, if there are any.
func (c *Cache) sendRecords(a *answer) bool {
	records, size := c.collect(a)
	c.active.spend(a, size, c.engine.clock.Now())
	a.sent += uint64(len(records))
	return len(records) == 0 ||
		c.engine.send(a.peer, geo.LaneSync, &wire.Records{Cache: c.name, Session: a.session, Records: records})
}

// mayWalk tells whether the answer may go on, and after what rest; if it must wait for credit, that wakes it.
func (as *answers) mayWalk(a *answer, now int64) (rest time.Duration, ok bool) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if a.walking = !a.dropped && a.burst.ready(); a.walking && a.burst.full() {
		rest = a.burst.renew(now)
	}
	return rest, a.walking
}

func (as *answers) spend(a *answer, size int, now int64) {
	as.mu.Lock()
	defer as.mu.Unlock()
	a.burst.spend(size, now)
}

// credit lets the answerer go on.
func (c *Cache) credit(from geo.ID, m *wire.Credit) {
	if a := c.active.grant(from, m, c.engine.clock.Now()); a != nil {
		c.engine.clock.After(0, func() { c.step(a) })
	}
}

// grant adds to the credit of an answer, and returns it if it must be woken.
func (as *answers) grant(from geo.ID, m *wire.Credit, now int64) *answer {
	as.mu.Lock()
	defer as.mu.Unlock()
	for _, a := range as.list {
		if a.peer != from || a.session != m.Session || a.lacks == nil || m.Bytes == 0 {
			continue
		}
		a.active = now
		a.burst.grant(m.Bytes)
		if a.walking || !a.burst.ready() {
			return nil
		}
		a.walking = true
		return a
	}
	return nil
}

// oversized tells whether a digest is larger than any sound peer's, so that a hostile one costs no more than that.
func oversized(digest []crdt.Known) bool {
	ranges := 0
	for _, k := range digest {
		ranges += len(k.Ranges)
	}
	return len(digest) > crdt.MaxOrigins || ranges > crdt.MaxRanges
}

// lacksMost tells whether somebody lacks at least half as many records as are held here, as far as the numbers tell.
func (c *Cache) lacksMost(theirs, ours *crdt.Seen) bool {
	missing := uint64(0)
	for _, k := range ours.Known() {
		if head := theirs.Head(k.Origin); k.Head > head {
			missing += k.Head - head
		}
	}
	held := c.held()
	return held > 0 && missing >= (held+1)/2
}

// held is how many records are here.
func (c *Cache) held() uint64 {
	n := c.store.Counts()
	return uint64(n.Entries + n.Ghosts + n.Tombstones)
}

// bootstrap makes an answer send what is in order, with more under way than in a repair.
func (as *answers) bootstrap(a *answer, order []uint64) {
	as.mu.Lock()
	defer as.mu.Unlock()
	a.order, a.burst = order, newBurst(bootstrapWindow)
}

// next hands over records from where the answer is, until take refuses one or so many are behind.
func (c *Cache) next(a *answer, take func(store.Record[Blob]) bool) {
	if a.order == nil {
		a.cursor = c.store.WalkBut(a.cursor, walkStep, a.skips(), take)
		a.walked = a.cursor == 0
		return
	}
	for range walkStep {
		if a.walked = a.cursor == uint64(len(a.order)); a.walked {
			return
		}
		if rec, ok := c.store.At(a.order[a.cursor]); ok && !take(rec) {
			return
		}
		a.cursor++
	}
}

// hasSeen is seen.Has for dots that mostly follow others of their origin; nil for whom nothing may be left out.
func hasSeen(seen *crdt.Seen) func(crdt.Dot) bool {
	if plant.On(plant.ContentUnion) {
		return nil
	}
	var of crdt.Origin
	known := seen.Of(of)
	return func(d crdt.Dot) bool {
		if d.Origin != of {
			of, known = d.Origin, seen.Of(d.Origin)
		}
		return known.Has(d.Seq)
	}
}

// collect goes on until a frame is full or so many slots are behind.
func (c *Cache) collect(a *answer) (records []wire.Record, size int) {
	c.next(a, func(rec store.Record[Blob]) bool {
		if c.leftOut(rec, a) {
			return true
		}
		r := toWire(rec)
		more := wire.RecordSize(len(r.Key), len(r.Value))
		if len(records) > 0 && (size+more > frameRoom || len(records) == wire.MaxFrameRecords) {
			return false
		}
		records, size = append(records, r), size+more
		return true
	})
	return records, size
}

// frameRoom is the bytes for records in a frame: the rest is the frame's.
const frameRoom = wire.MaxFrameBytes - 16<<10

// close sends the end mark, with the Clear in it if the asker lacks it.
func (c *Cache) close(a *answer) {
	end := &wire.End{Cache: c.name, Session: a.session, Time: c.engine.millis(), Count: a.sent}
	if r := c.store.Cleared(); r.Kind == crdt.Clear && !a.lacks.Has(r.Dot()) {
		end.Records = append(end.Records, wire.Record{Register: r})
		end.Count++
	}
	end.Settled = a.ripe != nil && !a.rest && !plant.On(plant.SettledWhole)
	end.Whole = !end.Settled && !a.tainted.Load()
	c.active.end(a)
	c.engine.send(a.peer, geo.LaneSync, end)
}
