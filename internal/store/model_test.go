package store

import (
	"cmp"
	"slices"

	"github.com/geolru/geolru/crdt"
)

// model is what a replicated store must be indistinguishable from: maps and slices, by the words of the rules.
type model struct {
	shards    []*modelShard
	of        func(key string) int // the shard of a key
	now       int64
	floor     crdt.Time
	forgotten map[crdt.Origin]Forgotten
	clear     crdt.Register
	clearOut  bool
	seq       uint64
	turn      int
	room      int
	counts    Counts

	told, gone []string
	forgot     []crdt.Dot
}

type modelShard struct {
	records       map[string]*modelRecord
	order         []*modelRecord // values, the least recently used first
	out           []*modelRecord
	ghosts, tombs int
}

type modelRecord struct {
	Record[[]byte]
	out outFlags
}

func newModel(c Config[[]byte], shards int, of func(string) int) *model {
	m := &model{of: of, now: dawn, forgotten: map[crdt.Origin]Forgotten{}, room: c.Capacity}
	for i := range shards {
		m.shards = append(m.shards, &modelShard{
			records: map[string]*modelRecord{},
			ghosts:  share(c.Ghosts, shards, i), tombs: share(c.Tombstones, shards, i),
		})
	}
	return m
}

func (m *model) shard(key string) *modelShard { return m.shards[m.of(key)] }

func (m *model) held(key string) *modelRecord { return m.shard(key).records[key] }

func (m *model) outlived(t crdt.Time) bool { return t.Milli()+keep <= m.now }

func (m *model) cleared(v crdt.Version) bool {
	return m.clear.Kind == crdt.Clear && !m.clear.Version.Less(v)
}

func (m *model) live(r *modelRecord) bool {
	return r != nil && r.Kind == crdt.Value && r.Deadline > m.now && !m.cleared(r.Version)
}

// merge is rules 1 to 5.
func (m *model) merge(rec Record[[]byte], by Heads, via Via, local bool) Outcome {
	if !local && m.outlived(rec.Version.Time) || m.cleared(rec.Version) {
		return Dead
	}
	if rec.Kind == crdt.Value && (rec.Deadline <= m.now || len(rec.Value) > m.room) {
		rec.Kind, rec.Value = crdt.Ghost, nil
	}
	s, held := m.shard(rec.Key), m.held(rec.Key)
	if held != nil && held.Kind == crdt.Value && held.Deadline <= m.now {
		m.fade(s, held, CauseExpired)
		held = m.held(rec.Key)
	}
	switch {
	case held != nil && held.Version == rec.Version:
		return m.same(s, held, rec, via, local)
	case held != nil && rec.Version.Less(held.Version):
		return Lost
	case held != nil:
		m.displace(s, held, rec)
		if !local {
			m.unqueue(s, held)
		}
		m.put(s, held, rec, via, local)
		return Won
	case rec.Version.Time <= m.floor && !m.vouched(by):
		m.forgetNumber(rec.Dot(), rec.Version.Time)
		return Refused
	}
	if via == ViaBootstrap && !local && rec.Kind == crdt.Value && s.weight()+len(rec.Value) > m.room {
		rec.Kind, rec.Value = crdt.Ghost, nil
	}
	m.put(s, &modelRecord{}, rec, via, local)
	return Won
}

func (m *model) vouched(by Heads) bool {
	if by == nil {
		return false
	}
	for o, f := range m.forgotten {
		if by(o) < f.N && !m.outlived(f.Time) {
			return false
		}
	}
	return true
}

// same merges two records of one version; they are values and ghosts, or two tombstones.
func (m *model) same(s *modelShard, held *modelRecord, rec Record[[]byte], via Via, local bool) Outcome {
	later := rec.Deadline > held.Deadline
	rec.Deadline = max(rec.Deadline, held.Deadline)
	switch {
	case held.Kind == crdt.Ghost && rec.Kind == crdt.Value:
		m.put(s, held, rec, via, local)
		return Filled
	case held.Kind == crdt.Value && rec.Kind == crdt.Value && rankBytes(rec.Value) != rankBytes(held.Value):
		m.counts.Conflicts++
		if rankBytes(rec.Value) > rankBytes(held.Value) {
			m.displace(s, held, rec)
			m.put(s, held, rec, via, local)
		} else {
			m.extend(held, rec.Deadline)
		}
		return Tied
	case later:
		m.extend(held, rec.Deadline)
		return Extended
	}
	return Lost
}

func (m *model) extend(r *modelRecord, deadline int64) {
	if deadline != r.Deadline {
		r.Deadline = deadline
		if r.Kind == crdt.Value {
			m.tell(ChangePut, r)
		}
	}
}

// displace makes room for what weighs more, and says why the value of r goes, if it holds one.
func (m *model) displace(s *modelShard, r *modelRecord, by Record[[]byte]) {
	if r.Kind == crdt.Value {
		if by.Kind == crdt.Value {
			m.makeRoom(s, len(by.Value)-len(r.Value), r)
		}
		cause := CauseReplaced
		if by.Kind == crdt.Tombstone {
			cause = CauseDeleted
		}
		m.gone = append(m.gone, tellGone(r.Key, r.Value, cause))
	}
}

// put makes r hold rec. An overwrite keeps its place in the order of use unless it is a use.
func (m *model) put(s *modelShard, r *modelRecord, rec Record[[]byte], via Via, local bool) {
	overwrite := r.Kind == crdt.Value && rec.Kind == crdt.Value
	if rec.Kind == crdt.Value && !overwrite {
		r.Kind = crdt.None // on its way, it is no ghost that may be forgotten
		m.makeRoom(s, len(rec.Value), nil)
	}
	at := slices.Index(s.order, r)
	if use := local || via == ViaGossip; at >= 0 && (!overwrite || use) {
		s.order = slices.Delete(s.order, at, at+1)
		at = -1
	}
	r.Record = rec
	s.records[rec.Key] = r
	switch {
	case rec.Kind != crdt.Value || at >= 0:
	case via == ViaBootstrap && !local && !overwrite:
		s.order = slices.Insert(s.order, 0, r)
	default:
		s.order = append(s.order, r)
	}
	if local {
		m.queue(s, r, outRecord)
	}
	kind := ChangePut
	if rec.Kind == crdt.Tombstone {
		kind = ChangeDelete
	}
	m.tell(kind, r)
	m.trim(s)
}

func (s *modelShard) weight() (sum int) {
	for _, r := range s.order {
		sum += len(r.Value)
	}
	return sum
}

// makeRoom lets what has expired go first, then the least recently used but for one.
func (m *model) makeRoom(s *modelShard, weight int, kept *modelRecord) {
	if s.weight()+weight > m.room {
		m.expire(s)
	}
	for s.weight()+weight > m.room {
		oldest := s.order[0]
		if oldest == kept {
			oldest = s.order[1]
		}
		m.fade(s, oldest, CauseCapacity)
	}
}

// expire lets all go that has expired, in the order of deadlines.
func (m *model) expire(s *modelShard) {
	due := slices.Clone(s.order)
	slices.SortFunc(due, func(a, b *modelRecord) int { return cmp.Compare(a.Deadline, b.Deadline) })
	for _, r := range due {
		if r.Deadline <= m.now {
			m.fade(s, r, CauseExpired)
		}
	}
}

// fade makes a value a ghost (rules 3 and 5).
func (m *model) fade(s *modelShard, r *modelRecord, cause Cause) {
	m.leaves(s, r, cause)
	r.Kind, r.Value = crdt.Ghost, nil
	m.trim(s)
}

func (m *model) leaves(s *modelShard, r *modelRecord, cause Cause) {
	m.gone = append(m.gone, tellGone(r.Key, r.Value, cause))
	if cause == CauseExpired {
		m.counts.Expirations++
		m.tell(ChangeExpire, r)
	} else {
		m.counts.Evictions++
		m.tell(ChangeEvict, r)
	}
	s.unuse(r)
}

func (s *modelShard) unuse(r *modelRecord) {
	s.order = slices.DeleteFunc(s.order, func(o *modelRecord) bool { return o == r })
}

func (m *model) tell(kind ChangeKind, r *modelRecord) {
	m.told = append(m.told, tellChange(kind, r.Key, r.Value, r.Register))
}
