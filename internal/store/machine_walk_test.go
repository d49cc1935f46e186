package store

import (
	"slices"

	"pgregory.net/rapid"
)

// What of the machine goes through all that is held.

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
		return
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
