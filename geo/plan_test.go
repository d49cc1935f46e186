package geo

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// flat is n members of one region without measurements.
func flat(n int, region string) []Peer {
	var all []Peer
	for i := range n {
		all = append(all, Peer{ID: ID(fmt.Sprintf("%s%03d", region, i)), Region: region})
	}
	return all
}

func TestPlanIsEverybodyUpTo64(t *testing.T) {
	r := NewRanking("eu", seeded(1))
	for _, n := range []int{0, 1, 2, 63, 64} {
		members := flat(n, "eu")
		want := max(n-1, 0)
		if got := r.Plan("eu000", members, seeded(1)); len(got) != want || slices.Contains(got, "eu000") {
			t.Errorf("%d members: Plan names %d, want all but itself", n, len(got))
		}
	}
	if got := r.Plan("me", flat(63, "eu"), seeded(1)); len(got) != 63 {
		t.Errorf("63 others: Plan names %d", len(got))
	}
	if got := r.Plan("me", flat(64, "eu"), seeded(1)); len(got) != connections {
		t.Errorf("64 others: Plan names %d, want %d", len(got), connections)
	}
}

func TestPlanDependsOnTheSeedAlone(t *testing.T) {
	members := slices.Concat(flat(100, "eu"), flat(100, "us"), flat(1, "me"))
	r := NewRanking("eu", seeded(1))
	first := r.Plan("me000", members, seeded(1))
	slices.Reverse(members)
	doubled := slices.Concat(members, members)
	if got := r.Plan("me000", doubled, seeded(1)); !slices.Equal(got, first) {
		t.Errorf("Plan = %q for the same members in another order, was %q", got, first)
	}
	if got := r.Plan("me000", members, seeded(2)); slices.Equal(got, first) {
		t.Error("another seed, the same plan")
	}
}

func TestPlanNamesTheNearestEight(t *testing.T) {
	members := slices.Concat(flat(100, "us"), flat(3, "eu"))
	r := NewRanking("eu", seeded(1))
	var want []ID
	for i, m := range members[:20] {
		r.Add(m.ID, m.Region, 0)
		r.Sample(m.ID, time.Duration(i)*ms, 0)
		want = append(want, m.ID)
	}
	r.Fail(members[0].ID, 0)
	got := r.Plan("me", members, seeded(1))
	kin := []ID{"eu000", "eu001", "eu002"}
	for _, id := range slices.Concat(kin, want[1:6]) {
		if !slices.Contains(got[:nearby], id) {
			t.Errorf("Plan = %q, want %q among the first eight", got, id)
		}
	}
}

func TestPlanKeepsWhoIsConnectedAndTriesOne(t *testing.T) {
	members := flat(200, "eu")
	r := NewRanking("eu", seeded(1))
	for i := range 50 {
		members[i*3].Connected = true
		r.Add(members[i*3].ID, "eu", 0)
		r.Sample(members[i*3].ID, ms, 0)
	}
	fresh := 0
	for _, id := range r.Plan("me", members, seeded(1)) {
		if r.peers[id] == nil {
			fresh++
		}
	}
	if fresh != strangers {
		t.Errorf("%d of the plan are not connected yet, want %d", fresh, strangers)
	}
}

func TestPlanWithManyRegionsStaysBelow64(t *testing.T) {
	var members []Peer
	for i := range 100 {
		members = append(members, flat(3, fmt.Sprintf("r%02d-", i))...)
	}
	r := NewRanking("eu", seeded(1))
	got := r.Plan("me", members, seeded(1))
	seen := make(map[ID]bool)
	for _, id := range got {
		seen[id[:3]] = true
	}
	if len(got) != everybody || len(seen) < everybody-strangers {
		t.Errorf("Plan names %d in %d regions, want 64 in 63 at least", len(got), len(seen))
	}
}

func TestPlanTakesThreeOfEachRegionWhereThereIsRoom(t *testing.T) {
	for regions, want := range map[int]int{7: better, 14: perRegion} {
		var members []Peer
		for i := range regions {
			members = append(members, flat(20, fmt.Sprintf("r%02d-", i))...)
		}
		members = append(members, flat(20, "eu")...)
		least := make(map[ID]int)
		for _, id := range NewRanking("eu", seeded(1)).Plan("me", members, seeded(1)) {
			least[id[:3]]++
		}
		for i := range regions {
			if id := ID(fmt.Sprintf("r%02d", i)); least[id] < want {
				t.Errorf("of %d other regions %s has %d of the plan, want %d", regions, id, least[id], want)
			}
		}
	}
}
