package crdt_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
	"pgregory.net/rapid"
)

// model is a set of dots as a set of dots.
type model struct {
	dots map[crdt.Dot]bool
	last map[crdt.Origin]crdt.Time
}

func newModel() model { return model{map[crdt.Dot]bool{}, map[crdt.Origin]crdt.Time{}} }

const origins, numbers = 3, 20 // small, so that neighbours and gaps meet

func (m model) add(d crdt.Dot, t crdt.Time) {
	m.dots[d] = true
	m.last[d.Origin] = max(m.last[d.Origin], t)
}

func (m model) drop(o crdt.Origin) {
	delete(m.last, o)
	for n := range uint64(numbers + 1) {
		delete(m.dots, crdt.Dot{Origin: o, Seq: n})
	}
}

// known is the digest of m, built number by number.
func (m model) known() []crdt.Known {
	ks := []crdt.Known{}
	for o := crdt.Origin(1); o <= origins; o++ {
		k := crdt.Known{Origin: o, Last: m.last[o]}
		for n := uint64(1); n <= numbers; n++ {
			if m.dots[crdt.Dot{Origin: o, Seq: n}] {
				k = extend(k, n)
			}
		}
		if k.Head > 0 || k.Ranges != nil {
			ks = append(ks, k)
		}
	}
	return ks
}

// extend appends n, which is above all of k.
func extend(k crdt.Known, n uint64) crdt.Known {
	end := len(k.Ranges) - 1
	switch {
	case n == k.Head+1:
		k.Head = n
	case end >= 0 && k.Ranges[end].Hi == n-1:
		k.Ranges[end].Hi = n
	default:
		k.Ranges = append(k.Ranges, crdt.Range{Lo: n, Hi: n})
	}
	return k
}

// lacks counts the numbers of each origin up to upto; nil is no bound.
func (m model) lacks(other model, upto map[crdt.Origin]uint64) bool {
	for d := range other.dots {
		if !m.dots[d] && (upto == nil || d.Seq <= upto[d.Origin]) {
			return true
		}
	}
	return false
}

func dot() *rapid.Generator[crdt.Dot] {
	return rapid.Custom(func(t *rapid.T) crdt.Dot {
		return crdt.Dot{
			Origin: crdt.Origin(rapid.Uint64Range(1, origins).Draw(t, "origin")),
			Seq:    rapid.Uint64Range(1, numbers).Draw(t, "seq"),
		}
	})
}

// drawn is a set and its model, from up to 60 dots.
func drawn(t *rapid.T, label string) (*crdt.Seen, model) {
	s, m := new(crdt.Seen), newModel()
	for _, d := range rapid.SliceOfN(dot(), 0, 60).Draw(t, label) {
		at := crdt.Time(rapid.Uint64Range(1, 9).Draw(t, "time"))
		s.Add(d, at)
		m.add(d, at)
	}
	return s, m
}

// same compares digests; an empty list of ranges may be nil or not.
func same(a, b []crdt.Known) bool {
	return slices.EqualFunc(a, b, func(x, y crdt.Known) bool {
		return x.Origin == y.Origin && x.Head == y.Head && x.Last == y.Last && slices.Equal(x.Ranges, y.Ranges)
	})
}

func equal(t *rapid.T, s *crdt.Seen, m model) {
	t.Helper()
	if got, want := s.Known(), m.known(); !same(got, want) {
		t.Fatalf("Known = %v, want %v", got, want)
	}
}

// TestSeenProperty runs random operations against the model, and looks at the
// whole set after each.
func TestSeenProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, m, from := new(crdt.Seen), newModel(), crdt.Time(0)
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				equal(t, s, m)
				left := s.Clone()
				if left.Prune(from); s.HashFrom(from) != left.Hash() {
					t.Fatalf("HashFrom(%d) is not that of what Prune would leave", from)
				}
			},
			"from": func(t *rapid.T) { from = crdt.Time(rapid.Uint64Range(0, 10).Draw(t, "from")) },
			"add": func(t *rapid.T) {
				d, at := dot().Draw(t, "dot"), crdt.Time(rapid.Uint64Range(1, 9).Draw(t, "time"))
				m.add(d, at)
				if !s.Add(d, at) {
					t.Fatalf("Add(%v) = false", d)
				}
			},
			"union": func(t *rapid.T) {
				other, om := drawn(t, "other")
				s.Union(other)
				for d := range om.dots {
					m.add(d, om.last[d.Origin])
				}
				equal(t, other, om)
			},
			"drop": func(t *rapid.T) {
				o := crdt.Origin(rapid.Uint64Range(1, origins).Draw(t, "origin"))
				s.Drop(o)
				m.drop(o)
			},
			"prune": func(t *rapid.T) {
				before := crdt.Time(rapid.Uint64Range(1, 10).Draw(t, "before"))
				n := 0
				for o, last := range m.last {
					if last < before {
						m.drop(o)
						n++
					}
				}
				if got := s.Prune(before); got != n {
					t.Fatalf("Prune = %d, want %d", got, n)
				}
			},
			"ask": func(t *rapid.T) { ask(t, s, m) },
		})
	})
}

// ask compares every reading method with the model.
func ask(t *rapid.T, s *crdt.Seen, m model) {
	if s.Len() != len(m.last) {
		t.Fatalf("Len = %d, want %d", s.Len(), len(m.last))
	}
	for o := crdt.Origin(0); o <= origins+1; o++ {
		head, top := uint64(0), uint64(0)
		var holes []uint64
		for n := range uint64(numbers + 2) {
			has := m.dots[crdt.Dot{Origin: o, Seq: n}]
			if s.Has(crdt.Dot{Origin: o, Seq: n}) != has || s.Of(o).Has(n) != has {
				t.Fatalf("Has(%d, %d) is not %v", o, n, has)
			}
			if has {
				top = n
			}
			if has && n == head+1 {
				head = n
			}
		}
		for n := uint64(1); n < top; n++ {
			if !m.dots[crdt.Dot{Origin: o, Seq: n}] {
				holes = append(holes, n)
			}
		}
		if s.Head(o) != head || !s.Covers(o, head) || s.Covers(o, head+1) {
			t.Fatalf("Head(%d) = %d, want %d", o, s.Head(o), head)
		}
		if got := s.Gaps(o); !slices.Equal(flat(got), holes) || got != nil && len(got) == 0 {
			t.Fatalf("Gaps(%d) = %v, want %v", o, got, holes)
		}
	}
}

func flat(rs []crdt.Range) (ns []uint64) {
	for _, r := range rs {
		for n := r.Lo; n <= r.Hi; n++ {
			ns = append(ns, n)
		}
	}
	return ns
}

func TestLacksProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, am := drawn(t, "a")
		b, bm := drawn(t, "b")
		if rapid.Bool().Draw(t, "more") {
			a.Union(b)
			for d := range bm.dots {
				am.add(d, bm.last[d.Origin])
			}
		}
		upto := rapid.MapOf(
			rapid.Map(rapid.Uint64Range(1, origins+1), func(n uint64) crdt.Origin { return crdt.Origin(n) }),
			rapid.Uint64Range(0, numbers+1),
		).Draw(t, "upto")
		if got, want := a.Lacks(b), am.lacks(bm, nil); got != want {
			t.Fatalf("Lacks = %v, want %v", got, want)
		}
		missing := uint64(0)
		for d := range bm.dots {
			if !am.dots[d] {
				missing++
			}
		}
		if got := a.Missing(b); got != missing {
			t.Fatalf("Missing = %d, want %d", got, missing)
		}
		below := newModel()
		for d := range am.dots {
			for other := range bm.dots {
				if other.Origin == d.Origin && other.Seq >= d.Seq {
					below.add(d, am.last[d.Origin])
				}
			}
		}
		equal(t, a.UpTo(b), below)
		equal(t, a, am)
		if got, want := a.LacksUpTo(b, upto), am.lacks(bm, upto); got != want {
			t.Fatalf("LacksUpTo(%v) = %v, want %v", upto, got, want)
		}
	})
}

// Union commutes, repeats without effect, and a digest makes the way there and
// back; a hash is the same exactly for the same dots.
func TestUnionAndDigestProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, am := drawn(t, "a")
		b, bm := drawn(t, "b")
		if same := reflect.DeepEqual(am.dots, bm.dots); (a.Hash() == b.Hash()) != same {
			t.Fatalf("hashes %x and %x, same dots %v", a.Hash(), b.Hash(), same)
		}
		ab, ba := a.Clone(), b.Clone()
		ab.Union(b)
		ba.Union(a)
		ab.Union(ab)
		back, err := crdt.FromKnown(ab.Known())
		if err != nil {
			t.Fatal(err)
		}
		if !same(ab.Known(), ba.Known()) || !same(ab.Known(), back.Known()) {
			t.Fatalf("%v, %v, %v", ab.Known(), ba.Known(), back.Known())
		}
		if ab.Hash() != ba.Hash() || ab.Hash() != back.Hash() || ab.Lacks(a) || ab.Lacks(b) {
			t.Fatal("a union is not the union")
		}
		equal(t, a, am)
		equal(t, b, bm)
	})
}
