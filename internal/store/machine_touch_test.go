package store

import (
	"pgregory.net/rapid"
)

// What of the machine lengthens lives.

func (m *machine) doTouch(t *rapid.T) {
	key := m.key(t)
	held, bound := m.model.held(key), m.model.now+life
	if m.model.live(held) {
		bound = min(bound, held.Version.Time.Milli()+life)
	}
	ttl, ok := m.ttl(t, bound)
	if !ok {
		t.Skip()
	}
	if got := m.Touch(key, ttl); got != m.model.live(held) {
		t.Fatalf("Touch: %v", got)
	} else if !got || m.model.now+ttl <= held.Deadline {
		return
	}
	before := held.Deadline
	m.model.extend(held, m.model.now+ttl)
	if tellTouch(before, held.Deadline, m.model.now) {
		m.model.queue(m.model.shard(key), held, outTouch)
	}
}

func (m *machine) mergeTouch(t *rapid.T) {
	key := m.key(t)
	held := m.model.held(key)
	if held == nil {
		t.Skip()
	}
	v, bound := held.Version, held.Version.Time.Milli()+life
	if rapid.IntRange(0, 3).Draw(t, "another version") == 0 {
		v.Origin++
	}
	deadline := m.unused(bound - rapid.Int64Range(0, life).Draw(t, "short of the bound"))
	want := m.model.live(held) && v == held.Version && deadline > held.Deadline
	beyond := int64(0)
	if deadline == bound {
		beyond = 1000 // it must be held at its bound
	}
	if got := m.MergeTouch(key, v, deadline+beyond, m.model.now); got != want {
		t.Fatalf("MergeTouch: %v, want %v", got, want)
	}
	if want {
		m.model.extend(held, deadline)
	}
}
