package replica

import (
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

const (
	// lendAgain is when it is tried again to lend after the way to the asker was full.
	lendAgain = 5 * time.Millisecond
	// maxOwed is the bytes of questions of one peer that wait for that: of more it hears nothing, and asks somebody else.
	maxOwed = 1 << 20
)

// loan is an answer to a Fetch that is on its way.
type loan struct {
	cache *Cache
	to    geo.ID
	id    uint64
	asked []wire.Want
	wants []wire.Want // of those, what is still to be answered
	heads []wire.Head
	until int64 // when the asker has given up, Unix nanoseconds
}

// lend answers a Fetch with what is known of the keys. How far this replica has seen is read before the records are.
func (c *Cache) lend(to geo.ID, m *wire.Fetch) {
	e := c.engine
	l := &loan{cache: c, to: to, id: m.ID, asked: m.Wants, wants: m.Wants, until: e.clock.Now() + int64(e.timeout)}
	if len(m.Origins) > 0 {
		e.mu.Lock()
		seen := c.digest()
		e.mu.Unlock()
		for _, o := range m.Origins {
			l.heads = append(l.heads, wire.Head{Origin: o, N: seen.Head(o)})
		}
	}
	if !e.owes(to) && c.lendOn(l) {
		return
	}
	e.owe(l)
}

// owes tells whether loans to a peer wait already: none overtakes them.
func (e *Engine) owes(to geo.ID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.member(to)
	return p != nil && len(p.loans) > 0
}

// owe has a loan wait. Only the first of a peer's is tried again, or who asks much and reads nothing would keep this node
// busy with trying.
func (e *Engine) owe(l *loan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.member(l.to)
	if p == nil || !p.Connected || p.owed+l.room() > maxOwed {
		return
	}
	p.loans, p.owed = append(p.loans, l), p.owed+l.room()
	if !p.repaying {
		p.repaying = true
		e.clock.After(lendAgain, func() { e.repay(l.to) })
	}
}

// room is what a loan that waits takes here, about.
func (l *loan) room() int {
	n := 0
	for _, w := range l.asked {
		n += wire.RecordSize(len(w.Key), 0)
	}
	return n
}

// repay goes on with the loans that wait for a peer.
func (e *Engine) repay(to geo.ID) {
	for {
		l := e.debt(to)
		if l == nil {
			return
		}
		if e.clock.Now() < l.until && !l.cache.isClosed() && !l.cache.lendOn(l) {
			e.clock.After(lendAgain, func() { e.repay(to) })
			return
		}
		e.repaid(l)
	}
}

// debt is the loan that has waited longest for a peer; nil if none does.
func (e *Engine) debt(to geo.ID) *loan {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.member(to)
	switch {
	case p == nil:
		return nil
	case p.Connected && len(p.loans) > 0:
		return p.loans[0]
	}
	p.loans, p.owed, p.repaying = nil, 0, false
	return nil
}

// repaid takes the first loan of a peer out, unless its connection is another one by now.
func (e *Engine) repaid(l *loan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.member(l.to); p != nil && len(p.loans) > 0 && p.loans[0] == l {
		p.loans, p.owed = p.loans[1:], p.owed-l.room()
	}
}

// lendOn sends a frame after the other; false if the way is full.
func (c *Cache) lendOn(l *loan) bool {
	e := c.engine
	for {
		m, offers, taken := c.lot(l)
		if len(offers.Offers) > 0 && !e.send(l.to, geo.LaneFetch, offers) || !e.send(l.to, geo.LaneFetch, m) {
			return false
		}
		if l.wants = l.wants[taken:]; m.Last {
			return true
		}
	}
}

// lot is the next frame of a loan, the offers that go before it, and how many of the keys both answer.
func (c *Cache) lot(l *loan) (m *wire.Fetched, offers *wire.Offers, taken int) {
	m = &wire.Fetched{Cache: c.name, ID: l.id, Heads: l.heads}
	offers = &wire.Offers{Cache: c.name, ID: l.id, Heads: l.heads}
	for size := 0; taken < len(l.wants); taken++ {
		want := l.wants[taken]
		rec, ok := c.store.Look(want.Key)
		if !ok || rec.Version.Less(want.Least) {
			continue
		}
		r := toWire(rec)
		o, large := offerOf(rec)
		if large {
			r.Value = nil
		}
		if size += wire.RecordSize(len(r.Key), len(r.Value)); taken > 0 && size > frameRoom {
			return m, offers, taken
		}
		if large {
			offers.Offers = append(offers.Offers, o)
		} else {
			m.Records = append(m.Records, r)
		}
	}
	m.Last = true
	return m, offers, taken
}

// headsOf is how far a lender has seen each origin that it was asked for.
func headsOf(heads []wire.Head) map[crdt.Origin]uint64 {
	all := make(map[crdt.Origin]uint64, len(heads))
	for _, h := range heads {
		all[h.Origin] = h.N
	}
	return all
}

// offerOf is a large value without its bytes, for one who asked for its key; false if it is lent whole.
func offerOf(rec store.Record[Blob]) (o wire.Offer, ok bool) {
	if rec.Kind != crdt.Value || rec.Value.Len() <= wire.PartBytes {
		return o, false
	}
	return wire.Offer{
		Key: rec.Key, Version: rec.Version, Seq: rec.Seq, Deadline: rec.Deadline,
		Size: uint64(rec.Value.Len()), Sum: rank(rec.Value),
	}, true
}

// lendPart answers a Take out of the store: nothing is kept of a transfer here, so it costs no memory and cannot be left
// behind. A part that does not fit into the way's queue is dropped; the asker notices.
func (c *Cache) lendPart(to geo.ID, m *wire.Take) {
	p := &wire.Part{Cache: c.name, ID: m.ID, Offset: m.Offset}
	if rec, ok := c.store.Look(m.Key); ok && rec.Kind == crdt.Value && rec.Version == m.Version {
		p.Bytes = piece(rec.Value.Bytes(), m.Offset)
	}
	c.engine.send(to, geo.LanePart, p)
}

// piece is the part of a value from an offset on; none if that is beyond its end.
func piece(value []byte, offset uint64) []byte {
	if offset >= uint64(len(value)) {
		return nil
	}
	rest := value[offset:]
	return rest[:min(len(rest), wire.PartBytes)]
}
