package crdt

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawEntry(t *rapid.T, most int) *entry {
	e := &entry{Known: Known{Origin: 1}}
	for _, n := range rapid.SliceOfN(rapid.Uint64Range(1, 40), 1, 30).Draw(t, "numbers") {
		e.add(Range{n, n}, most)
	}
	return e
}

// The one pass of union marks what its pieces would, one by one from below; and at
// any limit the sum is that of the pieces.
func TestUnionIsThatOfThePieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 8).Draw(t, "most")
		a, b := drawEntry(t, most), drawEntry(t, most)
		want := &entry{*a.clone(), a.sum}
		b.each(func(r Range) bool {
			want.add(r, most)
			return true
		})
		if a.union(&b.Known, most); a.Head != want.Head || !slices.Equal(a.Ranges, want.Ranges) || a.sum != want.sum {
			t.Fatalf("union with %v is %v, want %v", b, a, want)
		}
		sum := uint64(0)
		a.each(func(r Range) bool {
			sum += hashOf(1, r)
			return true
		})
		if a.sum != sum || len(a.Ranges) > most {
			t.Fatalf("sum %x, want %x, of %v", a.sum, sum, a)
		}
	})
}
