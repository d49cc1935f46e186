package replica_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// truthful has a liar offer what the honest holder has, and send something else.
func (l *liar) truthful(value string) {
	sum := sha256.Sum256([]byte(value))
	before := l.offer
	l.offer = func(key string) wire.Offer {
		o := before(key)
		r := l.m.caches[0].Store().Known("k")
		o.Seq, o.Deadline, o.Sum = r.Seq, r.Deadline, binary.BigEndian.Uint64(sum[:])
		return o
	}
}

// trickles has a liar send a part each time.
func (l *liar) trickles(every time.Duration) {
	next := map[uint64]int64{}
	l.part = func(l *liar, to geo.ID, t *wire.Take) {
		next[t.ID] = max(next[t.ID], l.Now()) + int64(every)
		l.After(time.Duration(next[t.ID]-l.Now()), func() { l.sends(to, t, t.Offset, wire.PartBytes) })
	}
}

// TestPoisonedParts: what a liar has sent before it gave up does not spoil the value of the only one who has it.
func TestPoisonedParts(t *testing.T) {
	m, value, l := lying(t)
	l.truthful(value)
	l.part = func(l *liar, to geo.ID, t *wire.Take) {
		n := wire.PartBytes
		if t.Offset > seven/2 {
			n = 0
		}
		l.sends(to, t, t.Offset, n)
	}
	m.wantFound(m.ask(1, "k"), "k", value, 4*time.Second)
}

// TestTrickle: a holder that sends a part now and then is left for one that is faster, also by those who wait behind what it
// sends of other keys.
func TestTrickle(t *testing.T) {
	for _, every := range []time.Duration{600 * time.Millisecond, 1700 * time.Millisecond} {
		for _, before := range []int{0, 10} {
			t.Run(fmt.Sprint(every, before), func(t *testing.T) {
				m, value, l := lying(t)
				l.size = wire.MaxValue
				l.trickles(every)
				m.doubt(1)
				for i := range before {
					m.ask(1, fmt.Sprint("never", i))
				}
				m.wantFound(m.ask(1, "k"), "k", value, 4*time.Second)
			})
		}
	}
}

// TestTrickleOfEverything: who waits for room behind what comes slowly, of keys that nobody else has, gives up as if nothing
// came; and what comes slowly is not cut off.
func TestTrickleOfEverything(t *testing.T) {
	m, _, l := lying(t)
	l.size = wire.MaxValue
	l.trickles(1700 * time.Millisecond)
	m.doubt(1)
	first := m.ask(1, "never")
	m.Run(time.Second)
	second, third := m.ask(1, "never1"), m.ask(1, "never2")
	if !m.Until(8*time.Second, func() bool { return third.done }) || first.done || second.done {
		t.Fatal(first.done, second.done, third.done)
	}
	if !m.Until(2*time.Minute, func() bool { return first.done }) {
		t.Error("a liar keeps its reader for ever")
	}
}

// TestManyKeysOfOneHolder: the peers that one look-up may ask are not used up by the first keys that wait for room.
func TestManyKeysOfOneHolder(t *testing.T) {
	m, value, l := lying(t)
	l.size = wire.MaxValue
	l.trickles(1700 * time.Millisecond)
	names := []string{"k"}
	for i := range 4 {
		names = append(names, fmt.Sprint("k", i))
		m.set(0, names[i+1], value)
	}
	m.Run(time.Second)
	before := l.offer
	l.offer = func(key string) wire.Offer {
		o := before(key)
		o.Version = m.caches[0].Store().Known(key).Version
		return o
	}
	a := m.ask(1, names...)
	if !m.Until(10*time.Second, func() bool { return a.done }) || len(a.found) != 5 {
		t.Errorf("found %d of 5, done %v", len(a.found), a.done)
	}
}
