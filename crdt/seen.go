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
// locks the records locks it too; without a writer any number may read.
//
// Where a limit binds, dots stay unmarked. Nothing is given up that was marked.
type Seen struct {
	// known has no entry without a dot. Whatever depends on the order of the map
	// goes by origins instead: a simulated mesh must run the same way twice.
	known map[Origin]*Known
}

// Add marks d, the dot of a record of time t, and tells whether it is marked now:
// it is not if a limit forbids or if its number is not one of 1 to [MaxSeq]. It
// allocates for a new origin or range only.
func (s *Seen) Add(d Dot, t Time) bool {
	if d.Seq == 0 || d.Seq > MaxSeq {
		return false
	}
	k := s.open(d.Origin)
	if k == nil {
		return false
	}
	k.Last = max(k.Last, t)
	return k.add(Range{d.Seq, d.Seq})
}

// open is the entry of o, new if need be; nil if there are too many. The caller
// puts a dot into it, which a new entry never refuses.
func (s *Seen) open(o Origin) *Known {
	if k := s.known[o]; k != nil {
		return k
	}
	if len(s.known) >= MaxOrigins {
		return nil
	}
	if s.known == nil {
		s.known = make(map[Origin]*Known)
	}
	k := &Known{Origin: o}
	s.known[o] = k
	return k
}

// Has tells whether d is marked.
func (s *Seen) Has(d Dot) bool { return s.known[d.Origin].Has(d.Seq) }

// Of is what is known of o, to look up many dots of one origin without looking up
// the origin each time; nil, which has seen nothing, if that is nothing. It must
// not be changed, and is good until s changes.
func (s *Seen) Of(o Origin) *Known { return s.known[o] }

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
func (s *Seen) Gaps(o Origin) []Range { return s.known[o].Gaps() }

// Len is the number of origins.
func (s *Seen) Len() int { return len(s.known) }

// Drop forgets all dots of o.
func (s *Seen) Drop(o Origin) { delete(s.known, o) }

// Prune forgets the origins whose last time is below before, and returns how many.
func (s *Seen) Prune(before Time) int {
	n := len(s.known)
	for o, k := range s.known {
		if k.Last < before {
			delete(s.known, o)
		}
	}
	return n - len(s.known)
}

// Union marks all dots that other has, as far as the limits allow.
func (s *Seen) Union(other *Seen) {
	for _, o := range other.origins() {
		s.union(other.known[o])
	}
}

// union takes the pieces of k one by one from below: a merge of the two lists
// would have to choose what to give up if the result is too long.
func (s *Seen) union(k *Known) {
	mine := s.open(k.Origin)
	if mine == nil {
		return
	}
	mine.Last = max(mine.Last, k.Last)
	k.each(func(r Range) bool {
		mine.add(r)
		return true
	})
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
	for i := range ks {
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

// Clone is a copy that shares nothing with s.
func (s *Seen) Clone() *Seen {
	c := &Seen{known: make(map[Origin]*Known, len(s.known))}
	for o, k := range s.known {
		c.known[o] = k.clone()
	}
	return c
}

// Lacks tells whether other has a dot that s does not.
func (s *Seen) Lacks(other *Seen) bool {
	for o, k := range other.known {
		if s.known[o].lacks(k, MaxSeq) {
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
		if s.known[o].lacks(other.known[o], n) {
			return true
		}
	}
	return false
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
	for _, k := range s.known { // a sum, so that the order does not matter
		sum += k.hash()
	}
	return sum
}

// HashOf is the Hash of a copy that is pruned of what is before a time and then joined with own, without making it: a
// node tells its hash with every probe, and a copy of thousands of origins for each would be most of what an idle node
// does. An own without dots adds nothing.
func (s *Seen) HashOf(before Time, own *Known) uint64 {
	var sum uint64
	n := 0
	for o, k := range s.known {
		if k.Last >= before && o != own.Origin {
			sum += k.hash()
			n++
		}
	}
	k := s.known[own.Origin]
	switch {
	case k != nil && k.Last >= before:
		k = k.clone()
	case own.Head > 0 && n < MaxOrigins:
		k = &Known{Origin: own.Origin}
	default:
		return sum
	}
	own.each(func(r Range) bool {
		k.add(r)
		return true
	})
	return sum + k.hash()
}

func (k *Known) hash() uint64 {
	h := mix(mix(uint64(k.Origin)) ^ k.Head)
	for _, r := range k.Ranges {
		h = mix(mix(h^r.Lo) ^ r.Hi)
	}
	return h
}

// mix is one step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
// Number Generators, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
