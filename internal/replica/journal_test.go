package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/wire"
)

// noted is what a journal was told.
type noted struct {
	by    *crdt.Seen
	total uint64
	m     *wire.Records
}

// journaled has the second of two nodes be filled with so many records of 10 KB from the first, and ends its life at half.
func journaled(t *testing.T, n int) (m *mesh, o replica.Options, notes []noted) {
	m = newMesh(t, 1)
	for i := range n {
		m.set(0, fmt.Sprint("key", i), string(make([]byte, 10_000)))
	}
	m.Run(time.Second)
	o = standard
	o.Journal = func(by *crdt.Seen, total uint64, r *wire.Records) { notes = append(notes, noted{by, total, r}) }
	_, c := m.add("there", o)
	if !m.Until(time.Minute, func() bool { return c.Store().Len() >= n/2 }) {
		t.Fatalf("%d are there", c.Store().Len())
	}
	return m, o, notes
}

// rise has the second node come back with its journal, after a while.
func rise(m *mesh, o replica.Options, after time.Duration, notes []noted) *replica.Cache {
	n := m.Nodes()[1]
	n.Crash()
	m.Run(after)
	n.Start()
	o.Replay = func(replay func(*crdt.Seen, uint64, *wire.Records)) {
		for _, n := range notes {
			replay(n.by, n.total, n.m)
		}
	}
	c, err := n.Engine.Open(o)
	if err != nil {
		m.t.Fatal(err)
	}
	m.caches[1] = c
	return c
}

// What a journal was told is there at once, and not sent again.
func TestJournalIsNotSentAgain(t *testing.T) {
	const n = 400
	m, o, notes := journaled(t, n)
	c := rise(m, o, time.Second, notes)
	here := c.Store().Len()
	if here < n/2 || c.Counts().Bootstrap > 0 {
		t.Errorf("%d of %d are there; %v of the bootstrap", here, n, c.Counts().Bootstrap)
	}
	m.Run(30 * time.Second)
	if moved := m.Nodes()[1].Engine.Counters().Moved; c.Store().Len() != n || moved != uint64(n-here) {
		t.Errorf("%d are there at last; %d moved, %d were lacking", c.Store().Len(), moved, n-here)
	}
}

// What was overwritten or deleted since comes, and nothing of it is claimed before: a journal marks its own dots alone.
func TestJournalClaimsNothingElse(t *testing.T) {
	const n = 400
	m, o, notes := journaled(t, n)
	first := notes[0].m.Records
	m.set(0, first[0].Key, "new")
	m.caches[0].Store().Delete(first[1].Key)
	c := rise(m, o, time.Second, notes)
	if seen, theirs := c.Digest(), m.caches[0].Digest(); !seen.Lacks(theirs) || theirs.Lacks(seen) {
		t.Error("it claims what it has not")
	}
	m.Run(30 * time.Second)
	if got := m.get(1, first[0].Key); got != "new" || m.get(1, first[1].Key) != "" {
		t.Errorf("%.10q, and the deleted one", got)
	}
}

// Of what has outlived its retention nothing is alive again.
func TestJournalIsOutlived(t *testing.T) {
	m, o, notes := journaled(t, 400)
	m.Nodes()[0].Crash()
	if c := rise(m, o, o.TTL+2*time.Minute, notes); c.Store().Len() > 0 {
		t.Errorf("%d came back", c.Store().Len())
	}
}

// What was deleted and forgotten here, after the journal was told of it, does not come back: its sender had not seen that.
func TestJournalIsOlderThanWhatWasForgotten(t *testing.T) {
	m, o, notes := journaled(t, 400)
	m.Run(30 * time.Second)
	o.Tombstones = 1
	key := notes[0].m.Records[0].Key
	if err := m.restart(1, o, time.Second, imageOf(m.caches[1])); err != nil {
		t.Fatal(err)
	}
	m.Cut(0, 1)
	m.Run(3 * time.Second)
	for _, k := range []string{key, "i", "j"} {
		m.caches[1].Store().Delete(k)
	}
	before := imageOf(m.caches[1])
	if m.caches[1].Store().Known(key).Kind != crdt.None {
		t.Fatal("it is remembered")
	}
	o.Replay = func(replay func(*crdt.Seen, uint64, *wire.Records)) {
		for _, n := range notes {
			replay(n.by, n.total, n.m)
		}
	}
	if err := m.restart(1, o, time.Second, before); err != nil {
		t.Fatal(err)
	}
	if m.get(1, key) != "" {
		t.Error("what was deleted is back")
	}
}

// Of a repair a journal is told once it is large.
func TestJournalOfARepair(t *testing.T) {
	for missed, told := range map[int]bool{50: false, 300: true} {
		m := newMesh(t, 1)
		for i := range 1000 {
			m.set(0, fmt.Sprint("key", i), string(make([]byte, 10_000)))
		}
		m.Run(time.Second)
		notes := 0
		o := standard
		o.Journal = func(*crdt.Seen, uint64, *wire.Records) { notes++ }
		m.add("there", o)
		m.Run(30 * time.Second)
		m.Cut(0, 1)
		m.Run(5 * time.Second)
		notes = 0
		for i := range missed {
			m.set(0, fmt.Sprint("missed", i), string(make([]byte, 10_000)))
		}
		m.Run(time.Second)
		m.Heal()
		m.Run(30 * time.Second)
		if got := m.caches[1].Store().Len(); got != 1000+missed || notes > 0 != told {
			t.Errorf("%d missed: %d are there, %d notes", missed, got, notes)
		}
	}
}
