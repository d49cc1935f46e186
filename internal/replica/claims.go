package replica

import (
	"slices"

	"github.com/geolru/geolru/geo"
)

// claims is who loads what, as far as this node has heard, and who waits here. Guarded by engine.mu.
type claims struct {
	heard map[string]map[geo.ID]claim
	count int // of claims heard
	bids  map[string][]*bid
	early map[string]*bid // claimed while peers are asked; a Bid takes them over
}

// claim is what a peer said.
type claim struct {
	id    uint64
	heard int64 // Unix nanoseconds
	until int64 // when it is no longer believed
}

// remove takes a bid out.
func (cs *claims) remove(b *bid) {
	rest := slices.DeleteFunc(cs.bids[b.key], func(o *bid) bool { return o == b })
	if cs.bids[b.key] = rest; len(rest) == 0 {
		delete(cs.bids, b.key)
	}
}

// until is when the last claim is no longer believed that a bid heeds; 0 if there is none. Who has claimed early goes on,
// unless the other one had claimed before that or is ahead.
func (cs *claims) until(b *bid, self geo.ID, now int64) (until int64) {
	for from, h := range cs.heard[b.key] {
		if h.until > now && (b.since == 0 || h.heard < b.since || precedence(b.key, from) > precedence(b.key, self)) {
			until = max(until, h.until)
		}
	}
	return until
}

// add notes a claim; false: there are too many.
func (cs *claims) add(key string, from geo.ID, h claim) bool {
	of := cs.heard[key]
	if _, again := of[from]; !again {
		if cs.count == maxHeard {
			return false
		}
		cs.count++
	}
	if of == nil {
		of = map[geo.ID]claim{}
		if cs.heard == nil {
			cs.heard = map[string]map[geo.ID]claim{}
		}
		cs.heard[key] = of
	}
	of[from] = h
	return true
}

// take forgets a claim.
func (cs *claims) take(key string, from geo.ID) {
	of := cs.heard[key]
	if _, ok := of[from]; !ok {
		return
	}
	cs.count--
	if delete(of, from); len(of) == 0 {
		delete(cs.heard, key)
	}
}

// expire forgets the claims that are no longer believed. Bids that wait for one have a timer of their own.
func (cs *claims) expire(now int64) {
	for key, of := range cs.heard {
		for from, h := range of {
			if h.until <= now {
				cs.take(key, from)
			}
		}
	}
}

// end gives all bids up: the cache is closed. Who waits is told to load, and finds that out.
func (cs *claims) end() (due []func()) {
	for _, key := range slices.Sorted(keys(cs.bids)) {
		for _, b := range cs.bids[key] {
			if b.state == bidWaits && b.stop != nil {
				b.stop()
			}
			if b.state == bidWaits {
				due = append(due, func() { b.done(true) })
			}
			b.state, b.told = bidOver, nil // the peers notice, or wait for Mesh.Timeout
		}
	}
	*cs = claims{}
	return due
}
