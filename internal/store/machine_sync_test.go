package store

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// What of the machine is about peers, and the comparison after each step.

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
		if s.taken {
			m.sent = append(m.sent, s)
		}
		if !s.touch {
			m.pool = append(m.pool, s.Record)
		}
	}
}

func (m *machine) requeue(t *rapid.T) {
	m.step(1)
	if len(m.sent) == 0 {
		t.Skip()
	}
	s := rapid.SampledFrom(m.sent).Draw(t, "sent")
	m.Requeue(s.Key, s.Version, s.touch)
	m.model.requeue(s.Key, s.Version, s.touch)
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

// walk visits all in steps of any length, and now and then refuses a record once.
func (m *machine) walk(t *rapid.T) {
	m.step(1)
	seen, refused := map[string]bool{}, map[string]bool{}
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		n := rapid.IntRange(1, 5).Draw(t, "slots")
		cursor = m.Walk(cursor, n, func(rec Record[[]byte]) bool {
			m.dotted(t, rec)
			if !refused[rec.Key] && rapid.IntRange(0, 4).Draw(t, "refuse") == 0 {
				refused[rec.Key] = true
				return false
			}
			if seen[rec.Key] {
				t.Fatalf("visited %q twice", rec.Key)
			}
			seen[rec.Key] = true
			return true
		})
	}
	for _, s := range m.model.shards {
		for key := range s.records {
			if !seen[key] {
				t.Fatalf("did not visit %q", key)
			}
		}
	}
}

// dotted compares a record of a walk with the model's, which takes over its new number: a walk goes by slots, of which
// the model knows nothing.
func (m *machine) dotted(t *rapid.T, rec Record[[]byte]) {
	held := m.model.held(rec.Key)
	if held == nil {
		t.Fatalf("visited %v", rec)
	}
	if held.Seq == 0 {
		m.model.dot(&held.Register)
	}
	if want := m.model.shown(held); !sameRecord(rec, want) {
		t.Fatalf("visited %v, want %v", rec, want)
	}
}

func (m *machine) scan(t *rapid.T) {
	var keys []string
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = m.Scan(cursor, rapid.IntRange(1, 5).Draw(t, "slots"), func(rec Record[[]byte]) { keys = append(keys, rec.Key) })
	}
	var want []string
	for _, s := range m.model.shards {
		for _, r := range s.order {
			if m.model.live(r) {
				want = append(want, r.Key)
			}
		}
	}
	if slices.Sort(keys); !slices.Equal(keys, slices.Sorted(slices.Values(want))) {
		t.Fatalf("scanned %v, want %v", keys, want)
	}
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

func (m *model) totals() Counts {
	c := m.counts
	for _, s := range m.shards {
		c.Entries += len(s.order)
		c.Weight += s.weight()
		c.Ghosts += len(s.kind(crdt.Ghost))
		c.Tombstones += len(s.kind(crdt.Tombstone))
	}
	return c
}

// check compares everything that can be asked.
func (m *machine) check(t *rapid.T) {
	if got, want := m.Counts(), m.model.totals(); got != want {
		t.Fatalf("counts %+v\nwant   %+v", got, want)
	}
	if m.Floor() != m.model.floor || !maps.Equal(m.Forgotten(), m.model.forgotten) || m.Seq() != m.model.seq {
		t.Fatalf("floor %v, forgotten %v, last number %d\nwant %v, %v, %d",
			m.Floor(), m.Forgotten(), m.Seq(), m.model.floor, m.model.forgotten, m.model.seq)
	}
	if c := m.clear.Load(); c != nil && *c != m.model.clear || c == nil && m.model.clear.Kind != crdt.None || m.Waiting() != m.model.waiting() {
		t.Fatalf("clear %v, %d wait, want %v, %d", c, m.Waiting(), m.model.clear, m.model.waiting())
	}
	m.checkKeys(t)
	for i, s := range m.model.shards {
		m.checkShard(t, &m.shards[i], s)
	}
	m.checkTold(t)
}

func (m *machine) checkKeys(t *rapid.T) {
	for _, key := range m.keys {
		held := m.model.held(key)
		var known crdt.Register
		if held != nil {
			known = m.model.shown(held).Register
		}
		if got := m.Known(key); got != known {
			t.Fatalf("of %q is known %v, want %v", key, got, known)
		}
		v, r, ok := m.Peek(key, m.model.now)
		if ok != m.model.live(held) || ok && (r != held.Register || !bytes.Equal(v, held.Value)) {
			t.Fatalf("Peek(%q) = %q, %v, %v, want %v", key, v, r, ok, held)
		}
	}
}

func (m *machine) checkShard(t *rapid.T, sh *shard[[]byte], s *modelShard) {
	if got := usage(sh); !slices.Equal(got, keysOf(s.order)) {
		t.Fatalf("the order of use is %v, want %v", got, keysOf(s.order))
	}
	if got := waiting(sh); !slices.Equal(got, keysOf(s.out)) {
		t.Fatalf("%v wait, want %v", got, keysOf(s.out))
	}
	if sh.weight > sh.room || sh.ghosts.len() > sh.ghosts.limit || sh.tombs.len() > sh.tombs.limit || sh.wheel.Len() != len(s.order) {
		t.Fatalf("weight %d of %d, %d ghosts of %d, %d tombstones of %d, %d in the wheel",
			sh.weight, sh.room, sh.ghosts.len(), sh.ghosts.limit, sh.tombs.len(), sh.tombs.limit, sh.wheel.Len())
	}
}

func keysOf(rs []*modelRecord) (keys []string) {
	for _, r := range rs {
		keys = append(keys, r.Key)
	}
	return keys
}

// waiting is the keys of a shard's outbox in order.
func waiting[P any](sh *shard[P]) (keys []string) {
	for at := sh.first; at != 0; at = sh.table.At(at - 1).after {
		keys = append(keys, sh.table.Key(at-1))
	}
	return keys
}

// checkTold compares what the hooks were told since the last step.
func (m *machine) checkTold(t *rapid.T) {
	w := m.model
	if m.unordered {
		for _, list := range [][]string{m.told, w.told, m.gone, w.gone} {
			slices.Sort(list)
		}
		byOrigin := func(a, b crdt.Dot) int { return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Seq, b.Seq)) }
		slices.SortFunc(m.forgot, byOrigin)
		slices.SortFunc(w.forgot, byOrigin)
	}
	if !slices.Equal(m.told, w.told) || !slices.Equal(m.gone, w.gone) || !slices.Equal(m.forgot, w.forgot) {
		t.Fatalf("told %q, gone %q, forgot %v\nwant %q, %q, %v", m.told, m.gone, m.forgot, w.told, w.gone, w.forgot)
	}
	m.told, m.gone, m.forgot, w.told, w.gone, w.forgot = nil, nil, nil, nil, nil, nil
	m.unordered = false
}
