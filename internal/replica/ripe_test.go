package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
)

// flow writes keys, each once, at both nodes while so much time passes.
func (m *mesh) flow(d time.Duration) {
	for end := m.Now() + d; m.Now() < end; {
		m.set(0, fmt.Sprint("a", m.Now()), "v")
		m.set(1, fmt.Sprint("b", m.Now()), "v")
		m.Run(20 * time.Millisecond)
	}
}

func (m *mesh) pulls() (pulls, settled, moved uint64) {
	for _, n := range m.Nodes() {
		c := n.Engine.Counters()
		pulls, settled, moved = pulls+c.Pulls, settled+c.Settled, moved+c.Moved
	}
	return pulls, settled, moved
}

// While writes go on and nothing is lost, rounds ask, and bring nothing: not a record, and few bytes.
func TestRoundsLeaveOutWhatIsInFlight(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Delay = 100 * time.Millisecond
	pulls, settled, moved := m.pulls()
	frames := 0
	for _, n := range m.Nodes() {
		n.Sent = func(lane uint8) {
			if lane == geo.LaneSync {
				frames++
			}
		}
	}
	m.flow(time.Minute)
	after, s, now := m.pulls()
	if after == pulls || after-pulls != s-settled || now != moved {
		t.Errorf("%d pulls, %d for what is settled, %d records moved", after-pulls, s-settled, now-moved)
	}
	if audits := 60 * 2; frames > 3*int(after-pulls)+audits {
		t.Errorf("%d frames for %d pulls", frames, after-pulls)
	}
}

// What was lost comes while writes go on, also from below what came after it, and nothing else does.
func TestRoundsBringWhatWasLost(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Delay = 100 * time.Millisecond
	m.flow(5 * time.Second)
	_, _, moved := m.pulls()
	m.Links.Loss = 1
	m.set(0, "lost", "v")
	m.Run(20 * time.Millisecond)
	m.Links.Loss = 0
	m.flow(10 * time.Second)
	if _, _, now := m.pulls(); now-moved != 1 || m.get(1, "lost") != "v" {
		t.Errorf("%d records moved; %q", now-moved, m.get(1, "lost"))
	}
}

// What was lost and then overwritten has no record any more: its number is marked all the same, and soon.
func TestRoundsMarkWhatWasOverwritten(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Delay = 100 * time.Millisecond
	m.flow(5 * time.Second)
	m.Links.Loss = 1
	m.set(0, "k", "lost")
	m.Run(20 * time.Millisecond)
	m.Links.Loss = 0
	m.set(0, "k", "v")
	m.flow(10 * time.Second)
	if m.get(1, "k") != "v" || m.caches[1].Digest().Holes() {
		t.Errorf("k is %q; holes: %v", m.get(1, "k"), m.caches[1].Digest().Holes())
	}
}

// What is lost last comes with the next round, though nothing comes after it, from one who is not new.
func TestRoundsBringTheLast(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Loss = 1
	m.set(0, "last", "v")
	m.Run(20 * time.Millisecond)
	m.Links.Loss = 0
	m.Run(6500 * time.Millisecond)
	if m.get(1, "last") != "v" {
		t.Error("it did not come")
	}
}

// A Clear that was lost comes too.
func TestRoundsBringAClear(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", "v")
	m.Run(time.Second)
	m.Links.Loss = 1
	m.caches[0].Store().Clear()
	m.Run(20 * time.Millisecond)
	m.Links.Loss = 0
	m.Run(12 * time.Second)
	if m.get(1, "k") != "" || m.caches[1].Store().ClearedTo() != m.caches[0].Store().ClearedTo() {
		t.Error("it did not come")
	}
}
