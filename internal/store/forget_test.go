package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
)

// tiny is a store with room for one value, so many ghosts, and as many tombstones.
func tiny(ring int) *rig {
	return newRig(Config[[]byte]{Capacity: 1, Replicated: true, Ghosts: ring, Tombstones: ring}, 1)
}

func TestForgettingRaisesFloorAndNumber(t *testing.T) {
	r := tiny(2)
	for _, ms := range []int64{30, 10, 40, 20} {
		r.offer(written(crdt.Ghost, fmt.Sprint(ms), ms, ""))
	}
	for ms, kind := range map[int64]crdt.Kind{10: crdt.None, 20: crdt.None, 30: crdt.Ghost, 40: crdt.Ghost} {
		if got := r.Known(fmt.Sprint(ms)).Kind; got != kind {
			t.Errorf("of %d is known kind %d, want %d", ms, got, kind)
		}
	}
	want := map[crdt.Origin]Forgotten{peer: {N: uint64(20 + keep), Time: crdt.At(dawn + 20)}}
	if r.Floor() != crdt.At(dawn+20) || !maps.Equal(r.Forgotten(), want) {
		t.Fatalf("floor %v, forgotten %v", r.Floor(), r.Forgotten())
	}
	if wantDots := []crdt.Dot{{Origin: peer, Seq: uint64(10 + keep)}, {Origin: peer, Seq: uint64(20 + keep)}}; !slices.Equal(r.forgot, wantDots) {
		t.Fatalf("told of %v", r.forgot)
	}
}

func TestOutlivedLeavesWithoutRaisingTheFloor(t *testing.T) {
	r := tiny(10)
	r.offer(written(crdt.Ghost, "g", 1, ""))
	r.offer(written(crdt.Tombstone, "d", 2, ""))
	r.set(t, "a", "1")
	r.Delete("a")
	r.now.Store(dawn + keep)
	if r.settle(); r.Counts().Ghosts+r.Counts().Tombstones != 3 {
		t.Fatalf("a millisecond too early: %+v", r.Counts())
	}
	if r.now.Add(1); true {
		r.settle()
	}
	r.now.Add(2)
	r.settle()
	if c := r.Counts(); c.Ghosts+c.Tombstones != 0 || r.Floor() != 0 || len(r.Forgotten()) != 0 || len(r.forgot) != 0 || r.Waiting() != 0 || r.Seq() != 0 {
		t.Fatalf("%+v, floor %v, forgotten %v, %d wait", c, r.Floor(), r.Forgotten(), r.Waiting())
	}
}

// So does what a full ring has no room for.
func TestOutlivedIsForgottenForFree(t *testing.T) {
	r := tiny(1)
	r.offer(written(crdt.Ghost, "old", 1, ""))
	r.now.Store(dawn + keep + 1)
	r.offer(written(crdt.Ghost, "new", keep, ""))
	if r.Floor() != 0 || len(r.Forgotten()) != 0 || r.Known("old").Kind != crdt.None {
		t.Fatalf("floor %v, forgotten %v", r.Floor(), r.Forgotten())
	}
}

func TestForgottenNumberIsPruned(t *testing.T) {
	r := tiny(1)
	r.offer(written(crdt.Ghost, "a", 1, ""))
	r.offer(written(crdt.Ghost, "b", 2, ""))
	r.now.Store(dawn + keep)
	if r.settle(); len(r.Forgotten()) != 1 {
		t.Fatal("pruned too early")
	}
	r.now.Add(1)
	if r.settle(); len(r.Forgotten()) != 0 {
		t.Fatalf("forgotten %v", r.Forgotten())
	}
}

func TestForgottenBeforeItWasSentGetsItsNumber(t *testing.T) {
	r := tiny(1)
	r.Delete("a")
	r.Delete("b")
	if want := map[crdt.Origin]Forgotten{self: {N: 1, Time: r.stamps[0].Time}}; !maps.Equal(r.Forgotten(), want) {
		t.Fatalf("forgotten %v, want %v", r.Forgotten(), want)
	}
	if r.Seq() != 1 || r.Waiting() != 1 || r.Floor() != r.stamps[0].Time {
		t.Fatalf("last number %d, %d wait, floor %v", r.Seq(), r.Waiting(), r.Floor())
	}
}

func TestWhoMayVouch(t *testing.T) {
	head := func(n uint64) Heads { return func(crdt.Origin) uint64 { return n } }
	forgotten := uint64(20 + keep)
	for _, c := range []struct {
		name string
		ms   int64
		by   Heads
		want Outcome
	}{
		{"above the floor", 21, nil, Won},
		{"at the floor", 20, nil, Refused},
		{"below, seen to just before", 5, head(forgotten - 1), Refused},
		{"below, seen up to it", 5, head(forgotten), Won},
	} {
		r := tiny(1)
		r.offer(written(crdt.Ghost, "x", 20, ""))
		r.offer(written(crdt.Ghost, "y", 30, ""))
		if out := r.Merge(written(crdt.Value, "a", c.ms, "1"), dawn, c.by, ViaSync); out != c.want || out.Held() != (r.value("a") == "1") {
			t.Errorf("%s: outcome %d, value %q", c.name, out, r.value("a"))
		}
	}
}

// What has outlived its retention needs nobody's word, though it has not been swept yet.
func TestOutlivedNumberNeedsNoVoucher(t *testing.T) {
	r := tiny(1)
	old := written(crdt.Ghost, "old", 0, "")
	old.Version.Origin = 9
	r.offer(old)
	r.offer(written(crdt.Ghost, "x", 100, ""))
	r.offer(written(crdt.Ghost, "y", 200, ""))
	by := func(o crdt.Origin) uint64 { return map[crdt.Origin]uint64{peer: full}[o] }
	if out := r.Merge(written(crdt.Value, "a", 90, "v"), dawn, by, ViaSync); out != Refused {
		t.Fatalf("outcome %d", out)
	}
	if out := r.Merge(written(crdt.Ghost, "a", 90, ""), dawn+keep, by, ViaSync); out != Won {
		t.Fatalf("outcome %d", out)
	}
}

// A refused record counts as forgotten: it may be the only thing that deleted something elsewhere.
func TestRefusedIsForgotten(t *testing.T) {
	r := tiny(1)
	r.offer(written(crdt.Ghost, "x", 20, ""))
	r.offer(written(crdt.Ghost, "y", 30, ""))
	late := written(crdt.Tombstone, "a", 10, "")
	late.Version.Origin, late.Seq = 9, 77
	r.offer(late)
	if got := r.Forgotten()[9]; got != (Forgotten{77, late.Version.Time}) {
		t.Fatalf("forgotten %v", got)
	}
}

func TestKnownKeyNeedsNoWord(t *testing.T) {
	r := tiny(1)
	r.Merge(written(crdt.Ghost, "a", 5, ""), dawn, nil, ViaSync)
	r.offer(written(crdt.Tombstone, "x", 20, ""))
	r.offer(written(crdt.Tombstone, "y", 30, ""))
	if out := r.offer(written(crdt.Value, "a", 6, "1")); out != Won {
		t.Fatalf("outcome %d", out)
	}
}

// What a peer has forgotten, all kinds of it, goes here too unless it is listed, and is told as evicted.
func TestAdopt(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 10, Replicated: true}, 3)
	for i, kind := range []crdt.Kind{crdt.Value, crdt.Ghost, crdt.Tombstone, crdt.Value, crdt.Value} {
		r.offer(written(kind, string(rune('a'+i)), int64(i), "v"))
	}
	r.told = nil
	theirs := map[crdt.Origin]Forgotten{7: {5, crdt.At(dawn)}}
	if n := r.Adopt(crdt.At(dawn+3), theirs, func(key string) bool { return key == "b" }); n != 3 {
		t.Fatalf("%d dropped", n)
	}
	if r.Floor() != crdt.At(dawn+3) || r.Forgotten()[7] != theirs[7] || r.Forgotten()[peer].N != uint64(3+keep) || len(r.forgot) != 3 {
		t.Fatalf("floor %v, forgotten %v, told of %v", r.Floor(), r.Forgotten(), r.forgot)
	}
	if r.value("a") != "" || r.value("d") != "" || r.Known("b").Kind != crdt.Ghost || r.value("e") != "v" {
		t.Fatal("the wrong ones went")
	}
	var want []string
	for i, key := range []string{"a", "d"} {
		rec := written(crdt.Value, key, int64(3*i), "v")
		want = append(want, tellChange(ChangeEvict, key, rec.Value, rec.Register))
	}
	if slices.Sort(r.told); !slices.Equal(r.told, want) || r.Counts().Evictions != 2 {
		t.Fatalf("told %q, counts %+v", r.told, r.Counts())
	}
}

// The floor may rise over a local write between its stamp and the door. It must be stamped anew: whoever wrote was told
// nothing of a refusal.
func TestLocalWriteIsNeverRefused(t *testing.T) {
	r := tiny(1)
	rises := 2
	r.cfg.Stamp = func(above crdt.Time) crdt.Version {
		v := r.stamp(above)
		if rises > 0 {
			rises--
			r.memory.rise(v.Time)
		}
		return v
	}
	at := r.set(t, "a", "1")
	if r.value("a") != "1" || r.Known("a").Version != at || rises != 0 {
		t.Fatalf("value %q, known %v, stamped %v", r.value("a"), r.Known("a"), at)
	}
}

// A value weighs what its user says, in bytes perhaps: ghosts are counted, so their bound must not follow it.
func TestRingsOfAWeighedCacheAreBounded(t *testing.T) {
	s := New(Config[[]byte]{Capacity: 1 << 34, TTL: life, Replicated: true, Weigh: weighBytes, Hash: fixedHash, Now: func() int64 { return dawn }})
	ghosts, tombs := 0, 0
	for i := range s.shards {
		ghosts += s.shards[i].ghosts.limit
		tombs += s.shards[i].tombs.limit
	}
	if ghosts != minGhosts || tombs != minTombstones {
		t.Fatalf("%d ghosts and %d tombstones", ghosts, tombs)
	}
}
