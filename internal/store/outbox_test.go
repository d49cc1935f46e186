package store

import (
	"fmt"
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
)

func replicated(capacity int) *rig {
	return newRig(Config[[]byte]{Capacity: capacity, Replicated: true}, 1)
}

func TestOverwrittenWhileWaitingIsSentOnce(t *testing.T) {
	r := replicated(10)
	r.set(t, "a", "1")
	r.set(t, "b", "1")
	for i := range 1000 {
		r.set(t, "a", fmt.Sprint(i))
	}
	recs := r.drained()
	if len(recs) != 2 || recs[0].Key != "a" || string(recs[0].Value) != "999" || recs[0].Seq != 1 || recs[1].Seq != 2 {
		t.Fatalf("sent %v", recs)
	}
	if r.Waiting() != 0 || r.Seq() != 2 {
		t.Fatalf("%d wait, last number %d", r.Waiting(), r.Seq())
	}
}

func TestEvictedBeforeItWasSentLeavesAsGhost(t *testing.T) {
	r := replicated(1)
	at := r.set(t, "a", "1")
	r.set(t, "b", "1")
	recs := r.drained()
	if len(recs) != 2 || recs[0].Kind != crdt.Ghost || recs[0].Version != at || recs[0].Value != nil || recs[1].Kind != crdt.Value {
		t.Fatalf("sent %v", recs)
	}
}

func TestLoserToAPeerIsNotSent(t *testing.T) {
	r := replicated(10)
	r.set(t, "a", "mine")
	if out := r.offer(written(crdt.Value, "a", 5, "theirs")); out != Won || r.Waiting() != 0 {
		t.Fatalf("outcome %d, %d wait", out, r.Waiting())
	}
	if recs := r.drained(); len(recs) != 0 || r.Seq() != 0 {
		t.Fatalf("sent %v, last number %d", recs, r.Seq())
	}
}

// A value that comes back for a ghost that still waits must not take the place of the ghost's own sending: the others
// have not heard of this version.
func TestFilledGhostStillWaits(t *testing.T) {
	r := replicated(1)
	r.set(t, "a", "1")
	r.set(t, "b", "1")
	r.DotAll()
	lent, _ := r.Look("a")
	lent.Kind, lent.Value = crdt.Value, []byte("1")
	if out := r.offer(lent); out != Filled || r.Waiting() != 2 {
		t.Fatalf("outcome %d, %d wait", out, r.Waiting())
	}
}

func TestRefusedRecordStaysAndKeepsItsNumber(t *testing.T) {
	r := replicated(10)
	r.set(t, "a", "1")
	r.set(t, "b", "1")
	var first []uint64
	r.Drain(func(rec Record[[]byte], _ bool) bool { first = append(first, rec.Seq); return false })
	recs := r.drained()
	if !slices.Equal(first, []uint64{1}) || len(recs) != 2 || recs[0].Key != "a" || recs[0].Seq != 1 || recs[1].Seq != 2 {
		t.Fatalf("refused %v, then sent %v", first, recs)
	}
}

func TestDirtyIsCalledOutsideTheLocks(t *testing.T) {
	var s *Store[[]byte]
	calls := 0
	s = New(Config[[]byte]{
		Capacity: 10, TTL: life, Replicated: true, Hash: fixedHash, Now: func() int64 { return dawn },
		Stamp: func(above crdt.Time) crdt.Version {
			return crdt.Version{Time: max(above.Next(), crdt.At(dawn)), Origin: self}
		},
		Dirty: func() { calls++; s.Drain(func(Record[[]byte], bool) bool { return true }) },
	})
	if _, err := s.Set("a", nil, life); err != nil {
		t.Fatal(err)
	}
	s.Delete("b")
	s.Clear()
	if calls != 3 || s.Waiting() != 0 {
		t.Fatalf("%d calls, %d wait", calls, s.Waiting())
	}
}

// However often a key is touched: within one of its lifetimes at most ten messages tell of it.
func TestTouchesAreCoalesced(t *testing.T) {
	for _, ttl := range []int64{1, 2, 9, 10, 11, 19, 20, 29, 49, 89, 100, 160, 169, 320, 1000, 86_400_000} {
		for _, from := range []int64{dawn, dawn + 1, dawn + 63, dawn + 999} {
			told, step := 0, max(ttl/1000, 1)
			for now := from; now < from+ttl; now += step {
				if tellTouch(now+ttl, now+step+ttl, now+step) {
					told++
				}
			}
			if told > 10 || told < min(5, int(ttl)) {
				t.Errorf("%d messages in a lifetime of %d", told, ttl)
			}
		}
	}
}

func TestTouchIsSentWithoutItsValueAndOnce(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 10, Replicated: true, TTL: 60_000}, 1)
	at := r.set(t, "a", "1")
	r.drained()
	for range 3 {
		r.now.Add(500)
		r.Touch("a", life)
	}
	n := 0
	r.Drain(func(rec Record[[]byte], touch bool) bool {
		if n++; !touch || rec.Version != at || rec.Deadline != dawn+1500+life {
			t.Fatalf("sent %v, touch %v", rec, touch)
		}
		return true
	})
	if n != 1 {
		t.Fatalf("%d sent", n)
	}
}
