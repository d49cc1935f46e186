package ttl_test

import (
	"fmt"

	"github.com/geolru/geolru/ttl"
)

// The owner keeps the deadlines and the clock, and bounds the work that it does under its lock.
func Example() {
	deadlines := []int64{1_000, 5_000, 1_000, 86_400_000}
	w := ttl.New(0, func(slot uint32) int64 { return deadlines[slot] })
	for slot := range deadlines {
		w.Add(uint32(slot))
	}
	deadlines[2] = 6_000 // put off

	for now := int64(0); now <= 6_000; now += 500 {
		for !w.Advance(now, 256, func(slot uint32) { fmt.Println("slot", slot, "at", now) }) {
			continue // here the owner lets go of its lock
		}
	}
	fmt.Println(w.Len(), "left")
	// Output:
	// slot 0 at 1000
	// slot 1 at 5000
	// slot 2 at 6000
	// 1 left
}

// A timer set to Next wakes no later than the next deadline.
func ExampleWheel_Next() {
	const deadline = 1_000_000
	w := ttl.New(0, func(uint32) int64 { return deadline })
	w.Add(0)
	for at, ok := w.Next(); ok; at, ok = w.Next() {
		fmt.Println("wake at", at)
		w.Advance(at, 256, func(uint32) { fmt.Println("expired") })
	}
	// Output:
	// wake at 786432
	// wake at 999424
	// wake at 1000000
	// expired
}
