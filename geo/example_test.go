package geo_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/geolru/geolru/geo"
)

func Example() {
	r := geo.NewRanking("eu", rand.New(rand.NewPCG(1, 2)))
	var now int64 // Unix nanoseconds; the caller's clock

	r.Add("tokyo", "asia", now)
	r.Add("paris", "eu", now)
	fmt.Println("by label:   ", r.Nearest(-1, now))

	r.Add("zurich", "", now) // does not say where it is
	for _, id := range r.Due(now) {
		r.Probed(id, now)
	}
	r.Sample("zurich", 9*time.Millisecond, now)
	r.Sample("paris", 14*time.Millisecond, now)
	r.Sample("tokyo", 230*time.Millisecond, now)
	fmt.Println("measured:   ", r.Nearest(-1, now))

	r.Fail("zurich", now)
	fmt.Println("one failed: ", r.Nearest(-1, now))
	// Output:
	// by label:    [paris tokyo]
	// measured:    [zurich paris tokyo]
	// one failed:  [paris tokyo]
}

func ExampleRanking_Hedge() {
	r := geo.NewRanking("eu", rand.New(rand.NewPCG(1, 2)))
	r.Add("paris", "eu", 0)
	fmt.Println(r.Hedge("paris", 0)) // nothing is known yet
	for range 30 {
		r.Sample("paris", 14*time.Millisecond, 0)
	}
	fmt.Println(r.Hedge("paris", 0).Round(time.Millisecond)) // it always takes 14 ms
	r.Sample("paris", 34*time.Millisecond, 0)
	fmt.Println(r.Hedge("paris", 0).Round(time.Millisecond)) // not always
	// Output:
	// 260ms
	// 14ms
	// 37ms
}

func ExampleBudget() {
	var b geo.Budget
	for range 40 {
		b.Look()
	}
	fmt.Println(b.Hedge(), b.Hedge(), b.Hedge())
	// Output: true true false
}

func ExampleRanking_Plan() {
	var members []geo.Peer
	for i := range 100 {
		region := []string{"eu", "us", "asia"}[i%3]
		members = append(members, geo.Peer{ID: geo.ID(fmt.Sprint(i)), Region: region})
	}
	r := geo.NewRanking("eu", rand.New(rand.NewPCG(1, 2)))
	rnd := rand.New(rand.NewPCG(3, 4))
	fmt.Println(len(r.Plan("0", members[:50], rnd)), "of 49 others")
	fmt.Println(len(r.Plan("0", members, rnd)), "of 99 others")
	// Output:
	// 49 of 49 others
	// 32 of 99 others
}
