package replica

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func someItem(r *rand.Rand) item { return item{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()} }

func fill(seed uint64, n int, items ...[]item) *sketch {
	s := &sketch{seed: seed, cells: make([]cell, n)}
	for _, lot := range items {
		for _, a := range lot {
			s.add(a, 1)
		}
	}
	return s
}

func draw(r *rand.Rand, n int) (items []item) {
	for range n {
		items = append(items, someItem(r))
	}
	return items
}

func same(a, b []item) bool {
	less := func(x, y item) int {
		if x.key < y.key {
			return -1
		}
		return 1
	}
	slices.SortFunc(a, less)
	slices.SortFunc(b, less)
	return slices.Equal(a, b)
}

// TestSketchTellsTheDifference: whatever both have in common, the difference is told, whole or not at all.
func TestSketchTellsTheDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		count := rapid.IntRange(0, 60)
		common, theirs, ours := draw(r, rapid.IntRange(0, 500).Draw(t, "common")), draw(r, count.Draw(t, "theirs")), draw(r, count.Draw(t, "ours"))
		cells := rapid.SampledFrom([]int{1, 16, 64, 512}).Draw(t, "cells")
		got := toCells(fill(7, cells, common, theirs).bytes())
		only, lacking, ok := fill(7, cells, common, ours).difference(got)
		if ok && (!same(only, theirs) || !same(lacking, ours)) {
			t.Fatalf("%d and %d items told, want %d and %d", len(only), len(lacking), len(theirs), len(ours))
		}
		if !ok && cells == 512 {
			t.Fatal("512 cells were too few for 120 items")
		}
	})
}

func TestSketchOfNonsense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 64*cellSize).Draw(t, "bytes")
		cells := toCells(b[:len(b)/cellSize*cellSize])
		fill(1, len(cells), nil).difference(cells)
	})
}

func BenchmarkSketch(b *testing.B) {
	items := draw(rand.New(rand.NewPCG(1, 1)), 16_384)
	for b.Loop() {
		fill(1, 64, items)
	}
}
