package replica

import (
	"errors"
	"slices"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// ErrNoAnswer: a peer did not answer in time, or its connection went.
var ErrNoAnswer = errors.New("replica: no answer")

// Holding is what one node knows of a key.
type Holding struct {
	Node     geo.ID
	Region   string
	Register crdt.Register // Kind None if it knows nothing
	Writer   geo.ID        // empty if it is not known
	Err      error
}

// inquiry is an Explain that is under way. Guarded by engine.mu.
type inquiry struct {
	id       uint64
	cache    *Cache
	holdings []Holding
	open     map[geo.ID]int // where its holding is, of those that have not answered
	stop     func() bool
	done     func([]Holding)
}

// Explain asks this and every connected node what it knows of a key. done is called exactly once, on any goroutine.
func (c *Cache) Explain(key string, done func([]Holding)) (cancel func()) {
	e := c.engine
	e.mu.Lock()
	r := c.store.Known(key)
	q := &inquiry{id: e.newID(), cache: c, open: map[geo.ID]int{}, done: done}
	q.holdings = append(q.holdings, Holding{Node: e.self, Region: e.region, Register: r, Writer: c.authors[r.Version.Origin]})
	for _, p := range e.peers {
		if _, holds := p.states[c.name]; !p.Connected || !holds {
			continue
		}
		h := Holding{Node: p.ID, Region: p.Region, Err: ErrNoAnswer}
		if e.send(p.ID, geo.LaneExplain, &wire.Explain{Cache: c.name, ID: q.id, Key: key}) {
			q.open[p.ID] = len(q.holdings)
		}
		q.holdings = append(q.holdings, h)
	}
	e.explains[q.id] = q
	q.stop = e.clock.After(e.timeout, func() { e.closeInquiry(q) })
	finish := q.settle()
	e.mu.Unlock()
	finish()
	return func() { e.closeInquiry(q) }
}

func (e *Engine) closeInquiry(q *inquiry) {
	e.mu.Lock()
	finish := nothing
	if e.explains[q.id] == q {
		finish = e.endInquiry(q)
	}
	e.mu.Unlock()
	finish()
}

// endInquiry takes an inquiry out; the caller runs the continuation without the lock. mu is held.
func (e *Engine) endInquiry(q *inquiry) func() {
	delete(e.explains, q.id)
	q.stop()
	return func() { q.done(slices.Clone(q.holdings)) }
}

// settle ends an inquiry that everybody has answered. engine.mu is held.
func (q *inquiry) settle() func() {
	if len(q.open) > 0 || q.cache.engine.explains[q.id] != q {
		return nothing
	}
	return q.cache.engine.endInquiry(q)
}

// without goes on without a peer that is gone. engine.mu is held.
func (q *inquiry) without(id geo.ID) func() {
	delete(q.open, id)
	return q.settle()
}

// explain answers what is known of a key here.
func (c *Cache) explain(to geo.ID, m *wire.Explain) {
	r := c.store.Known(m.Key)
	c.engine.send(to, geo.LaneExplain, &wire.Explained{Cache: c.name, ID: m.ID, Register: r, Writer: string(c.Writer(r.Version.Origin))})
}

// explained takes in an answer.
func (c *Cache) explained(from geo.ID, m *wire.Explained) {
	e := c.engine
	e.mu.Lock()
	finish := nothing
	if q := e.explains[m.ID]; q != nil {
		if i, ok := q.open[from]; ok {
			delete(q.open, from)
			h := &q.holdings[i]
			h.Register, h.Writer, h.Err = m.Register, geo.ID(m.Writer), nil
		}
		finish = q.settle()
	}
	e.mu.Unlock()
	finish()
}
