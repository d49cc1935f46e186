package store

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// ordered is the keys in the order of Order, values only if kind is Value, and so on.
func ordered(t testing.TB, r *rig, kind crdt.Kind) (keys []string) {
	t.Helper()
	for _, cursor := range r.Order() {
		rec, ok := r.At(cursor)
		if !ok || rec.Seq == 0 {
			t.Fatalf("At(%x) = %v, %v", cursor, rec, ok)
		}
		if rec.Kind == kind {
			keys = append(keys, rec.Key)
		}
	}
	return keys
}

func TestOrderIsHottestFirstThenGhostsThenTombstones(t *testing.T) {
	r := replicated(3)
	for _, key := range []string{"a", "b", "c", "d", "e"} { // a and b become ghosts
		r.set(t, key, "v")
	}
	r.Delete("d")
	r.Get("c", dawn)
	var kinds []crdt.Kind
	for _, cursor := range r.Order() {
		rec, _ := r.At(cursor)
		kinds = append(kinds, rec.Kind)
	}
	if want := []crdt.Kind{crdt.Value, crdt.Value, crdt.Ghost, crdt.Ghost, crdt.Tombstone}; !slices.Equal(kinds, want) {
		t.Fatalf("kinds %v, want %v", kinds, want)
	}
	if got, want := ordered(t, r, crdt.Value), []string{"c", "e"}; !slices.Equal(got, want) {
		t.Fatalf("values %v, want %v", got, want)
	}
}

// The hottest of all shards come before the second hottest of any.
func TestOrderInterleavesShards(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 4000, Replicated: true}, 4)
	for i := range 1000 {
		r.set(t, fmt.Sprint(i), "v")
	}
	rank := map[uint64]int{}
	last := 0
	for _, cursor := range r.Order() {
		if at := rank[cursor>>32]; at < last {
			t.Fatalf("rank %d of shard %d comes after rank %d", at, cursor>>32, last)
		} else {
			last = at
		}
		rank[cursor>>32]++
	}
	if len(rank) != 4 {
		t.Fatalf("%d shards", len(rank))
	}
}

func TestAtFindsOutWhatIsGone(t *testing.T) {
	r := replicated(3)
	r.set(t, "a", "1")
	cursor := r.Order()[0]
	r.set(t, "a", "2")
	if rec, ok := r.At(cursor); !ok || string(rec.Value) != "2" {
		t.Fatalf("an overwritten record is %v, %v", rec, ok)
	}
	r.now.Add(life)
	if rec, ok := r.At(cursor); !ok || rec.Kind != crdt.Ghost || rec.Value != nil {
		t.Fatalf("an expired value is %v, %v", rec, ok)
	}
	r.Clear()
	for _, c := range []uint64{cursor, 7 << 32, 1 << 20} {
		if rec, ok := r.At(c); ok {
			t.Fatalf("At(%x) = %v", c, rec)
		}
	}
}

// What a store hands over in its order makes another store that answers the same and evicts in the same order; what that
// one has no room for are the coldest, and they are ghosts there.
func TestRestoreInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		capacity := rapid.IntRange(1, 30).Draw(rt, "capacity")
		r := replicated(capacity)
		for range rapid.IntRange(0, 60).Draw(rt, "writes") {
			key := fmt.Sprint(rapid.IntRange(0, 40).Draw(rt, "key"))
			switch rapid.IntRange(0, 5).Draw(rt, "op") {
			case 0:
				r.Delete(key)
			case 1:
				r.Get(key, dawn)
			default:
				r.set(t, key, "v")
			}
		}
		room := rapid.IntRange(1, 40).Draw(rt, "room")
		back := replicated(room)
		for _, cursor := range r.Order() {
			rec, _ := r.At(cursor)
			back.Merge(rec, dawn, func(crdt.Origin) uint64 { return full }, ViaBootstrap)
		}
		values := ordered(t, r, crdt.Value)
		kept := min(room, len(values))
		if got := ordered(t, back, crdt.Value); !slices.Equal(got, values[:kept]) {
			rt.Fatalf("restored %v of %v into %d", got, values, room)
		}
		for _, key := range values[kept:] {
			if got := back.Known(key); got.Kind != crdt.Ghost || got.Version != r.Known(key).Version {
				rt.Fatalf("%s, without room, is %v", key, got)
			}
		}
		if len(back.gone) > 0 || back.Waiting() > 0 {
			rt.Fatalf("told of %v, %d to be sent", back.gone, back.Waiting())
		}
	})
}

// The floor and the numbers are taken over and drop nothing; what is below is refused from then on unless vouched for.
func TestRestoreOfThePast(t *testing.T) {
	r := replicated(10)
	r.offer(written(crdt.Value, "a", 1, "v"))
	r.Restore(crdt.At(dawn+5), map[crdt.Origin]Forgotten{peer: {N: 7, Time: crdt.At(dawn + 5)}})
	if got := r.value("a"); got != "v" {
		t.Fatalf("a is %q", got)
	}
	if r.Floor() != crdt.At(dawn+5) || r.Forgotten()[peer].N != 7 {
		t.Fatalf("floor %v, forgotten %v", r.Floor(), r.Forgotten())
	}
	if out := r.offer(written(crdt.Value, "b", 4, "v")); out != Refused {
		t.Fatalf("outcome %d", out)
	}
	vouching := func(n uint64) Heads { return func(crdt.Origin) uint64 { return n } }
	if out := r.Merge(written(crdt.Value, "c", 4, "v"), dawn, vouching(6), ViaSync); out != Refused {
		t.Fatalf("outcome %d", out)
	}
	r2 := replicated(10)
	r2.Restore(crdt.At(dawn+5), map[crdt.Origin]Forgotten{peer: {N: 7, Time: crdt.At(dawn + 5)}})
	if out := r2.Merge(written(crdt.Value, "c", 4, "v"), dawn, vouching(7), ViaSync); out != Won {
		t.Fatalf("outcome %d", out)
	}
}
