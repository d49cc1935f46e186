package store

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// Any order and any duplication of the same records gives the same state.
func TestOrderOfRecordsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs := rapid.SliceOfN(rapid.Custom(drawRecord), 1, 25).Draw(t, "records")
		again := rapid.SliceOfN(rapid.SampledFrom(recs), 0, 25).Draw(t, "again")
		shuffled := rapid.Permutation(append(again, recs...)).Draw(t, "shuffled")
		a, b := merged(recs, ViaGossip), merged(shuffled, rapid.SampledFrom([]Via{ViaGossip, ViaSync, ViaBootstrap}).Draw(t, "via"))
		if a.Cleared() != b.Cleared() || a.Floor() != 0 || b.Floor() != 0 {
			t.Fatalf("clear %v and %v", a.Cleared(), b.Cleared())
		}
		for i := range commuteKeys {
			key := fmt.Sprint("k", i)
			ra, _ := a.Look(key)
			rb, _ := b.Look(key)
			if !sameRecord(ra, rb) || a.value(key) != b.value(key) {
				t.Fatalf("%q is %v and %v", key, ra, rb)
			}
		}
	})
}

const commuteKeys = 4

// merged is a store without bounds in which all that came has been merged.
func merged(recs []Record[[]byte], via Via) *rig {
	r := newRig(Config[[]byte]{Capacity: 1000, Replicated: true}, 2)
	for _, rec := range recs {
		r.Merge(rec, dawn, nil, via)
	}
	return r
}

// drawRecord is one of few versions in one of the forms in which it may travel: what a version is (a write, a delete or
// a Clear) follows from its time, so does its dot, and so do its bytes but for a few.
func drawRecord(t *rapid.T) Record[[]byte] {
	ms, origin := rapid.Int64Range(0, 6).Draw(t, "time"), rapid.Uint64Range(2, 3).Draw(t, "origin")
	key := fmt.Sprint("k", rapid.IntRange(0, commuteKeys-1).Draw(t, "key"))
	rec := Record[[]byte]{Key: key, Register: crdt.Register{
		Version:  crdt.Version{Time: crdt.At(dawn - life/2 + ms), Origin: crdt.Origin(origin)},
		Seq:      uint64(ms)*1000 + fixedHash(key)%1000 + 1,
		Deadline: dawn + rapid.SampledFrom([]int64{-10, 0, 1, 10, life / 2}).Draw(t, "deadline"),
		Kind:     rapid.SampledFrom([]crdt.Kind{crdt.Value, crdt.Value, crdt.Ghost}).Draw(t, "kind"),
	}}
	switch {
	case ms == 2 && origin == 2:
		rec.Key, rec.Kind, rec.Deadline, rec.Seq = "", crdt.Clear, 0, 99_999
	case ms%3 == 1:
		rec.Kind, rec.Deadline = crdt.Tombstone, 0
	case rec.Kind == crdt.Value:
		rec.Value = []byte{byte('a' + ms), byte(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "bytes"))}
	}
	return rec
}
