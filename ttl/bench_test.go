package ttl

import (
	"math/rand/v2"
	"testing"
)

const benchSlots = 1 << 20

// A million slots that fall due within one second, an operation being one call of Advance with its limit of 256. The
// wheel is filled again, unmeasured, whenever it is empty.
func BenchmarkAdvanceMillionDue(b *testing.B) {
	deadlines, now := make([]int64, benchSlots), start
	w := New(now, func(slot uint32) int64 { return deadlines[slot] })
	expired := 0
	b.ReportAllocs()
	for b.Loop() {
		if w.Len() == 0 {
			b.StopTimer()
			for slot := range deadlines {
				deadlines[slot] = now + 60*second + rand.Int64N(second)
				w.Add(uint32(slot))
			}
			now += 61 * second
			b.StartTimer()
		}
		w.Advance(now, 256, func(uint32) { expired++ })
	}
	b.ReportMetric(float64(expired)/float64(b.N), "expired/op")
}

// An overwrite with a new deadline.
func BenchmarkAddAgain(b *testing.B) {
	deadlines := make([]int64, benchSlots)
	w := New(start, func(slot uint32) int64 { return deadlines[slot] })
	for slot := range deadlines {
		deadlines[slot] = start + rand.Int64N(day)
		w.Add(uint32(slot))
	}
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		slot := i * 2654435761 % benchSlots
		deadlines[slot] += second
		w.Add(slot)
	}
}

// A tick at which nothing is due, the most frequent call.
func BenchmarkAdvanceIdle(b *testing.B) {
	w := wheelOf(start, start+1<<40)
	now := start
	b.ReportAllocs()
	for b.Loop() {
		now++
		w.Advance(now, 256, func(uint32) {})
	}
}
