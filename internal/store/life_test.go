package store

import (
	"sync/atomic"
	"testing"
)

// A lifetime that was asked for begins by the exact clock, however old the coarse one is; the usual one may begin by that.
func TestALifeBeginsNow(t *testing.T) {
	const usual, now, behind = 3_600_000, 1_700_000_000_000, 700
	var coarse atomic.Int64
	coarse.Store(now - behind)
	s := New(Config[int]{Capacity: 10, TTL: usual, Now: func() int64 { return now }, Coarse: &coarse})
	for ttl, want := range map[int64]int64{1: now + 1, near: now + near, usual - 1: now + usual - 1, usual: now - behind + usual} {
		if _, err := s.Set("key", 1, ttl); err != nil {
			t.Fatal(err)
		}
		if got := s.Known("key").Deadline; got != want {
			t.Errorf("a life of %d ms ends at %d, want %d", ttl, got, want)
		}
	}
}
