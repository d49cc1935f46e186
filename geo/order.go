package geo

import (
	"cmp"
	"slices"
	"time"
)

// The order of the peers changes only by these margins. They must both hold: a tenth of 2 ms is noise, and so is 1 ms of 200.
// Ten per cent switches .01 times per 100 probes where no margin at all flaps between equals.
const (
	margin    = 1.1 // the one ahead takes so many times as long
	marginAbs = time.Millisecond

	// detour is how much farther may be who is asked before a peer that stalls often: its p99 is then at most so many times the
	// nearest RTT, and its p50 as well.
	detour = 1.3

	fast    = 2.0 // at once, without waiting for three probes: nobody has to prove twice that it is half as far
	fastAbs = 5 * time.Millisecond
)

// beats tells whether p must stand before q: it was 10 % and 1 ms better for three probes in a row, of its own or of q's, or
// it is better by half and 5 ms now. Three in a row means that the worst of p's last three estimates is better than the best of
// q's; who became slower has only those since.
//
// It is a strict partial order, so the hysteresis can hold for every place, not for the first alone, without ever going round
// in a circle: p beats q and q beats r imply p beats r. Both clauses compare an interval [low, high] (or the point rtt within
// it) with the next one lowered by a margin that grows with the value; any chain of them lowers at least as far as its last
// link. The order of a Ranking is always a linear extension of it.
func (p *ranked) beats(q *ranked) bool {
	return ahead(p.seems(p.high()), q.seems(q.low()), margin, marginAbs) || ahead(p.seems(p.rtt()), q.seems(q.rtt()), fast, fastAbs)
}

// seems is how far a peer at rtt is to the order: so much farther if it stalls often that one at detour times rtt beats it.
func (p *ranked) seems(rtt time.Duration) time.Duration {
	if p.unsteady {
		return time.Duration(float64(rtt) * detour * margin)
	}
	return rtt
}

func ahead(a, b time.Duration, factor float64, abs time.Duration) bool {
	return float64(a)*factor <= float64(b) && a+abs <= b
}

// place finds the place of p, which has a new sample, and moves nobody else. Costs O(n).
//
// Some place always fits: those that beat p also beat those that p beats, so they stand ahead of them already. Among the places
// that fit p takes the one that is nearest to where it stood. Rejected: comparing neighbours only. Of 100, 91 and 83 ms nobody
// is 10 % better than the one before, and 83 would stay last for ever.
func (r *Ranking) place(p *ranked) {
	was := r.lift(p)
	first, last := r.fits(p)
	at := min(max(was, first), last)
	if p.n <= window {
		at = r.sorted(p, first, last)
	}
	r.order = slices.Insert(r.order, at, p)
	r.measured++
}

// lift takes p out of the order and tells where it stood.
func (r *Ranking) lift(p *ranked) int {
	at := slices.Index(r.order, p)
	r.order = slices.Delete(r.order, at, at+1)
	if at < r.measured {
		r.measured--
	}
	return at
}

// fits is the range of places that p may take: behind the last that beats it, before the first that it beats.
func (r *Ranking) fits(p *ranked) (first, last int) {
	last = r.measured
	for i, q := range r.order[:r.measured] {
		if q.beats(p) {
			first = i + 1
		} else if i < last && p.beats(q) {
			last = i
		}
	}
	return first, last
}

// sorted is the place of a new peer, which has none yet to keep: by its estimate.
func (r *Ranking) sorted(p *ranked, first, last int) int {
	for i, q := range r.order[first:last] {
		if p.seems(p.rtt()) < q.seems(q.rtt()) {
			return first + i
		}
	}
	return last
}

// await puts p among those that are not measured yet: its own region first, then others, then unknown. Within one of these it
// is chance that decides, or all nodes would ask the same peer.
func (r *Ranking) await(p *ranked) {
	at, _ := slices.BinarySearchFunc(r.order[r.measured:], p, r.guess)
	r.order = slices.Insert(r.order, r.measured+at, p)
}

func (r *Ranking) guess(p, q *ranked) int {
	return cmp.Or(
		cmp.Compare(r.distance(p.region), r.distance(q.region)),
		cmp.Compare(p.lot, q.lot),
		cmp.Compare(p.id, q.id))
}

// distance is what a label tells: 0 my own region, 1 another, 2 none given.
func (r *Ranking) distance(region string) int {
	switch region {
	case "":
		return 2
	case r.region:
		return 0
	}
	return 1
}
