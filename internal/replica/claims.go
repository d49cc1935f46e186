package replica

import (
	"maps"
	"slices"
	"time"

	"github.com/geolru/geolru/geo"
)

// lapsedFor is how long the claims of a peer are not heeded after one of them ran out: its loader hangs, or takes longer than
// others wait, and each key would cost them that wait.
const lapsedFor = 30 * time.Second

// claims is who loads what, as far as this node has heard, and who waits here. Guarded by engine.mu.
type claims struct {
	lapsed map[geo.ID]int64 // when a claim of each peer last ran out, Unix nanoseconds; those longer ago may be missing
	heard  map[string]map[geo.ID]claim
	count  int // of claims heard
	bids   map[string][]*bid
	early  map[string]*bid // claimed while peers are asked; a Bid takes them over
}

// claim is what a peer said.
type claim struct {
	id    uint64
	heard int64 // Unix nanoseconds
	until int64 // when it is no longer believed
	lapse int64 // when nothing is expected to be heard of it any more
	ended bool  // what came of it has been heard, and is fetched
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

// add notes a claim; false: there are too many, or another one of the peer has lapsed. One that is said again is believed no
// longer than it was.
func (cs *claims) add(key string, from geo.ID, h claim) bool {
	if at, ok := cs.lapsed[from]; ok && h.heard-at < int64(lapsedFor) {
		return false
	}
	of := cs.heard[key]
	switch before, again := of[from]; {
	case again && before.ended:
	case again && before.lapse <= h.heard:
		cs.lapses(from, h.heard)
		return false
	case again:
		h.until, h.lapse = before.until, before.lapse
	case cs.count == maxHeard:
		return false
	default:
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

// ends notes that a claim has done what it said.
func (cs *claims) ends(key string, from geo.ID) {
	if h, ok := cs.heard[key][from]; ok {
		h.ended = true
		cs.heard[key][from] = h
	}
}

// lapses notes that a claim of a peer has run out, and nothing was heard of the load.
func (cs *claims) lapses(from geo.ID, now int64) {
	if cs.lapsed == nil {
		cs.lapsed = map[geo.ID]int64{}
	}
	cs.lapsed[from] = now
}

// expire forgets the claims of which nothing is expected any more. Bids that wait for one have a timer of their own.
func (cs *claims) expire(now int64) {
	for key, of := range cs.heard {
		for from, h := range of {
			switch {
			case h.ended && h.until <= now:
				cs.take(key, from)
			case !h.ended && h.lapse <= now:
				cs.lapses(from, now)
				cs.take(key, from)
			}
		}
	}
	maps.DeleteFunc(cs.lapsed, func(_ geo.ID, at int64) bool { return now-at >= int64(lapsedFor) })
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
