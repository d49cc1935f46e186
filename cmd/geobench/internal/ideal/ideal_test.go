package ideal

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBeladyIsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const keys = 6
		requests := rapid.SliceOfN(rapid.Uint32Range(0, keys-1), 0, 14).Draw(t, "requests")
		size := rapid.IntRange(0, keys).Draw(t, "size")
		if got, want := NewBelady(requests, keys).Hits(size), bestOf(requests, 0, size); got != want {
			t.Fatalf("%d hits, the best of all ways is %d", got, want)
		}
	})
}

// bestOf tries everything: held is a set of keys, and after each request any part of it and the key may be kept.
func bestOf(requests []uint32, held uint32, size int) int {
	if len(requests) == 0 {
		return 0
	}
	key := uint32(1) << requests[0]
	hit := 0
	if held&key != 0 {
		hit = 1
	}
	best := 0
	for _, kept := range choices(held|key, size) {
		best = max(best, bestOf(requests[1:], kept, size))
	}
	return hit + best
}

// choices is the ways to keep as many of the keys as fit; to keep fewer is never better.
func choices(keys uint32, size int) []uint32 {
	if count(keys) <= size {
		return []uint32{keys}
	}
	var ways []uint32
	for rest := keys; rest != 0; rest &= rest - 1 {
		ways = append(ways, choices(keys&^(rest&-rest), size)...)
	}
	slices.Sort(ways)
	return slices.Compact(ways)
}

func count(keys uint32) (n int) {
	for ; keys != 0; keys &= keys - 1 {
		n++
	}
	return n
}

func TestLRUIsAsRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const keys = 8
		requests := rapid.SliceOf(rapid.Uint32Range(0, keys-1)).Draw(t, "requests")
		l := NewLRU(requests, keys)
		for size := range keys + 2 {
			if got, want := l.Hits(size), run(requests, size); got != want {
				t.Fatalf("size %d: %d hits, a cache has %d", size, got, want)
			}
		}
	})
}

// run is a least recently used cache, the latest last.
func run(requests []uint32, size int) (hits int) {
	var held []uint32
	for _, key := range requests {
		if at := slices.Index(held, key); at >= 0 {
			hits++
			held = slices.Delete(held, at, at+1)
		}
		held = append(held, key)
		held = held[max(0, len(held)-size):]
	}
	return hits
}

func TestBeladyBoundsLRU(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const keys = 40
		requests := rapid.SliceOf(rapid.Uint32Range(0, keys-1)).Draw(t, "requests")
		size := rapid.IntRange(1, keys).Draw(t, "size")
		if opt, lru := NewBelady(requests, keys).Hits(size), NewLRU(requests, keys).Hits(size); opt < lru {
			t.Fatalf("%d hits at best, but least recently used has %d", opt, lru)
		}
	})
}
