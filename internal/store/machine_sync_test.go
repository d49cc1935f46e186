package store

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// What of the machine is about peers.

// invent is a record of another node.
func (m *machine) invent(t *rapid.T, kind crdt.Kind) Record[[]byte] {
	ago := rapid.SampledFrom([]int64{-20_000, -5, 0, 3, 100, life / 2, life, 5 * life, keep - 1, keep}).Draw(t, "ago")
	m.foreign++
	rec := Record[[]byte]{Register: crdt.Register{
		Version: crdt.Version{Time: crdt.At(m.model.now-ago) + crdt.Time(m.foreign), Origin: rapid.SampledFrom([]crdt.Origin{2, 3}).Draw(t, "origin")},
		Kind:    kind,
		Seq:     m.foreign,
	}}
	if kind == crdt.Value || kind == crdt.Ghost {
		rec.Deadline = m.unused(m.model.now - ago + rapid.Int64Range(1, life).Draw(t, "ttl"))
	}
	if kind == crdt.Value {
		rec.Value = m.bytes(t)
	}
	return rec
}

// received merges a record as an engine does: the clock sees it first.
func (m *machine) received(t *rapid.T, rec Record[[]byte]) {
	if rec.Version.Time.Future(m.model.now) {
		t.Skip()
	}
	m.clock.Raise(rec.Version.Time)
	via := rapid.SampledFrom([]Via{ViaGossip, ViaSync, ViaBootstrap}).Draw(t, "via")
	by := m.heads(t)
	got := m.Merge(rec, m.model.now, by, via)
	want := Lost
	if rec.Kind == crdt.Clear {
		m.unordered = true
		want = m.model.mergeClear(rec.Register, false)
	} else {
		want = m.model.merge(rec, by, via, false)
	}
	if got != want {
		t.Fatalf("Merge(%v) = %d, want %d", rec, got, want)
	}
}

// heads vouches for nothing, for all, or for all but the last forgotten of an origin.
func (m *machine) heads(t *rapid.T) Heads {
	short := rapid.SampledFrom([]crdt.Origin{0, 0, self, 2, 3, 9}).Draw(t, "voucher")
	if short == 0 {
		return nil
	}
	seen := maps.Clone(m.model.forgotten)
	return func(o crdt.Origin) uint64 {
		if o == short && seen[o].N > 0 {
			return seen[o].N - 1
		}
		return full
	}
}

func (m *machine) mergeNew(t *rapid.T) {
	key := m.key(t)
	rec := m.invent(t, rapid.SampledFrom([]crdt.Kind{crdt.Value, crdt.Value, crdt.Ghost, crdt.Tombstone}).Draw(t, "kind"))
	rec.Key = key
	m.pool = append(m.pool, rec)
	m.received(t, rec)
}

func (m *machine) mergeForeignClear(t *rapid.T) {
	m.step(1)
	rec := m.invent(t, crdt.Clear)
	m.pool = append(m.pool, rec)
	m.received(t, rec)
}

// pooled is a record that has been on the wire.
func (m *machine) pooled(t *rapid.T) Record[[]byte] {
	m.step(1)
	if len(m.pool) == 0 {
		t.Skip()
	}
	return rapid.SampledFrom(m.pool).Draw(t, "record")
}

func (m *machine) mergeAgain(t *rapid.T) { m.received(t, m.pooled(t)) }

// mergeVariant is a record that somebody else holds in another form: as a ghost, touched, or with bytes that it should not
// have.
func (m *machine) mergeVariant(t *rapid.T) {
	rec := m.pooled(t)
	if rec.Kind != crdt.Value {
		t.Skip()
	}
	switch rapid.IntRange(0, 2).Draw(t, "variant") {
	case 0:
		rec.Kind, rec.Value = crdt.Ghost, nil
	case 1:
		rec.Deadline = max(rec.Deadline, m.unused(rec.Version.Time.Milli()+life))
	case 2:
		rec.Value = m.bytes(t)
	}
	m.pool = append(m.pool, rec)
	m.received(t, rec)
}

func (m *machine) clearAll(*rapid.T) {
	m.step(1)
	m.unordered = true
	m.Clear()
	m.model.mergeClear(crdt.Register{Version: m.latest(), Kind: crdt.Clear}, true)
}

func (m *machine) drainSome(t *rapid.T) {
	m.step(1)
	room := rapid.IntRange(0, 4).Draw(t, "room")
	var got []sent
	m.Drain(func(rec Record[[]byte], touch bool) bool {
		got = append(got, sent{rec, touch, len(got) < room})
		return len(got) <= room
	})
	want := m.model.drain(room)
	if !slices.EqualFunc(got, want, func(a, b sent) bool {
		return sameRecord(a.Record, b.Record) && a.touch == b.touch && a.taken == b.taken
	}) {
		t.Fatalf("drained %v\nwant    %v", got, want)
	}
	for _, s := range got {
		if !s.touch {
			m.pool = append(m.pool, s.Record)
		}
	}
}

func (m *machine) dotAll(*rapid.T) {
	m.DotAll()
	m.model.dotAll()
}

func (m *machine) look(t *rapid.T) {
	key := m.key(t)
	rec, ok := m.Look(key)
	held := m.model.held(key)
	if ok != (held != nil) {
		t.Fatalf("Look(%q) = %v, %v", key, rec, ok)
	}
	if !ok {
		return
	}
	m.model.dot(&held.Register)
	if want := m.model.shown(held); !sameRecord(rec, want) {
		t.Fatalf("Look(%q) = %v, want %v", key, rec, want)
	}
	m.pool = append(m.pool, rec)
}

// shown is a record as others may see it: what has expired is a ghost.
func (m *model) shown(r *modelRecord) Record[[]byte] {
	rec := r.Record
	if rec.Kind == crdt.Value && rec.Deadline <= m.now {
		rec.Kind, rec.Value = crdt.Ghost, nil
	}
	return rec
}

func (m *machine) adoptSome(t *rapid.T) {
	m.step(1)
	m.dotAll(t)
	m.unordered = true
	floor := crdt.At(m.model.now - rapid.Int64Range(-100, 2*life).Draw(t, "floor"))
	theirs := map[crdt.Origin]Forgotten{3: {rapid.Uint64Range(0, 50).Draw(t, "number"), floor}}
	listed := map[string]bool{}
	for _, key := range m.keys {
		listed[key] = rapid.Bool().Draw(t, "listed")
	}
	m.clock.Raise(floor)
	got := m.Adopt(floor, theirs, func(key string) bool { return listed[key] })
	want := m.model.adopt(floor, theirs, func(key string) bool { return listed[key] })
	if got != want {
		t.Fatalf("Adopt dropped %d, want %d", got, want)
	}
}

func (m *machine) expireAll(*rapid.T) {
	m.settle()
	m.model.sweep()
}

func (m *machine) count(t *rapid.T) {
	n := m.Len()
	m.model.sweepShards()
	if want := m.model.totals().Entries; n != want {
		t.Fatalf("Len is %d, want %d", n, want)
	}
}
