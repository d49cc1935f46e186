package crdt_test

import (
	"math"
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
)

func TestAddRefusesWhatIsNoDot(t *testing.T) {
	var s crdt.Seen
	for _, n := range []uint64{0, crdt.MaxSeq + 1, math.MaxUint64} {
		if d := (crdt.Dot{Origin: 1, Seq: n}); s.Add(d, 1) || s.Has(d) || s.Len() != 0 {
			t.Errorf("number %d is marked", n)
		}
	}
	for _, n := range []uint64{crdt.MaxSeq, crdt.MaxSeq - 1} {
		if d := (crdt.Dot{Origin: 1, Seq: n}); !s.Add(d, 1) || !s.Has(d) {
			t.Errorf("number %d is not marked", n)
		}
	}
	if got, want := s.Gaps(1), []crdt.Range{{Lo: 1, Hi: crdt.MaxSeq - 2}}; !slices.Equal(got, want) {
		t.Errorf("Gaps = %v, want %v", got, want)
	}
}

// full has seen the even numbers from 2 on, as many ranges as there may be.
func full(o crdt.Origin) *crdt.Seen {
	var s crdt.Seen
	for i := range uint64(crdt.MaxRanges) {
		s.Add(crdt.Dot{Origin: o, Seq: 2 * (i + 1)}, 1)
	}
	return &s
}

func TestRangesAreBounded(t *testing.T) {
	s := full(1)
	beyond := crdt.Dot{Origin: 1, Seq: 2*crdt.MaxRanges + 2}
	if s.Add(beyond, 9) || s.Has(beyond) {
		t.Error("one range more than the limit is marked")
	}
	if k := s.Of(1); len(k.Ranges) != crdt.MaxRanges || k.Last != 9 {
		t.Errorf("%d ranges, last %d", len(k.Ranges), k.Last)
	}
	for _, n := range []uint64{2, 2*crdt.MaxRanges + 1, 11} { // known, growing the last, joining two
		if d := (crdt.Dot{Origin: 1, Seq: n}); !s.Add(d, 1) || !s.Has(d) {
			t.Errorf("number %d needs no range more and is not marked", n)
		}
	}
	if !s.Add(crdt.Dot{Origin: 1, Seq: 2*crdt.MaxRanges + 3}, 1) {
		t.Error("the range that was joined away is not free")
	}
}

// The bound is of the whole set: what is scattered of one origin leaves no room for
// what is scattered of another, but always for what has no gaps.
func TestRangesAreBoundedInAll(t *testing.T) {
	s := full(1)
	if d := (crdt.Dot{Origin: 2, Seq: 2}); s.Add(d, 1) || s.Len() != 1 {
		t.Error("a range of another origin is marked beyond the limit")
	}
	if d := (crdt.Dot{Origin: 2, Seq: 1}); !s.Add(d, 1) || !s.Add(crdt.Dot{Origin: 2, Seq: 2}, 1) || s.Head(2) != 2 {
		t.Error("a head is refused although it needs no range")
	}
	if s.Drop(1); !s.Add(crdt.Dot{Origin: 2, Seq: 4}, 1) {
		t.Error("the ranges of a dropped origin are not free")
	}
}

func TestHeadTakesRangesAtTheLimit(t *testing.T) {
	s := full(1)
	if !s.Add(crdt.Dot{Origin: 1, Seq: 1}, 1) || s.Head(1) != 2 {
		t.Errorf("Head = %d, want 2", s.Head(1))
	}
}

// The head grows at the limit also where it meets no range.
func TestHeadGrowsAtTheLimit(t *testing.T) {
	var s crdt.Seen
	for i := range uint64(crdt.MaxRanges) {
		s.Add(crdt.Dot{Origin: 1, Seq: 4 + 2*i}, 1)
	}
	if !s.Add(crdt.Dot{Origin: 1, Seq: 1}, 1) || s.Head(1) != 1 {
		t.Errorf("Head = %d, want 1", s.Head(1))
	}
}

// At the limit a union keeps what was there, takes the lower numbers first, and
// marks nothing that neither had.
func TestUnionAtTheRangeLimit(t *testing.T) {
	const beyond = 2*crdt.MaxRanges + 100
	a, b := full(1), new(crdt.Seen)
	for _, n := range []uint64{1, beyond, beyond + 2, beyond + 4} {
		b.Add(crdt.Dot{Origin: 1, Seq: n}, 1)
	}
	want := a.Clone()
	want.Add(crdt.Dot{Origin: 1, Seq: 1}, 1)
	want.Add(crdt.Dot{Origin: 1, Seq: beyond}, 1)
	if a.Union(b); !same(a.Known(), want.Known()) {
		t.Error("the union is not the lower numbers of the other")
	}
	if !a.Lacks(b) {
		t.Error("what did not fit is not lacked")
	}
}

func TestOriginsAreBounded(t *testing.T) {
	var s, more crdt.Seen
	for o := range crdt.Origin(crdt.MaxOrigins) {
		s.Add(crdt.Dot{Origin: 2 * o, Seq: 1}, crdt.Time(o))
	}
	if s.Add(crdt.Dot{Origin: 1, Seq: 1}, 1) || s.Has(crdt.Dot{Origin: 1, Seq: 1}) {
		t.Error("one origin more than the limit is marked")
	}
	if !s.Add(crdt.Dot{Origin: 4, Seq: 2}, 1) {
		t.Error("a known origin is refused")
	}
	for o := crdt.Origin(9); o > 2; o -= 2 {
		more.Add(crdt.Dot{Origin: o, Seq: 1}, 1)
	}
	if s.Prune(1); s.Len() != crdt.MaxOrigins-1 {
		t.Fatalf("%d origins left", s.Len())
	}
	s.Union(&more)
	if s.Head(3) != 1 || s.Head(5) != 0 || s.Len() != crdt.MaxOrigins {
		t.Error("the union does not take the lowest origin where one had room")
	}
}

// What is handed out or taken in is not shared.
func TestSeenSharesNothing(t *testing.T) {
	digest := full(1).Known()
	s, err := crdt.FromKnown(digest)
	if err != nil {
		t.Fatal(err)
	}
	c, out, want := s.Clone(), s.Known(), full(1).Known()
	digest[0].Ranges[0].Hi, out[0].Ranges[0].Hi = 3, 3
	c.Add(crdt.Dot{Origin: 1, Seq: 3}, 5)
	c.Add(crdt.Dot{Origin: 2, Seq: 3}, 5)
	if !same(s.Known(), want) {
		t.Error("a change of what was handed over is seen")
	}
}

func TestZeroSeenIsEmpty(t *testing.T) {
	var s crdt.Seen
	s.Drop(1)
	s.Union(new(crdt.Seen))
	if s.Prune(1) != 0 || s.Len() != 0 || s.Gaps(1) != nil || s.Lacks(s.Clone()) || len(s.Known()) != 0 {
		t.Error("the zero value is not empty")
	}
}

func TestAddAllocatesNothingInOrder(t *testing.T) {
	var s crdt.Seen
	s.Add(crdt.Dot{Origin: 1, Seq: 1}, 1)
	n := uint64(1)
	if got := testing.AllocsPerRun(100, func() { n++; s.Add(crdt.Dot{Origin: 1, Seq: n}, 1) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// Last is no part of the hash.
func TestHashIsOfDots(t *testing.T) {
	var a, b crdt.Seen
	a.Add(crdt.Dot{Origin: 1, Seq: 3}, 1)
	b.Add(crdt.Dot{Origin: 1, Seq: 3}, 2)
	if a.Hash() != b.Hash() {
		t.Error("the hash depends on the last time")
	}
}

// The hash travels between builds, so it is part of the protocol.
func TestHashStays(t *testing.T) {
	var s crdt.Seen
	if s.Hash() != 0 {
		t.Errorf("hash of nothing = %#x", s.Hash())
	}
	for _, n := range []uint64{1, 2, 5, 7, 8} {
		s.Add(crdt.Dot{Origin: 0xfeed, Seq: n}, 1)
	}
	s.Add(crdt.Dot{Origin: 2, Seq: 1}, 1)
	if got, want := s.Hash(), uint64(0xbccb605ab82ec2b3); got != want {
		t.Errorf("hash = %#x, want %#x", got, want)
	}
}
