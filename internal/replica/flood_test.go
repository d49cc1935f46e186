package replica_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// TestFloodOfDigests: a member that asks again and again for what is settled, and claims to have seen what nobody else has,
// has one of its digests kept.
func TestFloodOfDigests(t *testing.T) {
	m, _, l := lying(t)
	now := crdt.At(m.Nodes()[0].Now() / 1e6)
	for i := range uint64(1000) {
		l.send(m.Nodes()[0].Self(), geo.LaneSync, &wire.Pull{
			Cache: "c", Session: i, Last: true, Settled: true, Digest: []crdt.Known{{Origin: 5, Head: 1, Last: now}},
		})
	}
	m.Run(100 * time.Millisecond)
	if n, _ := m.caches[0].Remembered(); n != 1 {
		t.Errorf("%d digests are kept", n)
	}
	m.Run(3 * time.Second)
	if n, _ := m.caches[0].Remembered(); n != 0 {
		t.Errorf("%d digests are kept for ever", n)
	}
}

// TestFloodOfLives: a member that begins a life with each probe and each batch leaves nothing of those behind.
func TestFloodOfLives(t *testing.T) {
	m, _, l := lying(t)
	_, before := m.caches[0].Remembered()
	for i := range uint64(1000) {
		var nonce [8]byte
		binary.BigEndian.PutUint64(nonce[:], i+1)
		l.send(m.Nodes()[0].Self(), geo.LaneProbe, &wire.Probe{ID: i, Time: l.Now() / 1e6, Caches: []wire.CacheState{
			{Name: "c", TTL: time.Hour.Milliseconds(), Hash: 1, Nonce: nonce},
		}})
		b, err := wire.EncodeBatch(&wire.Batch{Nonce: nonce})
		if err != nil {
			t.Fatal(err)
		}
		l.Publish("c", b)
	}
	m.Run(100 * time.Millisecond)
	if _, n := m.caches[0].Remembered(); n > before+2 {
		t.Errorf("the authors of %d origins are kept, %d before", n, before)
	}
}
