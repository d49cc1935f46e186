package replica

import (
	"slices"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// Rule 8. An answer is lossy if the answerer has forgotten a dot that the asker lacks: no record that it sends can tell
// the asker what was overwritten or deleted under that dot. So before the records it sends the list of the keys that it
// holds at or below its floor; the asker forgets every record of its own at or below that floor that is not in the
// list, and takes over floor and forgotten numbers. The result is misses, never stale data.

// maxDetours is how many other peers are tried before a lossy answer is taken.
const maxDetours = 2

// lossy is what a pull notes of it.
type lossy struct {
	listing   bool // the list is not whole yet: nothing is dropped, no record is believed
	floor     crdt.Time
	forgotten []wire.Forgotten
	keys      map[string]struct{}
}

// sendList sends one page of the list.
func (c *Cache) sendList(a *answer) bool {
	var keys []string
	size := 0
	a.cursor = c.store.Walk(a.cursor, walkStep, func(rec store.Record[Blob]) bool {
		if rec.Version.Time > a.floor {
			return true
		}
		more := wire.RecordSize(len(rec.Key), 0)
		if len(keys) > 0 && (size+more > frameRoom || len(keys) == wire.MaxFrameRecords) {
			return false
		}
		keys, size = append(keys, rec.Key), size+more
		return true
	})
	a.list = a.cursor != 0
	c.active.spend(a, size, c.engine.clock.Now())
	return c.engine.send(a.peer, geo.LaneSync, &wire.List{Cache: c.name, Session: a.session, Keys: keys, Last: !a.list})
}

// beginLossy looks at whether the answer is lossy, and waits for the list if so. A floor from the future is refused
// (rule 9).
func (c *Cache) beginLossy(s *pull, m *wire.Answer) bool {
	if !m.Lossy {
		return true
	}
	if m.Floor.Future(c.engine.millis()) {
		c.refused.Add(1)
		c.finish(s)
		return true
	}
	if c.elsewhere(s) {
		return true
	}
	c.engine.count(func(n *Counters) { n.Lossy++ })
	s.lossy.listing, s.lossy.floor, s.lossy.keys = true, m.Floor, map[string]struct{}{}
	return true
}

// elsewhere gives a lossy pull up and asks another peer, whose floor may be lower: so often, and then no more.
func (c *Cache) elsewhere(s *pull) bool {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := slices.DeleteFunc(e.rank.Nearest(-1, e.clock.Now()), func(id geo.ID) bool { return id == s.peer })
	if c.detours >= maxDetours || len(ids) == 0 {
		c.detours = 0
		return false
	}
	c.detours++
	delete(c.pulls, s.id)
	if p := e.member(ids[e.rnd.IntN(len(ids))]); c.syncs(p) && !c.pulling(p.ID) {
		c.begin(p, false)
	}
	c.nextTurn()
	return true
}

// listed takes in a page of the list. Only when it is whole anything is dropped.
func (c *Cache) listed(from geo.ID, m *wire.List) bool {
	s := c.session(from, m.Session)
	if s == nil {
		return true
	}
	if !s.lossy.listing {
		c.finish(s)
		return false
	}
	size := 0
	for _, k := range m.Keys {
		size += wire.RecordSize(len(k), 0)
		if c.store.Known(k).Kind != crdt.None { // of what is not here the list says nothing; so it is never larger than we are
			s.lossy.keys[k] = struct{}{}
		}
	}
	c.grantCredit(s, size)
	c.engine.mu.Lock()
	s.listed += size
	c.engine.mu.Unlock()
	if !m.Last {
		return true
	}
	if !plant.On(plant.FloorNotClock) {
		c.clock.Raise(s.lossy.floor)
	}
	forgotten := make(map[crdt.Origin]store.Forgotten, len(s.lossy.forgotten))
	for _, f := range s.lossy.forgotten {
		forgotten[f.Origin] = store.Forgotten{N: f.N, Time: f.Time}
	}
	dropped := c.store.Adopt(s.lossy.floor, forgotten, func(key string) bool {
		_, ok := s.lossy.keys[key]
		return ok
	})
	c.engine.count(func(n *Counters) { n.Dropped += uint64(dropped) })
	s.lossy.keys, s.lossy.listing = nil, false
	return true
}

func toForgotten(forgotten map[crdt.Origin]store.Forgotten) []wire.Forgotten {
	all := make([]wire.Forgotten, 0, len(forgotten))
	for _, o := range slices.Sorted(keys(forgotten)) {
		all = append(all, wire.Forgotten{Origin: o, N: forgotten[o].N, Time: forgotten[o].Time})
	}
	return all
}
