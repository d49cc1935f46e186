package crdt_test

import (
	"testing"

	"github.com/geolru/geolru/crdt"
)

func BenchmarkSeenAddInOrder(b *testing.B) {
	var s crdt.Seen
	b.ReportAllocs()
	for d := (crdt.Dot{Origin: 1}); b.Loop(); {
		d.Seq++
		s.Add(d, 1)
	}
}

// Each pair arrives in the wrong order: a range comes and goes.
func BenchmarkSeenAddSwapped(b *testing.B) {
	var s crdt.Seen
	b.ReportAllocs()
	for n := uint64(1); b.Loop(); n++ {
		s.Add(crdt.Dot{Origin: 1, Seq: (n - 1 ^ 1) + 1}, 1)
	}
}

// The worst case: the numbers fall, so that all ranges are shifted by each.
func BenchmarkSeenAddFalling(b *testing.B) {
	var s crdt.Seen
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n -= 2 {
		if n == 0 {
			s.Drop(1)
			n = 2 * 1024
		}
		s.Add(crdt.Dot{Origin: 1, Seq: n}, 1)
	}
}

// walk looks up a million dots of 50 origins that are mixed at random, as a
// walk over a store would.
func walk(b *testing.B, ranges bool) {
	var s crdt.Seen
	for o := range crdt.Origin(50) {
		k := crdt.Known{Origin: o * 0x9e3779b97f4a7c15, Head: 20_000}
		if ranges {
			k.Head, k.Ranges = 0, full(1).Of(1).Ranges[:1024]
		}
		if err := s.UnionKnown([]crdt.Known{k}); err != nil {
			b.Fatal(err)
		}
	}
	dots := make([]crdt.Dot, 1_000_000)
	x := uint64(1)
	for i := range dots {
		x = x*6364136223846793005 + 1442695040888963407
		dots[i] = crdt.Dot{Origin: crdt.Origin(x>>33%50) * 0x9e3779b97f4a7c15, Seq: x>>40%2000 + 1}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, d := range dots {
			s.Has(d)
		}
	}
}

func BenchmarkSeenHasMillion(b *testing.B)         { walk(b, false) }
func BenchmarkSeenHasMillionInRanges(b *testing.B) { walk(b, true) }

func BenchmarkKnownHas(b *testing.B) {
	k := full(1).Of(1)
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		k.Has(n & 2047)
	}
}

// What each probe asks for, in the largest set.
func BenchmarkSeenHashFrom(b *testing.B) {
	var s crdt.Seen
	for o := range crdt.Origin(crdt.MaxOrigins) {
		s.Add(crdt.Dot{Origin: o, Seq: 1}, crdt.Time(o))
	}
	b.ReportAllocs()
	for b.Loop() {
		s.HashFrom(1000)
	}
}

// A frame of records of a bootstrap, half of a million of which are here.
func BenchmarkSeenUnionScattered(b *testing.B) {
	var s crdt.Seen
	for n := uint64(2); s.Add(crdt.Dot{Origin: 1, Seq: n}, 1) && n < 400_000; n += 2 {
	}
	for n := uint64(1); b.Loop(); n = (n + 2) % 400_000 {
		var more crdt.Seen
		for i := range uint64(1000) {
			more.Add(crdt.Dot{Origin: 1, Seq: (n+i*401)%400_000 + 1}, 1)
		}
		s.Clone().Union(&more)
	}
}
