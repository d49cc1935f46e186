package crdt

import (
	"fmt"
	"slices"
)

// MaxOrigins bounds the origins of a [Seen]: 65,536 starts of replicas within one
// retention. Records of more are merged, their dots are not marked.
const MaxOrigins = 65536

// Seen is the set of the dots ever seen: per origin a head and the ranges beyond
// it. Knowledge, not contents: a dot stays when its record is replaced, evicted or
// deleted. The zero value is empty and ready. Not safe for goroutines: the one who
// locks the records locks it too; without a writer any number may read. [Seen.HashFrom]
// counts as a writer.
//
// Where a limit binds, dots stay unmarked. Nothing is given up that was marked.
type Seen struct {
	// known has no entry without a dot. Whatever depends on the order of the map
	// goes by origins instead: a simulated mesh must run the same way twice.
	known  map[Origin]*entry
	ranges int // of all entries, at most MaxRanges

	// hash is the sum over the entries whose Last is not below from. A probe a
	// second and peer asks for it: over 65,536 origins a walk takes milliseconds.
	hash uint64
	from Time
}

// Add marks d, the dot of a record of time t, and tells whether it is marked now:
// it is not if a limit forbids or if its number is not one of 1 to [MaxSeq]. It
// allocates for a new origin or range only.
func (s *Seen) Add(d Dot, t Time) bool {
	if d.Seq == 0 || d.Seq > MaxSeq {
		return false
	}
	e := s.open(d.Origin)
	if e == nil {
		return false
	}
	s.takeOut(e)
	defer s.putIn(e)
	e.Last = max(e.Last, t)
	return e.add(Range{d.Seq, d.Seq}, MaxRanges-s.ranges)
}

// takeOut takes what e counts for out of the sums; putIn, after a change, puts it
// in again, or drops an entry that got nothing, for want of a range.
func (s *Seen) takeOut(e *entry) {
	s.ranges -= len(e.Ranges)
	if e.Last >= s.from {
		s.hash -= e.sum
	}
}

func (s *Seen) putIn(e *entry) {
	if e.Head == 0 && len(e.Ranges) == 0 {
		delete(s.known, e.Origin)
		return
	}
	s.ranges += len(e.Ranges)
	if e.Last >= s.from {
		s.hash += e.sum
	}
}

func (s *Seen) remove(e *entry) {
	s.takeOut(e)
	delete(s.known, e.Origin)
}

// open is the entry of o, new if need be; nil if there are too many. The caller
// changes it between takeOut and putIn.
func (s *Seen) open(o Origin) *entry {
	if e := s.known[o]; e != nil {
		return e
	}
	if len(s.known) >= MaxOrigins {
		return nil
	}
	if s.known == nil {
		s.known = make(map[Origin]*entry)
	}
	e := &entry{Known: Known{Origin: o}}
	s.known[o] = e
	return e
}

// Has tells whether d is marked.
func (s *Seen) Has(d Dot) bool { return s.Of(d.Origin).Has(d.Seq) }

// Of is what is known of o, to look up many dots of one origin without looking up
// the origin each time; nil, which has seen nothing, if that is nothing. It must
// not be changed, and is good until s changes.
func (s *Seen) Of(o Origin) *Known {
	if e := s.known[o]; e != nil {
		return &e.Known
	}
	return nil
}

// Head is the number up to which all dots of o are marked.
func (s *Seen) Head(o Origin) uint64 {
	if k := s.known[o]; k != nil {
		return k.Head
	}
	return 0
}

// Covers tells whether all dots of o from 1 to n are marked.
func (s *Seen) Covers(o Origin, n uint64) bool { return s.Head(o) >= n }

// Gaps are the holes below the highest number marked of o, ascending; nil if there
// is none.
func (s *Seen) Gaps(o Origin) []Range { return s.Of(o).Gaps() }

// Holes tells whether anything is missing below a number that is marked. It costs one look.
func (s *Seen) Holes() bool { return s.ranges > 0 }

// Len is the number of origins.
func (s *Seen) Len() int { return len(s.known) }

// Drop forgets all dots of o.
func (s *Seen) Drop(o Origin) {
	if e := s.known[o]; e != nil {
		s.remove(e)
	}
}

// Prune forgets the origins whose last time is below before, and returns how many.
func (s *Seen) Prune(before Time) int {
	n := len(s.known)
	for _, e := range s.known {
		if e.Last < before {
			s.remove(e)
		}
	}
	return n - len(s.known)
}

// Union marks all dots that other has, as far as the limits allow.
func (s *Seen) Union(other *Seen) {
	for _, o := range other.origins() {
		s.union(other.Of(o))
	}
}

func (s *Seen) union(k *Known) {
	e := s.open(k.Origin)
	if e == nil {
		return
	}
	last := max(e.Last, k.Last) // before anything changes: k may be e's own
	s.takeOut(e)
	defer s.putIn(e)
	e.Last = last
	e.union(k, MaxRanges-s.ranges)
}

// UnionKnown marks all dots of ks, as far as the limits allow: a digest, or a page
// of one, that came from elsewhere. One that [Seen.Known] cannot have returned is
// an error that tells where, and marks nothing.
func (s *Seen) UnionKnown(ks []Known) error {
	if err := check(ks); err != nil {
		return fmt.Errorf("crdt: read digest: %w", err)
	}
	for i := range ks {
		s.union(&ks[i])
	}
	return nil
}

// check tells what is wrong with a digest. It does not judge Last, for which it
// would need a clock.
func check(ks []Known) error {
	if len(ks) > MaxOrigins {
		return fmt.Errorf("%d origins are more than %d", len(ks), MaxOrigins)
	}
	ranges := 0
	for i := range ks {
		if ranges += len(ks[i].Ranges); ranges > MaxRanges {
			return fmt.Errorf("origin %016x: %d ranges are more than %d", ks[i].Origin, ranges, MaxRanges)
		}
		if i > 0 && ks[i].Origin <= ks[i-1].Origin {
			return fmt.Errorf("origin %016x is not above %016x before it", ks[i].Origin, ks[i-1].Origin)
		}
		if err := ks[i].check(); err != nil {
			return fmt.Errorf("origin %016x: %w", ks[i].Origin, err)
		}
	}
	return nil
}

// FromKnown is the set that [Seen.Known] returned ks of. What Known cannot have
// returned is an error: origins or ranges unsorted, doubled, empty, overlapping,
// touching or too many. It shares nothing with ks.
func FromKnown(ks []Known) (*Seen, error) {
	s := new(Seen)
	if err := s.UnionKnown(ks); err != nil {
		return nil, err
	}
	return s, nil
}

// Known is the set as a digest, by ascending origin. It shares nothing with s.
func (s *Seen) Known() []Known {
	ks := make([]Known, 0, len(s.known))
	for _, o := range s.origins() {
		ks = append(ks, *s.known[o].clone())
	}
	return ks
}

// origins are the keys of the map, ascending.
func (s *Seen) origins() []Origin {
	all := make([]Origin, 0, len(s.known))
	for o := range s.known {
		all = append(all, o)
	}
	slices.Sort(all)
	return all
}

// UpTo is the dots of s that are not above the highest that other has of their
// origin. It shares nothing with s.
func (s *Seen) UpTo(other *Seen) *Seen {
	below := new(Seen)
	for _, o := range s.origins() {
		if k := s.Of(o).upTo(other.Of(o).highest()); k.Head > 0 || len(k.Ranges) > 0 {
			below.union(k)
		}
	}
	return below
}

// Clone is a copy that shares nothing with s.
func (s *Seen) Clone() *Seen {
	c := *s
	c.known = make(map[Origin]*entry, len(s.known))
	for o, e := range s.known {
		c.known[o] = &entry{*e.clone(), e.sum}
	}
	return &c
}

// Lacks tells whether other has a dot that s does not.
func (s *Seen) Lacks(other *Seen) bool {
	for o, e := range other.known {
		if s.Of(o).lacks(&e.Known, MaxSeq) {
			return true
		}
	}
	return false
}

// LacksUpTo is Lacks for the dots alone whose number is at most that of their
// origin in upto; an origin that is not in it does not count. With the numbers
// that other's owner has forgotten it tells whether a sync with it is lossy.
func (s *Seen) LacksUpTo(other *Seen, upto map[Origin]uint64) bool {
	for o, n := range upto {
		if s.Of(o).lacks(other.Of(o), n) {
			return true
		}
	}
	return false
}

// Missing is how many dots other has that s does not.
func (s *Seen) Missing(other *Seen) (n uint64) {
	for o, e := range other.known {
		n += s.Of(o).missing(&e.Known)
	}
	return n
}

// missing is how many numbers other has that k has not.
func (k *Known) missing(other *Known) (n uint64) {
	theirs := other.pieces()
	for _, r := range theirs {
		n += r.Hi - r.Lo + 1
	}
	if k == nil {
		return n
	}
	for mine := k.pieces(); len(mine) > 0 && len(theirs) > 0; {
		if lo, hi := max(mine[0].Lo, theirs[0].Lo), min(mine[0].Hi, theirs[0].Hi); lo <= hi {
			n -= hi - lo + 1
		}
		if mine[0].Hi < theirs[0].Hi {
			mine = mine[1:]
		} else {
			theirs = theirs[1:]
		}
	}
	return n
}

// lacks tells whether other has a number up to n that k has not.
func (k *Known) lacks(other *Known, n uint64) bool {
	lacks := false
	other.each(func(r Range) bool {
		if r.Lo > n {
			return false
		}
		lacks = !k.contains(Range{r.Lo, min(r.Hi, n)})
		return !lacks
	})
	return lacks
}

// Hash is equal for equal sets of dots, on any machine and in any build that
// speaks the same protocol. It does not depend on Last: that differs where
// records were seen on different ways, and moves nothing. Zero is the empty set.
//
// It finds accidents, not attacks: who may send digests may as well lie in them.
func (s *Seen) Hash() uint64 {
	var sum uint64
	for _, e := range s.known { // a sum, so that the order does not matter
		sum += e.sum
	}
	return sum
}

// HashFrom is Hash without the origins that Prune(before) would forget. It looks at
// every origin when before is not that of the call before, else at none; so it is a
// write where goroutines are concerned.
func (s *Seen) HashFrom(before Time) uint64 {
	if before == s.from {
		return s.hash
	}
	s.from, s.hash = before, 0
	for _, e := range s.known {
		if e.Last >= before {
			s.hash += e.sum
		}
	}
	return s.hash
}

// hashOf is what a piece counts for in the hash of its origin.
func hashOf(o Origin, r Range) uint64 { return mix(mix(mix(uint64(o))^r.Lo) ^ r.Hi) }

// mix is one step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
// Number Generators, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
