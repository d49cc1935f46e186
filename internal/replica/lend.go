package replica

import (
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// lendAgain is when it is tried again to lend after the way to the asker was full.
const lendAgain = 5 * time.Millisecond

// loan is an answer to a Fetch that is on its way.
type loan struct {
	to    geo.ID
	id    uint64
	wants []wire.Want
	heads []wire.Head
	until int64 // when the asker has given up, Unix nanoseconds
}

// lend answers a Fetch with what is known of the keys. How far this replica has seen is read before the records are.
func (c *Cache) lend(to geo.ID, m *wire.Fetch) {
	e := c.engine
	l := &loan{to: to, id: m.ID, wants: m.Wants, until: e.clock.Now() + int64(e.timeout)}
	if len(m.Origins) > 0 {
		e.mu.Lock()
		seen := c.digest()
		e.mu.Unlock()
		for _, o := range m.Origins {
			l.heads = append(l.heads, wire.Head{Origin: o, N: seen.Head(o)})
		}
	}
	c.lendOn(l)
}

// lendOn sends a frame after the other, and tries again a little later when the way is full.
func (c *Cache) lendOn(l *loan) {
	e := c.engine
	for {
		m, offers, taken := c.lot(l)
		if len(offers.Offers) > 0 && !e.send(l.to, geo.LaneFetch, offers) || !e.send(l.to, geo.LaneFetch, m) {
			if e.clock.Now() < l.until {
				e.clock.After(lendAgain, func() { c.lendOn(l) })
			}
			return
		}
		if l.wants = l.wants[taken:]; m.Last {
			return
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
