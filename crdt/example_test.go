package crdt_test

import (
	"fmt"

	"github.com/geolru/geolru/crdt"
)

// The wall clock falls back by five seconds, and time goes on.
func ExampleClock() {
	var clock crdt.Clock
	a := clock.Now(1_700_000_005_000)
	b := clock.Now(1_700_000_000_000)
	fmt.Println(b > a, b.Milli())

	fmt.Println(clock.Observe(crdt.At(1_700_000_040_000), 1_700_000_005_000))
	fmt.Println(clock.Last() == b)
	// Output:
	// true 1700000005000
	// crdt: time is more than 30 s ahead of the local clock
	// true
}

// A delete in one region and an older write from another: whichever comes last,
// the delete stays.
func ExampleRegister_Merge() {
	write := crdt.Register{
		Version:  crdt.Version{Time: crdt.At(1_700_000_000_000), Origin: 1},
		Seq:      1,
		Deadline: 1_700_000_060_000,
		Kind:     crdt.Value,
	}
	remove := crdt.Register{
		Version: crdt.Version{Time: crdt.At(1_700_000_000_001), Origin: 2},
		Seq:     1,
		Kind:    crdt.Tombstone,
	}
	var here, there crdt.Register
	fmt.Println(here.Merge(write), here.Merge(remove))
	fmt.Println(there.Merge(remove), there.Merge(write))
	fmt.Println(here == there, here.Kind == crdt.Tombstone)
	// Output:
	// won won
	// won lost
	// true true
}

// Record 3 was lost on the way, and it shows.
func ExampleSeen() {
	var here, there crdt.Seen
	for seq := uint64(1); seq <= 5; seq++ {
		dot := crdt.Dot{Origin: 1, Seq: seq}
		here.Add(dot, crdt.At(1_700_000_000_000))
		if seq != 3 {
			there.Add(dot, crdt.At(1_700_000_000_000))
		}
	}
	fmt.Println(there.Head(1), there.Gaps(1), there.Lacks(&here))

	there.Union(&here)
	fmt.Println(there.Head(1), there.Gaps(1), there.Hash() == here.Hash())
	// Output:
	// 2 [{3 3}] true
	// 5 [] true
}
