package crdt

import (
	"fmt"
	"slices"
	"sort"
)

const (
	// MaxSeq is the highest sequence number: a number fits an int64 everywhere.
	MaxSeq = 1<<63 - 1

	// MaxRanges bounds the ranges beyond the heads in one set, 4 MiB of them. What a
	// bootstrap has brought when it is cut lies scattered over the numbers: of a
	// million records as many ranges as a quarter of that. What is beyond stays
	// unmarked until sync has closed the gaps below.
	MaxRanges = 262_144
)

// Range is the numbers Lo to Hi, both in it.
type Range struct{ Lo, Hi uint64 }

// Known is what has been seen of one origin: 1 to Head, and Ranges beyond. The
// ranges ascend, and neither touch each other nor the head: between any two, and
// between head and the first, is at least one number unseen. So equal sets are
// equal structures, and a range is seen if it lies within one piece.
//
// The zero value has seen nothing; so has a nil pointer, for reading.
type Known struct {
	Origin Origin
	Head   uint64
	Ranges []Range
	Last   Time // the highest time of a record seen from it
}

// Has tells whether number n has been seen. Zero never has.
func (k *Known) Has(n uint64) bool {
	if k == nil {
		return false
	}
	if n-1 < k.Head { // 1 to Head: zero wraps around
		return true
	}
	return n != 0 && len(k.Ranges) > 0 && k.within(Range{n, n})
}

// Gaps are the holes below the highest number seen, ascending; nil if there is
// none. They are the caller's to keep.
func (k *Known) Gaps() []Range {
	if k == nil || len(k.Ranges) == 0 {
		return nil
	}
	gaps := make([]Range, len(k.Ranges))
	below := k.Head
	for i, r := range k.Ranges {
		gaps[i] = Range{below + 1, r.Lo - 1}
		below = r.Hi
	}
	return gaps
}

// highest is the highest number seen; 0 if there is none.
func (k *Known) highest() uint64 {
	switch {
	case k == nil:
		return 0
	case len(k.Ranges) == 0:
		return k.Head
	}
	return k.Ranges[len(k.Ranges)-1].Hi
}

// upTo is what of k is not above n.
func (k *Known) upTo(n uint64) *Known {
	c := &Known{Origin: k.Origin, Head: min(k.Head, n), Last: k.Last}
	for _, r := range k.Ranges {
		if r.Lo <= n {
			c.Ranges = append(c.Ranges, Range{r.Lo, min(r.Hi, n)})
		}
	}
	return c
}

// contains tells whether all of r has been seen; r is not empty and starts above 0.
func (k *Known) contains(r Range) bool {
	return k != nil && (r.Hi <= k.Head || k.within(r))
}

// within tells whether r lies within one of the ranges.
func (k *Known) within(r Range) bool {
	i := k.reaching(r.Hi)
	return i < len(k.Ranges) && k.Ranges[i].Lo <= r.Lo
}

// reaching is the index of the first range that ends at n or above.
func (k *Known) reaching(n uint64) int {
	return sort.Search(len(k.Ranges), func(i int) bool { return k.Ranges[i].Hi >= n })
}

// each calls f for the pieces of k, ascending, until f returns false.
func (k *Known) each(f func(Range) bool) {
	if k == nil || k.Head > 0 && !f(Range{1, k.Head}) {
		return
	}
	for _, r := range k.Ranges {
		if !f(r) {
			return
		}
	}
}

// clone shares nothing with k.
func (k *Known) clone() *Known {
	c := *k
	c.Ranges = slices.Clone(k.Ranges)
	return &c
}

// check tells what is wrong with k, which came from elsewhere.
func (k *Known) check() error {
	switch {
	case k.Head > MaxSeq:
		return fmt.Errorf("head %d is above 2^63-1", k.Head)
	case k.Head == 0 && len(k.Ranges) == 0:
		return fmt.Errorf("nothing is seen of it")
	case len(k.Ranges) > MaxRanges:
		return fmt.Errorf("%d ranges are more than %d", len(k.Ranges), MaxRanges)
	}
	below := k.Head
	for _, r := range k.Ranges {
		if err := r.check(below); err != nil {
			return err
		}
		below = r.Hi
	}
	return nil
}

// check tells what is wrong with r behind a piece that ends at below.
func (r Range) check(below uint64) error {
	switch {
	case r.Hi > MaxSeq:
		return fmt.Errorf("range %d-%d ends above 2^63-1", r.Lo, r.Hi)
	case r.Lo > r.Hi:
		return fmt.Errorf("range %d-%d is inverted", r.Lo, r.Hi)
	case r.Lo <= below+1:
		return fmt.Errorf("range %d-%d leaves no gap above %d", r.Lo, r.Hi, below)
	}
	return nil
}
