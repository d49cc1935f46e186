package store

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/geolru/geolru/crdt"
)

// fill writes n new keys and holds what is held against the bound as it goes.
func fill(t *testing.T, r *rig, n, bound int) {
	t.Helper()
	for i := range n {
		if _, err := r.Set(fmt.Sprint("key-", i), nil, life); err != nil {
			t.Fatal(err)
		}
		if i%1000 != 0 && i != n-1 {
			continue
		}
		if c := r.Counts(); c.Entries > bound {
			t.Fatalf("%d entries after %d keys, the capacity is %d", c.Entries, i+1, bound)
		}
	}
}

// bulk is a store as New makes it, which tells nobody anything.
func bulk(c Config[[]byte]) *rig {
	r := &rig{}
	r.now.Store(dawn)
	c.TTL, c.Hash, c.Now = life, seededHash(), r.now.Load
	if c.Replicated {
		c.Stamp = r.draw
	}
	r.Store = New(c)
	return r
}

func TestManyExpireAtOnceInBoundedSteps(t *testing.T) {
	const n = 100_000
	for _, replicas := range []bool{false, true} {
		r := bulk(Config[[]byte]{Capacity: n, Replicated: replicas})
		fill(t, r, n, n)
		held := r.Counts().Entries
		r.now.Add(life)
		for done := false; !done; {
			before := perShardEntries(r)
			done = r.Expire(r.now.Load())
			for i, now := range perShardEntries(r) {
				if before[i]-now > sweepStep {
					t.Fatalf("shard %d let %d go in one step", i, before[i]-now)
				}
			}
		}
		c := r.Counts()
		if c.Entries != 0 || c.Weight != 0 || c.Expirations != uint64(held) || replicas != (c.Ghosts > 0) {
			t.Fatalf("%+v", c)
		}
		recount(t, r.Store)
	}
}

func perShardEntries(r *rig) (n []int) {
	for i := range r.shards {
		n = append(n, r.shards[i].table.InOrder())
	}
	return n
}

// So do ghosts when their retention ends.
func TestManyOutlivedLeaveInBoundedSteps(t *testing.T) {
	const n = 20_000
	r := bulk(Config[[]byte]{Capacity: n, Replicated: true})
	for i := range n {
		r.Delete(fmt.Sprint("key-", i))
	}
	r.now.Add(2 * keep)
	steps := 1
	for ; !r.Expire(r.now.Load()); steps++ {
	}
	if c := r.Counts(); c.Tombstones != 0 || r.Floor() != 0 || steps < n/len(r.shards)/sweepStep {
		t.Fatalf("%d steps, %+v, floor %v", steps, c, r.Floor())
	}
	recount(t, r.Store)
}

func TestCapacityIsNeverExceededAndNearlyUsed(t *testing.T) {
	for _, c := range []struct{ capacity, keys int }{{1, 100}, {5555, 5555}, {5555, 20_000}, {8192, 12_000}, {20_000, 40_000}, {50_000, 75_000}} {
		for _, replicas := range []bool{false, true} {
			r := bulk(Config[[]byte]{Capacity: c.capacity, Replicated: replicas})
			fill(t, r, c.keys, c.capacity)
			if n := r.Counts().Entries; 100*n < 99*c.capacity {
				t.Errorf("%d of %d are held after %d keys, replicated %v", n, c.capacity, c.keys, replicas)
			}
			recount(t, r.Store)
		}
	}
}

func TestCapacityOfAMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("two million writes")
	}
	const capacity = 1_000_000
	r := bulk(Config[[]byte]{Capacity: capacity})
	fill(t, r, capacity, capacity)
	if n := r.Counts().Entries; 100*n < 99*capacity {
		t.Errorf("%d are held after as many keys as there is room for", n)
	}
	for i := range capacity {
		r.Set(fmt.Sprint("more-", i), nil, life)
	}
	if n := r.Counts().Entries; 100*n < 99*capacity || n > capacity {
		t.Errorf("%d are held after two million keys", n)
	}
}

// An eviction takes what has expired before what is alive, however recently it was used.
func TestExpiredMakesRoomFirst(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 3}, 1)
	r.set(t, "old", "v")
	if _, err := r.Set("short", []byte("v"), 10); err != nil {
		t.Fatal(err)
	}
	r.set(t, "new", "v")
	r.now.Add(10)
	r.set(t, "more", "v")
	if r.value("old") != "v" || r.Counts().Evictions != 0 || r.Counts().Expirations != 1 {
		t.Fatalf("%+v, told %q", r.Counts(), r.gone)
	}
}

// A clock that was stepped back and forth serves nothing past its deadline and loses nothing that is alive.
func TestClockSteps(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := newRig(Config[[]byte]{Capacity: 10, Replicated: replicas}, 1)
		r.now.Add(10 * life)
		r.set(t, "ahead", "v")
		r.settle()
		r.now.Store(dawn)
		r.settle()
		r.set(t, "now", "v")
		if r.value("ahead") != "v" || r.value("now") != "v" {
			t.Fatalf("held are %q and %q", r.value("ahead"), r.value("now"))
		}
		r.now.Add(life)
		r.settle()
		if r.value("now") != "" {
			t.Fatal("an expired value is served")
		}
		r.now.Store(dawn + 11*life)
		r.settle()
		if c := r.Counts(); c.Entries != 0 || c.Expirations != 2 {
			t.Fatalf("%+v", c)
		}
	}
}

// TestConditionalWriteJudgesByTheExactClock: what has expired by it is not there, whatever a coarse one that lags says.
func TestConditionalWriteJudgesByTheExactClock(t *testing.T) {
	var coarse atomic.Int64
	coarse.Store(dawn)
	r := newRig(Config[[]byte]{Capacity: 10, TTL: 2 * near, Coarse: &coarse}, 1)
	at, err := r.Set("k", []byte("old"), near/2)
	if err != nil {
		t.Fatal(err)
	}
	r.now.Add(near / 2)
	if done, err := r.SetIf("k", at, []byte("new"), 2*near); done || err != nil {
		t.Fatalf("written over what has expired: %v", err)
	}
	if done, err := r.SetIf("k", crdt.Version{}, []byte("new"), 2*near); !done || err != nil || r.value("k") != "new" {
		t.Fatalf("not written where nothing lives: %v", err)
	}
}
