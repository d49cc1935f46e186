package crdt_test

import (
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
	"pgregory.net/rapid"
)

// version draws from few, so that equal ones meet.
func version() *rapid.Generator[crdt.Version] {
	return rapid.Custom(func(t *rapid.T) crdt.Version {
		return crdt.Version{
			Time:   crdt.Time(rapid.Uint64Range(1, 3).Draw(t, "time")),
			Origin: crdt.Origin(rapid.Uint64Range(1, 2).Draw(t, "origin")),
		}
	})
}

// register draws any record, also kinds that never share a version in practice:
// the laws hold without asking how a record came about.
func register() *rapid.Generator[crdt.Register] {
	return rapid.Custom(func(t *rapid.T) crdt.Register {
		r := crdt.Register{
			Version: version().Draw(t, "version"),
			Seq:     rapid.Uint64Range(0, 2).Draw(t, "seq"),
			Kind:    crdt.Kind(rapid.Uint8Range(uint8(crdt.None), uint8(crdt.Clear)).Draw(t, "kind")),
		}
		switch r.Kind {
		case crdt.None:
			return crdt.Register{}
		case crdt.Value, crdt.Ghost:
			r.Deadline = rapid.Int64Range(1, 4).Draw(t, "deadline")
		}
		return r
	})
}

func merged(rs ...crdt.Register) (held crdt.Register) {
	for _, r := range rs {
		held.Merge(r)
	}
	return held
}

func TestVersionOrder(t *testing.T) {
	up := []crdt.Version{{}, {0, 1}, {1, 0}, {1, 1}, {1, 1 << 63}, {1 << 63, 0}}
	for i, v := range up {
		for j, w := range up {
			if v.Less(w) != (i < j) || (v.Compare(w) == 0) != (i == j) {
				t.Errorf("%v against %v: Compare %d, Less %v", v, w, v.Compare(w), v.Less(w))
			}
		}
	}
}

func TestRegisterDot(t *testing.T) {
	r := crdt.Register{Version: crdt.Version{Time: 1, Origin: 2}, Seq: 3}
	if got, want := r.Dot(), (crdt.Dot{Origin: 2, Seq: 3}); got != want {
		t.Errorf("Dot = %v, want %v", got, want)
	}
}

func TestMergeOutcomes(t *testing.T) {
	old, now := crdt.Version{Time: 1, Origin: 9}, crdt.Version{Time: 2, Origin: 1}
	val := crdt.Register{Version: now, Seq: 5, Deadline: 10, Kind: crdt.Value}
	with := func(f func(*crdt.Register)) crdt.Register { r := val; f(&r); return r }
	later := with(func(r *crdt.Register) { r.Deadline = 20 })
	ghost := with(func(r *crdt.Register) { r.Kind = crdt.Ghost })
	lateGhost := with(func(r *crdt.Register) { r.Kind, r.Deadline = crdt.Ghost, 20 })
	tomb := crdt.Register{Version: now, Seq: 5, Kind: crdt.Tombstone}
	older := with(func(r *crdt.Register) { r.Version, r.Deadline = old, 99 })
	unsent := with(func(r *crdt.Register) { r.Seq = 0 })

	for name, c := range map[string]struct {
		held, in, want crdt.Register
		outcome        crdt.Outcome
	}{
		"nothing into nothing":       {crdt.Register{}, crdt.Register{}, crdt.Register{}, crdt.Same},
		"nothing into a value":       {val, crdt.Register{}, val, crdt.Same},
		"a value into nothing":       {crdt.Register{}, val, val, crdt.Won},
		"newer":                      {older, val, val, crdt.Won},
		"older":                      {val, older, val, crdt.Lost},
		"newer tombstone":            {older, tomb, tomb, crdt.Won},
		"newer ghost":                {older, ghost, ghost, crdt.Won},
		"older over a tombstone":     {tomb, older, tomb, crdt.Lost},
		"two values":                 {val, val, val, crdt.Tied},
		"two values, one later":      {val, later, later, crdt.Tied},
		"two values, one earlier":    {later, val, later, crdt.Tied},
		"value into ghost":           {ghost, val, val, crdt.Filled},
		"value into later ghost":     {lateGhost, val, later, crdt.Filled},
		"ghost into value":           {val, ghost, val, crdt.Same},
		"later ghost into value":     {val, lateGhost, later, crdt.Extended},
		"two ghosts":                 {ghost, ghost, ghost, crdt.Same},
		"later ghost":                {ghost, lateGhost, lateGhost, crdt.Extended},
		"earlier ghost":              {lateGhost, ghost, lateGhost, crdt.Same},
		"tombstone of the version":   {val, tomb, tomb, crdt.Won},
		"tombstone over its ghost":   {ghost, tomb, tomb, crdt.Won},
		"value under its tombstone":  {tomb, later, tomb, crdt.Lost},
		"ghost under its tombstone":  {tomb, lateGhost, tomb, crdt.Lost},
		"tombstone twice":            {tomb, tomb, tomb, crdt.Same},
		"a dot for one without":      {unsent, val, val, crdt.Tied},
		"no dot over one with a dot": {val, unsent, val, crdt.Tied},
	} {
		got := c.held
		if o := got.Merge(c.in); o != c.outcome || got != c.want {
			t.Errorf("%s: %v, %+v; want %v, %+v", name, o, got, c.outcome, c.want)
		}
	}
}

// The laws, in one: any order of the same records, each any number of times above
// none, leaves the same register.
func TestMergeCommutesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rs := rapid.SliceOfN(register(), 1, 8).Draw(t, "records")
		again := rapid.SliceOf(rapid.SampledFrom(rs)).Draw(t, "duplicates")
		other := rapid.Permutation(slices.Concat(rs, again)).Draw(t, "order")
		if a, b := merged(rs...), merged(other...); a != b {
			t.Fatalf("%+v or %+v", a, b)
		}
	})
}

func TestMergeAssociatesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := register().Draw(t, "a"), register().Draw(t, "b"), register().Draw(t, "c")
		if l, r := merged(merged(a, b), c), merged(a, merged(b, c)); l != r {
			t.Fatalf("(ab)c = %+v, a(bc) = %+v", l, r)
		}
	})
}

// What Merge reports is what it did.
func TestMergeReportsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held, in := register().Draw(t, "held"), register().Draw(t, "in")
		was := held
		o := held.Merge(in)
		held.Seq, was.Seq, in.Seq = 0, 0, 0
		ok := held == was
		switch o {
		case crdt.Won:
			ok = held == in && held != was
		case crdt.Extended:
			ok = held.Deadline > was.Deadline && held.Kind == was.Kind && held.Version == was.Version
		case crdt.Filled:
			ok = was.Kind == crdt.Ghost && held.Kind == crdt.Value && held.Version == was.Version
		case crdt.Tied:
			ok = was.Kind == crdt.Value && in.Kind == crdt.Value && held.Version == in.Version && held.Deadline >= was.Deadline
		}
		if !ok {
			t.Fatalf("%v: %+v became %+v by %+v", o, was, held, in)
		}
	})
}

// An eviction on the way changes the kind here, and only until the value returns.
func TestMergeAfterEvictionProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rs := rapid.SliceOfN(register(), 1, 8).Draw(t, "records")
		var held crdt.Register
		for _, r := range rs {
			if held.Merge(r); held.Kind == crdt.Value && rapid.Bool().Draw(t, "evict") {
				held.Kind = crdt.Ghost
			}
		}
		want := merged(rs...)
		if held.Version != want.Version || held.Deadline != want.Deadline {
			t.Fatalf("%+v, want %+v", held, want)
		}
		if held.Merge(want); held != want {
			t.Fatalf("%+v after the value came back, want %+v", held, want)
		}
	})
}

func TestExtendProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := register().Draw(t, "held")
		if rapid.Bool().Draw(t, "value") {
			r.Kind = crdt.Value
		}
		v := rapid.OneOf(rapid.Just(r.Version), version()).Draw(t, "version")
		small := rapid.Int64Range(0, 6)
		deadline, bound, now := small.Draw(t, "deadline"), small.Draw(t, "bound"), small.Draw(t, "now")
		was, want := r, r
		if r.Kind == crdt.Value && r.Version == v && now < r.Deadline {
			want.Deadline = max(r.Deadline, min(deadline, bound))
		}
		if moved := r.Extend(v, deadline, bound, now); r != want || moved != (r != was) {
			t.Fatalf("%+v, %v; want %+v", r, moved, want)
		}
	})
}

func TestOutcomeString(t *testing.T) {
	if crdt.Won.String() != "won" || crdt.Lost.String() != "lost" || (crdt.Won+1).String() != "unknown" {
		t.Error("outcomes have the wrong names")
	}
}

func BenchmarkMerge(b *testing.B) {
	held := crdt.Register{Kind: crdt.Value, Deadline: 1}
	in := held
	b.ReportAllocs()
	for b.Loop() {
		in.Version.Time++
		held.Merge(in)
	}
}
