package store

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"sync/atomic"
	"testing"

	"github.com/geolru/geolru/crdt"
)

// Properties are checked a thousand times; -rapid.checks has the last word.
func init() { _ = flag.Set("rapid.checks", "1000") }

const (
	life   = 1000                             // the lifetime bound in most tests, milliseconds
	keep   = life + 2*int64(crdt.MaxSkew/1e6) // the retention that follows from it
	dawn   = int64(1_700_000_000_000)         // when most tests begin
	self   = crdt.Origin(1)                   // the origin of the store under test
	peer   = crdt.Origin(2)                   // somebody else's
	ever   = int64(1) << 40                   // a lifetime that no test outlives
	plenty = 1 << 20                          // a capacity that no test fills
	full   = ^uint64(0)                       // a head that covers every number
)

// rig is a store whose clock stands in the test's hand, and all that it told its hooks.
type rig struct {
	*Store[[]byte]
	now    atomic.Int64
	clock  crdt.Clock
	stamps []crdt.Version
	told   []string // by OnChange
	gone   []string // by Evicted
	forgot []crdt.Dot
}

// newRig makes a store of so many shards. What c leaves open is filled in.
func newRig(c Config[[]byte], shards int) *rig {
	r := &rig{}
	r.now.Store(dawn)
	if c.TTL == 0 {
		c.TTL = life
	}
	if c.Hash == nil {
		c.Hash = fixedHash
	}
	c.Now = r.now.Load
	if c.Replicated {
		c.Stamp = r.stamp
	}
	c.Rank = rankBytes
	c.Evicted = func(key string, v []byte, cause Cause) { r.gone = append(r.gone, tellGone(key, v, cause)) }
	c.Forgot = func(d crdt.Dot) { r.forgot = append(r.forgot, d) }
	r.Store = sharded(c, shards)
	r.OnChange(func(ch Change[[]byte]) { r.told = append(r.told, tellChange(ch.Kind, ch.Key, ch.Value, ch.Register)) })
	return r
}

// stamp is draw, kept for the test to see.
func (r *rig) stamp(above crdt.Time) crdt.Version {
	v := r.draw(above)
	r.stamps = append(r.stamps, v)
	return v
}

// draw is what an engine does: a version by a hybrid clock that is above everything it has seen.
func (r *rig) draw(above crdt.Time) crdt.Version {
	t := r.clock.Now(r.now.Load())
	if t <= above {
		t = above.Next()
		r.clock.Raise(t)
	}
	return crdt.Version{Time: t, Origin: self}
}

// set writes a value that must be taken.
func (r *rig) set(t testing.TB, key, value string) crdt.Version {
	t.Helper()
	v, err := r.Set(key, []byte(value), life)
	if err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
	return v
}

// offer merges a record by gossip.
func (r *rig) offer(rec Record[[]byte]) Outcome {
	r.clock.Raise(rec.Version.Time)
	return r.Merge(rec, r.now.Load(), nil, ViaGossip)
}

// value is what a read of key gives now, "" if nothing.
func (r *rig) value(key string) string {
	v, _, _ := r.Peek(key, r.now.Load())
	return string(v)
}

// settle lets everything go that is due.
func (r *rig) settle() {
	for !r.Expire(r.now.Load()) {
	}
}

// drained empties the outbox.
func (r *rig) drained() (recs []Record[[]byte]) {
	r.Drain(func(rec Record[[]byte], _ bool) bool {
		recs = append(recs, rec)
		return true
	})
	return recs
}

// written is a record of the peer, written ms after dawn, its number the same.
func written(kind crdt.Kind, key string, ms int64, value string) Record[[]byte] {
	r := Record[[]byte]{Key: key, Register: crdt.Register{
		Version: crdt.Version{Time: crdt.At(dawn + ms), Origin: peer}, Seq: uint64(ms + keep), Kind: kind,
	}}
	if kind == crdt.Value || kind == crdt.Ghost {
		r.Deadline = dawn + ms + life
	}
	if kind == crdt.Value {
		r.Value = []byte(value)
	}
	return r
}

func tellGone(key string, v []byte, cause Cause) string {
	return fmt.Sprintf("%s=%s cause %d", key, v, cause)
}

func tellChange(kind ChangeKind, key string, v []byte, r crdt.Register) string {
	return fmt.Sprintf("%d %s=%s kind %d of %v until %d", kind, key, v, r.Kind, r.Version, r.Deadline)
}

// fixedHash is the same in every run, so that a failure can be repeated.
func fixedHash(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	x := h.Sum64() * 0x9E3779B97F4A7C15
	return x ^ x>>29
}

func seededHash() func(string) uint64 {
	seed := maphash.MakeSeed()
	return func(key string) uint64 { return maphash.String(seed, key) }
}

func rankBytes(v []byte) uint64 { return fixedHash(string(v)) }

func weighBytes(_ string, v []byte) int { return len(v) }

// sameRecord tells whether two records say the same.
func sameRecord(a, b Record[[]byte]) bool {
	return a.Key == b.Key && a.Register == b.Register && bytes.Equal(a.Value, b.Value)
}
