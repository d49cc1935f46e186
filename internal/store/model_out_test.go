package store

import (
	"slices"

	"github.com/geolru/geolru/crdt"
)

// What of the model is about sending and clearing.

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
