package store

import (
	"slices"

	"github.com/geolru/geolru/crdt"
)

// What of the model is about forgetting.

// kind is the records of a kind, the lowest version first.
func (s *modelShard) kind(k crdt.Kind) (rs []*modelRecord) {
	for _, r := range s.records {
		if r.Kind == k {
			rs = append(rs, r)
		}
	}
	slices.SortFunc(rs, func(a, b *modelRecord) int { return a.Version.Compare(b.Version) })
	return rs
}

// trim is rule 6.
func (m *model) trim(s *modelShard) {
	for ghosts := s.kind(crdt.Ghost); len(ghosts) > s.ghosts; ghosts = ghosts[1:] {
		m.forget(s, ghosts[0])
	}
	for tombs := s.kind(crdt.Tombstone); len(tombs) > s.tombs; tombs = tombs[1:] {
		m.forget(s, tombs[0])
	}
}

func (m *model) forget(s *modelShard, r *modelRecord) {
	if !m.outlived(r.Version.Time) {
		m.dot(&r.Register)
		m.floor = max(m.floor, r.Version.Time)
		m.forgetNumber(r.Dot(), r.Version.Time)
		m.forgot = append(m.forgot, r.Dot())
	}
	m.drop(s, r)
}

func (m *model) forgetNumber(d crdt.Dot, t crdt.Time) {
	if f := m.forgotten[d.Origin]; d.Seq != 0 {
		m.forgotten[d.Origin] = Forgotten{max(f.N, d.Seq), max(f.Time, t)}
	}
}

func (m *model) drop(s *modelShard, r *modelRecord) {
	s.unuse(r)
	m.unqueue(s, r)
	delete(s.records, r.Key)
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
