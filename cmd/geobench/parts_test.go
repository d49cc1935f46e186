package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
	"github.com/geolru/geolru/cmd/geobench/internal/ideal"
	"github.com/geolru/geolru/cmd/geobench/internal/trace"
)

func TestKeysDiffer(t *testing.T) {
	keys := keysFrom(5, 10_000)
	if keys[3] != newKey(8) || len(keys[3]) != keyBytes {
		t.Errorf("key 8 is %q and %q", keys[3], newKey(8))
	}
	slices.Sort(keys)
	if n := len(slices.Compact(keys)); n != 10_000 {
		t.Errorf("%d different keys of 10000", n)
	}
}

func TestDiceStayInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := newDice(rapid.IntRange(0, 1000).Draw(t, "seed")), rapid.IntRange(1, 1<<30).Draw(t, "n")
		for range 100 {
			if x := d.below(n); x < 0 || x >= n {
				t.Fatalf("%d is not below %d", x, n)
			}
		}
	})
}

func TestDiceReachEverything(t *testing.T) {
	d, seen := newDice(0), map[int]bool{}
	for range 10_000 {
		seen[d.below(100)] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 numbers came", len(seen))
	}
}

func TestMedian(t *testing.T) {
	for want, of := range map[float64][]float64{0: nil, 7: {7}, 2: {3, 1, 2}, 2.5: {9, 2, 3, 1}} {
		if got := median(of); got != want {
			t.Errorf("median of %v is %v, want %v", of, got, want)
		}
	}
}

func TestHistogramIsNearlyExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Min(0), 1, 300).Draw(t, "durations")
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		var h histogram
		for _, d := range all {
			h.add(time.Duration(d))
		}
		slices.Sort(all)
		want := all[min(int(share*float64(len(all))), len(all)-1)]
		got := int64(h.quantile(share))
		if off := want - got; share < 1 && (off < 0 || off > want>>fineness) {
			t.Fatalf("quantile %v is %d, want %d", share, got, want)
		}
		if h.most != time.Duration(all[len(all)-1]) {
			t.Fatalf("the most is %d, want %d", h.most, all[len(all)-1])
		}
	})
}

func TestSizes(t *testing.T) {
	sizes, err := parseSizes([]string{"10%", "0.1%", "4096", "1000", "20000"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := entriesOf(sizes, 10_000), []int{1000, 4096}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v: no share of a handful, nothing twice, nothing as large as the trace", got, want)
	}
}

func TestTableIsAligned(t *testing.T) {
	table := table{heading: "# Fruit"}
	table.row("name", "n")
	table.row("käse", "12345")
	var b bytes.Buffer
	if err := table.write(&b); err != nil {
		t.Fatal(err)
	}
	want := "# Fruit\n\n| name |     n |\n|------|------:|\n| käse | 12345 |\n\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestProgressWaitsAndThenSaysLittle(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	p := newProgress(&b)
	p.now = func() time.Time { return now }
	p.begin("work", 100)
	for range 100 { // 10 s
		p.step("a step")
		now = now.Add(100 * time.Millisecond)
	}
	p.end()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 || lines[0] != "work: 21 of 100, a step" {
		t.Errorf("%q", lines)
	}
}

// A real cache has exactly the hits that the rule without one foretells.
func TestReplayOfLRUIsLRU(t *testing.T) {
	lru, err := pick[int64]([]string{"golang-lru"})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		const keys = 30
		tr := trace.Trace{Requests: rapid.SliceOf(rapid.Uint32Range(0, keys-1)).Draw(t, "requests"), Distinct: keys}
		n := rapid.IntRange(1, keys).Draw(t, "size")
		hits, held, err := replay(tr, keysOf(tr), lru[0], n)
		if want := ideal.NewLRU(tr.Requests, keys).Hits(n); err != nil || hits != want || held > n {
			t.Fatalf("%d hits, %d held of %d, %v; want %d hits", hits, held, n, err, want)
		}
	})
}

// No contender beats the bound; that would be a fault of the bound, or of a cache that holds more than it should.
func TestNobodyBeatsTheBound(t *testing.T) {
	d, tr := newDice(1), trace.Trace{Name: "skewed", Distinct: 2000}
	for range 20_000 {
		tr.Requests = append(tr.Requests, uint32(min(d.below(2000), d.below(2000))))
	}
	all, err := pick[int64](nil)
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(c caches.Contender[int64]) bool { return !c.Bounded })
	r, err := replayAll(tr, all, []size{{entries: 500}}, newProgress(&bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	best, _ := r.of(ruleOPT, 500)
	for _, row := range r.Rows {
		if row.Hits > best.Hits || row.Hits == 0 {
			t.Errorf("%s: %d hits, the best possible is %d", row.Cache, row.Hits, best.Hits)
		}
	}
}

func TestSignedHasNoNegativeZero(t *testing.T) {
	for want, x := range map[string]float64{"+0.00": -0.001, "-1.50": -1.5, "+2.00": 2} {
		if got := signed(x); got != want {
			t.Errorf("%v is %s, want %s", x, got, want)
		}
	}
}
