package crdt_test

import (
	"errors"
	"flag"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"pgregory.net/rapid"
)

// Properties are checked a thousand times; -rapid.checks has the last word.
func init() { _ = flag.Set("rapid.checks", "1000") }

const day0 = 1_700_000_000_000 // a wall clock in Unix milliseconds

func TestTimeParts(t *testing.T) {
	last := int64(1)<<48 - 1
	for _, c := range []struct{ ms, want int64 }{
		{math.MinInt64, 0}, {-1, 0}, {0, 0}, {1, 1}, {day0, day0}, {last, last}, {last + 1, last}, {math.MaxInt64, last},
	} {
		at := crdt.At(c.ms)
		if at.Milli() != c.want {
			t.Errorf("At(%d).Milli() = %d, want %d", c.ms, at.Milli(), c.want)
		}
		if at&0xffff != 0 {
			t.Errorf("At(%d) has counter %d", c.ms, at&0xffff)
		}
	}
}

func TestNextCarriesAndEnds(t *testing.T) {
	if got := (crdt.At(7) + 0xffff).Next(); got != crdt.At(8) {
		t.Errorf("after the last counter of 7 ms comes %d, want %d", got, crdt.At(8))
	}
	if end := crdt.Time(math.MaxUint64); end.Next() != end || (end-1).Next() != end {
		t.Error("the last time wraps around")
	}
}

func TestFutureAtItsBound(t *testing.T) {
	bound := crdt.At(day0 + crdt.MaxSkew.Milliseconds())
	if (bound + 0xffff).Future(day0) {
		t.Error("30 s ahead is refused")
	}
	if !crdt.At(bound.Milli() + 1).Future(day0) {
		t.Error("30.001 s ahead is taken")
	}
	if crdt.Time(math.MaxUint64).Future(math.MaxInt64) || !crdt.Time(0).Future(math.MinInt64) {
		t.Error("the ends of the wall clock overflow")
	}
}

func TestRetention(t *testing.T) {
	if got := crdt.Retention(time.Minute); got != 120_000 {
		t.Errorf("Retention(1m) = %d ms, want 120000", got)
	}
	if got := crdt.Retention(math.MaxInt64); got != math.MaxInt64/1_000_000+60_000 {
		t.Errorf("Retention of the longest life = %d ms", got)
	}
}

// wall draws a wall clock that may stand anywhere, and often where it stood.
func wall() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64Range(day0-5, day0+5), rapid.Int64Range(0, 2*day0), rapid.Int64Range(-10, 10))
}

// Under any steps of the wall clock and anything observed, Now is above every
// result before it, above all that was taken in, and not below the wall clock; a
// refusal moves nothing.
func TestClockRisesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c crdt.Clock
		var top crdt.Time
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			ms := wall().Draw(t, "wall")
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				seen := crdt.At(ms+rapid.Int64Range(-40_000, 40_000).Draw(t, "ahead")) + crdt.Time(rapid.Uint16().Draw(t, "counter"))
				err := c.Observe(seen, ms)
				if refused := seen.Milli() > ms+30_000; refused != errors.Is(err, crdt.ErrFuture) {
					t.Fatalf("Observe(%d, %d) = %v", seen.Milli(), ms, err)
				} else if !refused {
					top = max(top, seen)
				}
			case 1:
				own := c.Last() + crdt.Time(rapid.Uint64Range(0, 3).Draw(t, "by"))
				c.Raise(own)
				top = max(top, own)
			default:
				now := c.Now(ms)
				if now <= top || now < crdt.At(ms) {
					t.Fatalf("Now(%d) = %d, not above %d", ms, now, top)
				}
				if now != max(top+1, crdt.At(ms)) {
					t.Fatalf("Now(%d) = %d skips times above %d", ms, now, top)
				}
				top = now
			}
			if c.Last() != top {
				t.Fatalf("Last = %d, want %d", c.Last(), top)
			}
		}
	})
}

func TestClockCounterCarries(t *testing.T) {
	var c crdt.Clock
	var last crdt.Time
	for range 1<<16 + 1 {
		last = c.Now(day0)
	}
	if want := crdt.At(day0 + 1); last != want {
		t.Errorf("time 65,537 of a millisecond is %d, want %d", last, want)
	}
}

func TestClockRaiseNeverLowers(t *testing.T) {
	var c crdt.Clock
	c.Raise(crdt.At(day0))
	c.Raise(crdt.At(day0 - 1))
	if c.Last() != crdt.At(day0) {
		t.Errorf("Last = %d ms, want %d", c.Last().Milli(), int64(day0))
	}
}

func TestClockAllocatesNothing(t *testing.T) {
	var c crdt.Clock
	n := testing.AllocsPerRun(100, func() {
		_ = c.Observe(c.Now(day0), day0)
		_ = c.Observe(crdt.At(2*day0), day0)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Goroutines whose wall clocks disagree get times that rise for each, exceed what
// each has observed, and are unlike all others.
func TestClockConcurrent(t *testing.T) {
	const workers, each = 8, 2000
	var c crdt.Clock
	got := make([][]crdt.Time, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				ms := int64(day0 + (i*w)%17)
				seen := crdt.At(ms+int64(i%5)) + crdt.Time(w)
				if err := c.Observe(seen, ms); err != nil {
					t.Error(err)
				}
				now := c.Now(ms)
				if now <= seen {
					t.Errorf("Now = %d, not above observed %d", now, seen)
				}
				got[w] = append(got[w], now)
			}
		})
	}
	wg.Wait()
	for _, times := range got {
		if !slices.IsSorted(times) {
			t.Error("times of one goroutine fall")
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(got...)))
	if len(slices.Compact(all)) != workers*each {
		t.Error("a time was given twice")
	}
}

func BenchmarkClockNow(b *testing.B) {
	var c crdt.Clock
	b.ReportAllocs()
	for b.Loop() {
		c.Now(day0)
	}
}
