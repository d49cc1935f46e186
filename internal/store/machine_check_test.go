package store

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// What the machine compares after each step.

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
	recount(t, m.Store)
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
	if sh.ghosts.len() > sh.ghosts.limit || sh.tombs.len() > sh.tombs.limit || sh.wheel.Len() != len(s.order) {
		t.Fatalf("%d ghosts of %d, %d tombstones of %d, %d in the wheel",
			sh.ghosts.len(), sh.ghosts.limit, sh.tombs.len(), sh.tombs.limit, sh.wheel.Len())
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
	for at := sh.front; at != 0; at = sh.extras[at].after {
		keys = append(keys, sh.table.Key(at))
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
