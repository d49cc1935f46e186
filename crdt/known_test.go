package crdt_test

import (
	"math"
	"testing"

	"github.com/geolru/geolru/crdt"
)

func TestFromKnownRefuses(t *testing.T) {
	const top = uint64(crdt.MaxSeq)
	ranges := func(head uint64, rs ...crdt.Range) []crdt.Known {
		return []crdt.Known{{Origin: 7, Head: head, Ranges: rs}}
	}
	for name, c := range map[string]struct {
		in   []crdt.Known
		want string
	}{
		"unsorted":       {[]crdt.Known{{Origin: 2, Head: 1}, {Origin: 1, Head: 1}}, "crdt: read digest: origin 0000000000000001 is not above 0000000000000002 before it"},
		"double":         {[]crdt.Known{{Origin: 2, Head: 1}, {Origin: 2, Head: 1}}, "crdt: read digest: origin 0000000000000002 is not above 0000000000000002 before it"},
		"empty":          {ranges(0), "crdt: read digest: origin 0000000000000007: nothing is seen of it"},
		"high head":      {ranges(top + 1), "crdt: read digest: origin 0000000000000007: head 9223372036854775808 is above 2^63-1"},
		"high range":     {ranges(1, crdt.Range{Lo: 3, Hi: top + 1}), "crdt: read digest: origin 0000000000000007: range 3-9223372036854775808 ends above 2^63-1"},
		"inverted":       {ranges(1, crdt.Range{Lo: 5, Hi: 4}), "crdt: read digest: origin 0000000000000007: range 5-4 is inverted"},
		"zero":           {ranges(0, crdt.Range{Lo: 0, Hi: 4}), "crdt: read digest: origin 0000000000000007: range 0-4 leaves no gap above 0"},
		"at the head":    {ranges(4, crdt.Range{Lo: 5, Hi: 6}), "crdt: read digest: origin 0000000000000007: range 5-6 leaves no gap above 4"},
		"below the head": {ranges(4, crdt.Range{Lo: 2, Hi: 9}), "crdt: read digest: origin 0000000000000007: range 2-9 leaves no gap above 4"},
		"from one":       {ranges(0, crdt.Range{Lo: 1, Hi: 9}), "crdt: read digest: origin 0000000000000007: range 1-9 leaves no gap above 0"},
		"adjacent":       {ranges(1, crdt.Range{Lo: 3, Hi: 4}, crdt.Range{Lo: 5, Hi: 6}), "crdt: read digest: origin 0000000000000007: range 5-6 leaves no gap above 4"},
		"overlapping":    {ranges(1, crdt.Range{Lo: 3, Hi: 9}, crdt.Range{Lo: 5, Hi: 12}), "crdt: read digest: origin 0000000000000007: range 5-12 leaves no gap above 9"},
		"descending":     {ranges(1, crdt.Range{Lo: 8, Hi: 9}, crdt.Range{Lo: 3, Hi: 4}), "crdt: read digest: origin 0000000000000007: range 3-4 leaves no gap above 9"},
		"many ranges":    {ranges(1, make([]crdt.Range, crdt.MaxRanges+1)...), "crdt: read digest: origin 0000000000000007: 262145 ranges are more than 262144"},
		"many origins":   {make([]crdt.Known, crdt.MaxOrigins+1), "crdt: read digest: 65537 origins are more than 65536"},
	} {
		s, err := crdt.FromKnown(c.in)
		if err == nil || err.Error() != c.want || s != nil {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestFromKnownTakesTheLimits(t *testing.T) {
	in := full(1).Known()
	in[0].Ranges = in[0].Ranges[1:]
	in = append(in, crdt.Known{Origin: math.MaxUint64, Head: crdt.MaxSeq, Last: math.MaxUint64})
	in = append([]crdt.Known{{Origin: 0, Ranges: []crdt.Range{{Lo: 2, Hi: crdt.MaxSeq}}}}, in...)
	s, err := crdt.FromKnown(in)
	if err != nil {
		t.Fatal(err)
	}
	if !same(s.Known(), in) {
		t.Errorf("Known = %v", s.Known())
	}
	many := make([]crdt.Known, crdt.MaxOrigins)
	for i := range many {
		many[i] = crdt.Known{Origin: crdt.Origin(i), Head: 1}
	}
	if s, err = crdt.FromKnown(many); err != nil || s.Len() != crdt.MaxOrigins {
		t.Errorf("65,536 origins: %v", err)
	}
}

func TestUnionKnownIsWholeOrNothing(t *testing.T) {
	var s crdt.Seen
	s.Add(crdt.Dot{Origin: 1, Seq: 1}, 1)
	if err := s.UnionKnown([]crdt.Known{{Origin: 1, Head: 5}, {Origin: 2}}); err == nil || s.Head(1) != 1 {
		t.Errorf("head %d after error %v", s.Head(1), err)
	}
	if err := s.UnionKnown([]crdt.Known{{Origin: 1, Head: 5, Last: 3}}); err != nil || s.Head(1) != 5 || s.Of(1).Last != 3 {
		t.Errorf("head %d, %v", s.Head(1), err)
	}
}
