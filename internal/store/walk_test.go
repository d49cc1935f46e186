package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// walkAll is the keys that a walk in steps of n slots visits. between runs after each step.
func walkAll(r *rig, n int, between func()) (keys []string) {
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = r.Walk(cursor, n, func(rec Record[[]byte]) bool { keys = append(keys, rec.Key); return true })
		between()
	}
	return keys
}

// What is there from the first step to the last is visited, and once, whatever comes and goes meanwhile.
func TestWalkMissesNothingThatStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shards := rapid.IntRange(1, 3).Draw(t, "shards")
		r := newRig(Config[[]byte]{Capacity: 1000, Replicated: rapid.Bool().Draw(t, "replicated")}, shards)
		for i := range 20 {
			r.Set(fmt.Sprint("stays", i), nil, life)
			r.Set(fmt.Sprint("goes", i), nil, life)
		}
		visited := map[string]int{}
		for _, key := range walkAll(r, rapid.IntRange(1, 9).Draw(t, "slots"), func() {
			key := fmt.Sprint("goes", rapid.IntRange(0, 40).Draw(t, "key"))
			if rapid.Bool().Draw(t, "delete") {
				r.Delete(key)
			} else {
				r.Set(key, nil, life)
			}
			r.Set(fmt.Sprint("stays", rapid.IntRange(0, 19).Draw(t, "overwritten")), nil, life)
		}) {
			visited[key]++
		}
		for i := range 20 {
			if key := fmt.Sprint("stays", i); visited[key] != 1 {
				t.Fatalf("%q was visited %d times", key, visited[key])
			}
		}
	})
}

// Zero is where a walk begins and how it ends, but never where it goes on.
func TestFirstRecordRefused(t *testing.T) {
	for _, shards := range []int{1, 3} {
		r := newRig(Config[[]byte]{Capacity: 1000, Replicated: true}, shards)
		for i := range 10 {
			r.set(t, fmt.Sprint(i), "v")
		}
		var refused string
		cursor := r.Walk(0, 100, func(rec Record[[]byte]) bool { refused = rec.Key; return false })
		if cursor == 0 {
			t.Fatal("refusing the first record ended the walk")
		}
		var keys []string
		if next := r.Walk(cursor, 100, func(rec Record[[]byte]) bool { keys = append(keys, rec.Key); return true }); next != 0 {
			t.Fatalf("it did not end: %x", next)
		}
		if len(keys) != 10 || keys[0] != refused {
			t.Fatalf("refused %q, then visited %v", refused, keys)
		}
	}
}

func TestEveryRecordRefusedOnce(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 1000, Replicated: true}, 3)
	for i := range 10 {
		r.set(t, fmt.Sprint(i), "v")
	}
	var keys []string
	refused := map[string]bool{}
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = r.Walk(cursor, 100, func(rec Record[[]byte]) bool {
			if !refused[rec.Key] {
				refused[rec.Key] = true
				return false
			}
			keys = append(keys, rec.Key)
			return true
		})
	}
	if len(keys) != 10 || len(slices.Compact(slices.Sorted(slices.Values(keys)))) != 10 {
		t.Fatalf("visited %v", keys)
	}
}

// Cursors come from outside: any number is one.
func TestStrangeCursors(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 1000, Replicated: true}, 3)
	for i := range 10 {
		r.set(t, fmt.Sprint(i), "v")
	}
	for _, cursor := range []uint64{1, 1 << 31, 1<<32 - 1, 1 << 32, 2<<32 | 1<<31, 3 << 32, 1 << 63, full} {
		for _, n := range []int{-1 << 63, -1, 0, 1, 1<<63 - 1} {
			next := r.Walk(cursor, n, func(Record[[]byte]) bool { return true })
			r.Scan(cursor, n, func(Record[[]byte]) {})
			if next != 0 && n > 0 && next <= cursor {
				t.Errorf("a walk of %d from %x leads back to %x", n, cursor, next)
			}
		}
	}
}

func TestWalkShowsTheExpiredAsGhostsAndNothingCleared(t *testing.T) {
	r := replicated(10)
	r.set(t, "a", "1")
	r.now.Add(life)
	n := 0
	r.Walk(0, 100, func(rec Record[[]byte]) bool {
		if n++; rec.Kind != crdt.Ghost || rec.Value != nil || rec.Seq != 1 {
			t.Errorf("visited %v", rec)
		}
		return true
	})
	r.Clear()
	r.Walk(0, 100, func(rec Record[[]byte]) bool { t.Errorf("visited %v", rec); return true })
	if n != 1 {
		t.Fatalf("visited %d", n)
	}
}

func TestScanShowsTheLiveOnly(t *testing.T) {
	r := replicated(3)
	r.offer(written(crdt.Ghost, "ghost", 1, ""))
	r.Delete("deleted")
	if _, err := r.Set("expired", nil, 1); err != nil {
		t.Fatal(err)
	}
	at := r.set(t, "live", "v")
	r.now.Add(1)
	var recs []Record[[]byte]
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = r.Scan(cursor, 1, func(rec Record[[]byte]) { recs = append(recs, rec) })
	}
	if len(recs) != 1 || recs[0].Key != "live" || recs[0].Version != at || recs[0].Seq != 0 {
		t.Fatalf("scanned %v", recs)
	}
}

func TestEachShowsAllThatIsKnownAndGivesNoDots(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 1000, Replicated: true}, 3)
	r.set(t, "value", "v")
	r.Delete("deleted")
	r.offer(written(crdt.Ghost, "ghost", 1, ""))
	kinds := map[string]crdt.Kind{}
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = r.Each(cursor, 1, func(key string, reg crdt.Register) { kinds[key] = reg.Kind })
	}
	if want := map[string]crdt.Kind{"value": crdt.Value, "deleted": crdt.Tombstone, "ghost": crdt.Ghost}; !maps.Equal(kinds, want) || r.Seq() != 0 {
		t.Fatalf("visited %v, last number %d", kinds, r.Seq())
	}
	r.Clear()
	r.Each(0, 1000, func(key string, _ crdt.Register) { t.Errorf("visited %q", key) })
}

// What somebody has is not handed over, and what has no number yet gets one and is.
func TestWalkBut(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: plenty, Replicated: true}, 3)
	for _, key := range []string{"a", "b", "c"} {
		r.set(t, key, "v")
	}
	r.DotAll()
	r.set(t, "d", "v")
	has := map[crdt.Dot]bool{}
	r.Walk(0, 100, func(rec Record[[]byte]) bool {
		if rec.Key == "a" || rec.Key == "c" {
			has[rec.Dot()] = true
		}
		return true
	})
	var keys []string
	r.WalkBut(0, 100, func(d crdt.Dot) bool { return has[d] }, func(rec Record[[]byte]) bool {
		keys = append(keys, rec.Key)
		return rec.Seq != 0
	})
	if slices.Sort(keys); !slices.Equal(keys, []string{"b", "d"}) {
		t.Errorf("handed over were %q", keys)
	}
}
