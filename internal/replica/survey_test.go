package replica_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
)

// A store of any size leaves the processor to others every few thousand slots.
func TestSurveyRests(t *testing.T) {
	m := newMesh(t, 2)
	for i := range 4096 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	m.Run(3 * time.Minute)
	began, ended := m.Nodes()[0].Now(), int64(0)
	items := 0
	for p := range uint64(64) {
		m.caches[0].Survey(p, func(crdt.Dot) { items++ }, func() { ended = m.Nodes()[0].Now() })
	}
	if items == 0 || items == 4096 {
		t.Fatalf("%d items at once", items)
	}
	m.Run(time.Second)
	if took := time.Duration(ended - began); items != 4096 || took < time.Millisecond || took > 100*time.Millisecond {
		t.Fatalf("%d items, %v", items, took)
	}
}

// Two nodes that begin some seconds apart, while others write, survey the same records.
func TestSurveysOfAMinuteAgree(t *testing.T) {
	m := newMesh(t, 2)
	survey := func(i int) map[crdt.Dot]bool {
		all := map[crdt.Dot]bool{}
		for p := range uint64(64) {
			m.caches[i].Survey(p, func(d crdt.Dot) { all[d] = true }, func() {})
		}
		m.Run(time.Second)
		return all
	}
	for i := range 300 {
		m.set(0, fmt.Sprint("k", i), "v")
		m.Run(time.Second)
	}
	m.Run(time.Minute - time.Duration(m.Nodes()[0].Now())%time.Minute) // to the full minute
	one := survey(0)
	m.Run(20 * time.Second)
	if other := survey(1); len(one) == 0 || !maps.Equal(one, other) {
		t.Fatalf("%d and %d records", len(one), len(other))
	}
}

// What comes while a survey goes on, or between it and the verdict, is no bug.
func TestAuditForgivesWhatHasComeSince(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", "old")
	m.Run(time.Second)
	old := m.caches[1].Store().Known("k")
	m.set(0, "k", "new")
	m.Run(time.Second)
	m.caches[1].Judge("k", old, m.caches[0].Store().Known("k"))
	if n := m.caches[1].Counts().AuditMismatches; n != 0 {
		t.Fatalf("%d mismatches", n)
	}
}

// However often they ask, and however many, a node makes few sketches at a time, and one for each.
func TestFewSketchesAtATime(t *testing.T) {
	m := newMesh(t, 2)
	for i := range 4096 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	for _, ask := range []struct {
		from geo.ID
		most int
	}{{"a", 1}, {"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 4}, {"a", 4}} {
		if n := m.caches[0].Sketch(ask.from); n != ask.most {
			t.Fatalf("%d sketches after %q asked, want %d", n, ask.from, ask.most)
		}
	}
	m.Run(time.Second)
	if n := m.caches[0].Sketch("a"); n != 1 {
		t.Fatalf("%d sketches when all had been made, want 1", n)
	}
}
