package ttl

import (
	"flag"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A thousand checks take about a second; the command line may ask for others.
func init() { _ = flag.Set("rapid.checks", "1000") }

// tb gives the model of a rapid check what it needs of a testing.TB: to fail in a way that rapid can shrink.
type tb struct {
	testing.TB
	t *rapid.T
}

func (b tb) Helper()                           {}
func (b tb) Fatalf(format string, args ...any) { b.t.Fatalf(format, args...) }

var triple = rapid.SliceOfN(rapid.Byte(), 3, 3)

func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(tb{t, rt}, rapid.SampledFrom([]int64{start, 0, 1<<18 - 1, 1<<42 - 1}).Draw(rt, "start"))
		m.reaction = reaction{
			readd:  rapid.Uint32Range(0, 3).Draw(rt, "readd"),
			after:  rapid.SampledFrom(spans[1:15]).Draw(rt, "after"),
			remove: rapid.Uint32Range(0, slots-1).Draw(rt, "remove"),
		}
		n := rapid.IntRange(1, 300).Draw(rt, "count") // a slice of free length would hold six or so
		for _, op := range rapid.SliceOfN(triple, n, n).Draw(rt, "ops") {
			m.do(op[0], op[1], op[2])
			m.check()
		}
		m.reaction.readd = 0
		m.advance(max(m.now, m.time), 1)
	})
}

// FuzzModel reads its input as triples for do.
func FuzzModel(f *testing.F) {
	f.Add([]byte("\x00\x01\x06\x00\x02\x06\x00\x03\x09\x05\x00\x06\x04\x03\x08\x05\x01\x09\x07\x02\x03\x05\x02\x12"))
	f.Add([]byte("\x02\x01\x06\x00\x02\x14\x03\x01\x00\x05\x07\x13\x05\x07\x13\x07\x01\x05\x02\x02\x01\x05\x01\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m := newModel(t, start)
		for ops := in[:min(len(in), 3000)]; len(ops) > 2; ops = ops[3:] {
			m.do(ops[0], ops[1], ops[2])
		}
		m.check()
	})
}

// wheelOf is a wheel with a slot for each deadline.
func wheelOf(now int64, deadlines ...int64) *Wheel {
	w := New(now, func(slot uint32) int64 { return deadlines[slot] })
	for slot := range deadlines {
		w.Add(uint32(slot))
	}
	return w
}

func fired(w *Wheel, now int64, limit int) (slots []uint32, done bool) {
	done = w.Advance(now, limit, func(slot uint32) { slots = append(slots, slot) })
	return slots, done
}

func wantFired(t *testing.T, w *Wheel, now int64, want ...uint32) {
	t.Helper()
	if got, done := fired(w, now, math.MaxInt); !done || !slices.Equal(got, want) {
		t.Errorf("Advance(%d) fired %v, %v, want %v", now, got, done, want)
	}
}

func TestFiresInItsMillisecond(t *testing.T) {
	for _, span := range spans {
		if span == 0 || start+span >= horizon {
			continue
		}
		w := wheelOf(start, start+span)
		wantFired(t, w, start+span-1)
		wantFired(t, w, start+span, 0)
		wantFired(t, w, start+span+day)
	}
}

func TestFiresInOrderOfDeadlines(t *testing.T) {
	w := wheelOf(start, start+60*day, start+5, start+5000, start+70, start+5, start+day)
	wantFired(t, w, start+60*day, 1, 4, 3, 2, 5, 0)
}

func TestPutOffFiresOnceAndLate(t *testing.T) {
	deadline := start + 10
	w := New(start, func(uint32) int64 { return deadline })
	w.Add(7)
	deadline = start + 60*day
	wantFired(t, w, start+day)
	wantFired(t, w, deadline-1)
	wantFired(t, w, deadline, 7)
}

func TestClockStepsBack(t *testing.T) {
	w := wheelOf(start, start-5, start-1000, start+1)
	wantFired(t, w, start-1)
	if next, ok := w.Next(); !ok || next != start {
		t.Errorf("Next = %d, %v with slots overdue, want %d", next, ok, start)
	}
	wantFired(t, w, start, 0, 1)
	wantFired(t, w, start-1)
	wantFired(t, w, start+1, 2)
}

// What a limit leaves over is handed over next, before what comes later, and nothing twice.
func TestLimit(t *testing.T) {
	w := wheelOf(start, start+100, start+101, start+100, start+101, start+200)
	var all []uint32
	calls := 0
	for done := false; !done; calls++ {
		var some []uint32
		some, done = fired(w, start+150, 2)
		all = append(all, some...)
	}
	if !slices.Equal(all, []uint32{0, 2, 1, 3}) || w.Len() != 1 {
		t.Errorf("fired %v, %d left", all, w.Len())
	}
	if calls != 4 { // nine looks: five from the bucket of 64 ms, then one for each
		t.Errorf("%d calls", calls)
	}
	if got, done := fired(w, start+250, 0); done || got != nil {
		t.Errorf("a limit of 0 fired %v, %v", got, done)
	}
}

// However far the jump and whatever lies in between, time turns to no bucket but those that hold slots.
func TestJumpSkipsEmptyBuckets(t *testing.T) {
	w := wheelOf(start, start+1, start+day, start+59*day, start+400*day)
	turns := 0
	for more := true; more; turns++ {
		more = w.turn(start + 500*day)
		for w.rings.occupied[levels] != 0 {
			w.settle(w.rings.first(), func(uint32) {})
		}
	}
	if turns > 4*levels+1 || w.Len() != 0 {
		t.Errorf("%d turns, %d slots left", turns, w.Len())
	}
}

func TestEachSlotIsLookedAtOncePerLevel(t *testing.T) {
	const n = 1000
	asked, deadlines := 0, make([]int64, n)
	w := New(start, func(slot uint32) int64 { asked++; return deadlines[slot] })
	for slot := range deadlines {
		deadlines[slot] = start + int64(slot)*60*day/n
		w.Add(uint32(slot))
	}
	for now := start; now <= start+60*day; now += day / 7 {
		w.Advance(now, math.MaxInt, func(uint32) {})
	}
	if w.Len() != 0 || asked > 7*n { // once when added; 60 days are below level 6
		t.Errorf("%d deadlines asked for, %d slots left", asked, w.Len())
	}
}

// Deadlines beyond the horizon are held and never come; times beyond either end do no harm.
func TestBeyondTheHorizon(t *testing.T) {
	w := wheelOf(start, math.MaxInt64, horizon, horizon-1)
	wantFired(t, w, horizon-2)
	wantFired(t, w, math.MaxInt64, 2)
	wantFired(t, w, math.MaxInt64)
	if next, ok := w.Next(); !ok || next != horizon || w.Len() != 2 {
		t.Errorf("Next = %d, %v, %d slots left", next, ok, w.Len())
	}
	w = wheelOf(math.MinInt64, math.MinInt64, 0, 1)
	wantFired(t, w, -1)
	wantFired(t, w, 0, 0, 1)
	wantFired(t, wheelOf(math.MaxInt64, 5), math.MaxInt64, 0)
}

func TestEmptyWheel(t *testing.T) {
	w := New(start, nil)
	w.Remove(3)
	if _, ok := w.Next(); ok || w.Has(0) || w.Has(math.MaxUint32) || w.Len() != 0 || w.rings.links != nil {
		t.Error("an empty wheel holds something")
	}
	wantFired(t, w, start+day)
}

// Memory is 8 bytes for each slot and an eighth of spare room, and nothing is allocated but to grow.
func TestMemory(t *testing.T) {
	const n = 4096
	w := New(start, func(slot uint32) int64 { return start + int64(slot) })
	moved, room := 0, 0
	for slot := range uint32(n) {
		w.Add(slot)
		if cap(w.rings.links) != room {
			moved, room = moved+1, cap(w.rings.links)
		}
	}
	if moved > 20 { // an eighth each time, from 514 to 4609 nodes
		t.Errorf("the links were moved %d times", moved)
	}
	if got := cap(w.rings.links); got > (n+base)*9/8 {
		t.Errorf("room for %d links", got)
	}
	now := start
	if got := testing.AllocsPerRun(n, func() {
		now += 3
		w.Advance(now, 256, func(slot uint32) { w.Add(slot); w.Remove(slot) })
	}); got != 0 {
		t.Errorf("%v allocations for each Advance", got)
	}
}
