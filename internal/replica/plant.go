package replica

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/store"
)

// What follows is planted for the simulator to find. In a build without the tag it comes to nothing.

// deceived takes a time from the future at its word.
func (c *Cache) deceived(t crdt.Time) bool {
	if plant.On(plant.FutureTaken) || plant.On(plant.FutureClock) {
		c.clock.Raise(t)
	}
	return plant.On(plant.FutureTaken)
}

// buried deletes everywhere what has expired here.
func (c *Cache) buried(then func(string, Blob, store.Cause)) func(string, Blob, store.Cause) {
	if !plant.On(plant.ExpiryDelete) {
		return then
	}
	return func(key string, b Blob, cause store.Cause) {
		if cause == store.CauseExpired {
			c.store.Delete(key)
		}
		if then != nil {
			then(key, b, cause)
		}
	}
}

// door is the way of a record into the store.
func (c *Cache) door(r store.Record[Blob], now int64, by store.Heads, via store.Via) {
	if plant.On(plant.MarkedUnapplied) && via == store.ViaGossip {
		return
	}
	c.store.Merge(r, now, by, via)
}

// askFirst tells a peer of a write before it is done.
func (c *Cache) askFirst() {
	if !plant.On(plant.WriteAsks) {
		return
	}
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	for _, p := range c.engine.peers {
		c.engine.probeOne(p, c.engine.clock.Now())
	}
}

// young is how old a record must be, in milliseconds, or how long it must have to live, to be worth sending.
const young = 2000

// leftOut tells whether an answer does not hold a record: because the asker has seen it, or has not asked for what may
// be in flight, and for no other reason.
func (c *Cache) leftOut(rec store.Record[Blob], a *answer) bool {
	switch {
	case plant.On(plant.ContentUnion):
		return rec.Kind != crdt.Value
	case plant.On(plant.SkipYoung) && rec.Version.Time.Milli() > c.engine.millis()-young:
		return true
	case plant.On(plant.SkipExpiring) && rec.Kind == crdt.Value && rec.Deadline < c.engine.millis()+young:
		return true
	}
	return a.lacks.Has(rec.Dot()) || a.ripe != nil && !a.fits(a.ripe.Has(rec.Dot()))
}

// markEarly marks what an answer is going to bring.
func (c *Cache) markEarly(s *pull) {
	if plant.On(plant.SeenFirst) {
		c.engine.mu.Lock()
		defer c.engine.mu.Unlock()
		c.seen.Union(s.answer)
	}
}

// markCut marks what an answer would have brought. engine.mu is held.
func (c *Cache) markCut(s *pull) {
	if plant.On(plant.SeenAfterCut) && s.answer != nil {
		c.seen.Union(s.answer)
	}
}

// claimAll marks what the sender of a journal's records had seen.
func (c *Cache) claimAll(by *crdt.Seen) {
	if plant.On(plant.JournalWhole) {
		c.engine.mu.Lock()
		defer c.engine.mu.Unlock()
		c.seen.Union(by)
	}
}

// vouchedFor is how far a lender has seen an origin, if it was asked.
func vouchedFor(heads map[crdt.Origin]uint64, o crdt.Origin) uint64 {
	n, asked := heads[o]
	if !asked && plant.On(plant.VouchAtAsk) {
		return crdt.MaxSeq
	}
	return n
}
