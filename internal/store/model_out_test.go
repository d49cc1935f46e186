package store

import (
	"slices"

	"github.com/geolru/geolru/crdt"
)

// What of the model is about sending, clearing and forgetting on a peer's word.

func (m *model) queue(s *modelShard, r *modelRecord, what outFlags) {
	if r.out == 0 {
		s.out = append(s.out, r)
	}
	r.out |= what
}

func (m *model) unqueue(s *modelShard, r *modelRecord) {
	s.out = slices.DeleteFunc(s.out, func(o *modelRecord) bool { return o == r })
	r.out = 0
}

func (m *model) waiting() (n int) {
	if m.clearOut {
		n++
	}
	for _, s := range m.shards {
		n += len(s.out)
	}
	return n
}

func (m *model) dot(r *crdt.Register) {
	if r.Seq == 0 {
		m.seq++
		r.Seq = m.seq
	}
}

func (m *model) dotAll() {
	if m.clear.Kind == crdt.Clear {
		m.dot(&m.clear)
	}
	for _, s := range m.shards {
		for _, r := range s.out {
			if r.out&outRecord != 0 {
				m.dot(&r.Register)
			}
		}
	}
}

// sent is a record that left the outbox, or was refused at its door.
type sent struct {
	Record[[]byte]
	touch, taken bool
}

// drain offers what waits until so many are taken and one more is refused.
func (m *model) drain(room int) (all []sent) {
	if m.clearOut {
		m.dot(&m.clear)
		if all = append(all, sent{Record[[]byte]{Register: m.clear}, false, room > 0}); room == 0 {
			return all
		}
		m.clearOut = false
		room--
	}
	m.turn++
	for i := range m.shards {
		s := m.shards[(m.turn+i)%len(m.shards)]
		for len(s.out) > 0 {
			r := s.out[0]
			touch := r.out == outTouch
			if !touch {
				m.dot(&r.Register)
			}
			if all = append(all, sent{r.Record, touch, room > 0}); room == 0 {
				return all
			}
			m.unqueue(s, r)
			room--
		}
	}
	return all
}

func (m *model) requeue(key string, v crdt.Version, touch bool) {
	if key == "" {
		m.clearOut = m.clearOut || m.clear.Kind == crdt.Clear && m.clear.Version == v
		return
	}
	if r := m.held(key); r != nil && r.Version == v {
		what := outRecord
		if touch {
			what = outTouch
		}
		m.queue(m.shard(key), r, what)
	}
}

// mergeClear is rule 11.
func (m *model) mergeClear(r crdt.Register, local bool) Outcome {
	switch {
	case !local && m.outlived(r.Version.Time):
		return Dead
	case m.cleared(r.Version):
		return Lost
	}
	m.clear, m.clearOut = r, local
	m.told = append(m.told, tellChange(ChangeClear, "", nil, r))
	for _, s := range m.shards {
		for _, held := range s.records {
			switch dead := m.cleared(held.Version); {
			case dead && held.Kind == crdt.Value:
				m.gone = append(m.gone, tellGone(held.Key, held.Value, CauseDeleted))
				fallthrough
			case dead:
				m.drop(s, held)
			case !local && held.Kind == crdt.Value:
				m.tell(ChangePut, held)
			}
		}
	}
	return Won
}

// adopt is rule 8.
func (m *model) adopt(floor crdt.Time, forgotten map[crdt.Origin]Forgotten, listed func(string) bool) (dropped int) {
	m.floor = max(m.floor, floor)
	for o, f := range forgotten {
		m.forgetNumber(crdt.Dot{Origin: o, Seq: f.N}, f.Time)
	}
	for _, s := range m.shards {
		for _, r := range s.records {
			if r.Version.Time > floor || listed(r.Key) {
				continue
			}
			if r.Kind == crdt.Value && r.Deadline <= m.now {
				m.leaves(s, r, CauseExpired)
			} else if r.Kind == crdt.Value {
				m.leaves(s, r, CauseCapacity)
			}
			m.forget(s, r)
			dropped++
		}
	}
	return dropped
}

// sweep is what Expire does in the end.
func (m *model) sweep() {
	m.sweepShards()
	for o, f := range m.forgotten {
		if m.outlived(f.Time) {
			delete(m.forgotten, o)
		}
	}
	if m.clear.Kind == crdt.Clear && m.outlived(m.clear.Version.Time) {
		m.clear, m.clearOut = crdt.Register{}, false
	}
}

func (m *model) sweepShards() {
	for _, s := range m.shards {
		m.expire(s)
		for _, r := range append(s.kind(crdt.Ghost), s.kind(crdt.Tombstone)...) {
			if m.outlived(r.Version.Time) {
				m.drop(s, r)
			}
		}
	}
}

// overdue tells whether something has outlived its retention. The store lets it go when it happens to come by, so the
// machine sweeps at once.
func (m *model) overdue() bool {
	if m.clear.Kind == crdt.Clear && m.outlived(m.clear.Version.Time) {
		return true
	}
	for _, s := range m.shards {
		for _, r := range s.records {
			if m.outlived(r.Version.Time) {
				return true
			}
		}
	}
	return false
}
