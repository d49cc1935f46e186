package ttl

import (
	"math"
	"testing"
)

const (
	second = 1000
	day    = 24 * 3600 * second
	start  = int64(1_700_000_000_000)
	slots  = 24
)

// model is what a Wheel must be indistinguishable from: a map of deadlines searched from end to end, beside the wheel
// that every operation goes to too.
type model struct {
	t         testing.TB
	wheel     *Wheel
	deadlines [slots]int64
	linked    map[uint32]int64 // by slot: the deadline that it was last added with
	now       int64            // of the last Advance
	time      int64            // the highest now of an Advance that was done
	reaction  reaction
	asked     int // deadlines asked for
}

// reaction is what the callback does to the wheel, for the slot that fires.
type reaction struct {
	readd  uint32 // the slot is added again if its number is a multiple; 0 = never
	after  int64  // with a deadline so much later
	remove uint32 // removed as well; most often it is not linked
}

func newModel(t testing.TB, now int64) *model {
	m := &model{t: t, linked: map[uint32]int64{}, now: now, time: now}
	m.wheel = New(now, func(slot uint32) int64 { m.asked++; return m.deadlines[slot] })
	return m
}

// spans are the distances that deadlines and steps are drawn from: to both sides of a bucket's end on several levels.
var spans = []int64{
	0, 1, 2, 30, 63, 64, 65, second, 4095, 4096, 4097, 60 * second, 1 << 18, 1<<18 + 1, 3600 * second,
	day, 30 * day, 60 * day, 1 << 36, 1 << 43, math.MaxInt64 / 4,
}

// do applies one operation to both: what says which, a and b choose its slot, span or limit.
func (m *model) do(what, a, b byte) {
	slot, span := uint32(a)%slots, spans[int(b)%len(spans)]
	switch what % 8 {
	case 0, 1:
		m.add(slot, m.now+span)
	case 2:
		m.add(slot, m.now-span)
	case 3:
		m.wheel.Remove(slot)
		delete(m.linked, slot)
	case 4:
		m.deadlines[slot] += min(span, math.MaxInt64-max(m.deadlines[slot], 0)) // put off, the wheel is not told
	case 5:
		m.advance(m.now+min(span, 1<<43), int(a%8)+1)
	case 6:
		m.advance(m.time+min(span, 1<<40), int(a%8)+1) // the clock has recovered from its step back
	case 7:
		m.advance(max(m.now-span, math.MinInt64/4), int(a%8))
	}
}

func (m *model) add(slot uint32, deadline int64) {
	m.deadlines[slot] = deadline
	m.linked[slot] = deadline
	m.wheel.Add(slot)
}

// advance goes to now with a limit at each call, as often as it takes, but no more often than a correct wheel may need.
func (m *model) advance(now int64, limit int) {
	if limit <= 0 {
		m.once(now, limit)
		return
	}
	for calls := 0; !m.once(now, limit); calls++ {
		if calls > slots*(levels+1)*2 {
			m.t.Fatalf("Advance is not done after %d calls of limit %d", calls, limit)
		}
	}
	m.time = max(m.time, now)
	for slot := range m.linked {
		if d := m.deadlines[slot]; now >= m.time && d <= now && d < horizon {
			m.t.Fatalf("Advance(%d) was done and slot %d with deadline %d did not fire", now, slot, d)
		}
	}
}

func (m *model) once(now int64, limit int) (done bool) {
	m.now = now
	fired, asked := 0, m.asked
	done = m.wheel.Advance(now, limit, func(slot uint32) {
		fired++
		m.fire(slot)
	})
	if looked := m.asked - asked; fired > max(limit, 0) || looked > 2*max(limit, 0) { // a re-add asks as well
		m.t.Fatalf("Advance with limit %d fired %d and looked at %d", limit, fired, looked)
	}
	return done
}

// fire is the callback: the slot must be linked and due; then it reacts.
func (m *model) fire(slot uint32) {
	if _, ok := m.linked[slot]; !ok || m.deadlines[slot] > m.now || m.now < m.time {
		m.t.Fatalf("slot %d fired at %d, linked: %v, deadline %d", slot, m.now, ok, m.deadlines[slot])
	}
	delete(m.linked, slot)
	m.check()
	if m.reaction.remove != slot {
		m.wheel.Remove(m.reaction.remove)
		delete(m.linked, m.reaction.remove)
	}
	if m.reaction.readd != 0 && slot%m.reaction.readd == 0 {
		m.add(slot, m.now+m.reaction.after)
	}
}

// check compares everything that can be asked.
func (m *model) check() {
	m.t.Helper()
	if m.wheel.Len() != len(m.linked) {
		m.t.Fatalf("Len %d, want %d", m.wheel.Len(), len(m.linked))
	}
	first := int64(math.MaxInt64)
	for slot := range uint32(slots) {
		_, want := m.linked[slot]
		if m.wheel.Has(slot) != want {
			m.t.Fatalf("Has(%d) = %v", slot, !want)
		}
		if want {
			first = min(first, m.deadlines[slot])
		}
	}
	m.checkNext(first)
	m.checkRings()
}

// checkNext: never later than the first deadline, but for the time that the wheel is at already.
func (m *model) checkNext(first int64) {
	m.t.Helper()
	next, ok := m.wheel.Next()
	if ok != (len(m.linked) > 0) || ok && next > max(first, m.wheel.time) || ok && next < m.wheel.time {
		m.t.Fatalf("Next = %d, %v at %d with %d linked, the first at %d", next, ok, m.wheel.time, len(m.linked), first)
	}
}

// checkRings holds the invariants of rings and of the levels.
func (m *model) checkRings() {
	m.t.Helper()
	r, seen := &m.wheel.rings, 0
	for b := range uint32(min(base, len(r.links))) {
		n := r.links[b].after
		if occupied := r.occupied[b>>digit]>>(b%64)&1 == 1; occupied != (n != b) {
			m.t.Fatalf("bucket %d occupied: %v", b, occupied)
		}
		if level := int64(b >> digit); n != b && b != due && m.wheel.time>>(digit*level)&63 >= int64(b%64) {
			m.t.Fatalf("bucket %d of level %d is not after %d", b%64, level, m.wheel.time)
		}
		for ; n != b; n = r.links[n].after {
			if seen++; r.links[r.links[n].after].before != n {
				m.t.Fatalf("links of node %d disagree", n)
			}
		}
	}
	if seen != len(m.linked) {
		m.t.Fatalf("%d slots in rings, want %d", seen, len(m.linked))
	}
}
