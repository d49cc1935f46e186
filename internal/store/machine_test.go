package store

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// machine does the same to a store and to its model. No two keys ever have the same deadline, and no two records the same
// version: so there is one order in which things go.
type machine struct {
	*rig
	model     *model
	keys      []string
	long      bool // values differ in length, and weigh so much
	deadlines map[int64]bool
	foreign   uint64           // records of others made so far
	pool      []Record[[]byte] // records that may come from others (again)
	loads     []Record[[]byte] // under way: key and version
	unordered bool             // what this step tells comes in no order
}

func TestReplicatedStoreIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"set": m.write, "setIf": m.writeIf, "delete": m.erase, "deleteIf": m.eraseIf, "touch": m.doTouch,
			"mergeTouch": m.mergeTouch, "get": m.get, "beginLoad": m.beginLoad, "endLoad": m.endLoad, "merge": m.mergeNew,
			"mergeAgain": m.mergeAgain, "mergeVariant": m.mergeVariant, "clear": m.clearAll, "mergeClear": m.mergeForeignClear,
			"drain": m.drainSome, "dotAll": m.dotAll, "look": m.look, "walk": m.walk, "scan": m.scan,
			"adopt": m.adoptSome, "expire": m.expireAll, "len": m.count, "wait": m.wait,
			"": m.check,
		})
	})
}

func newMachine(t *rapid.T) *machine {
	shards := rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "shards")
	c := Config[[]byte]{
		Capacity:   rapid.IntRange(1, 4).Draw(t, "capacity"),
		Ghosts:     rapid.IntRange(shards, 2*shards+2).Draw(t, "ghosts"),
		Tombstones: rapid.IntRange(shards, 2*shards+1).Draw(t, "tombstones"),
		Replicated: true,
	}
	m := &machine{deadlines: map[int64]bool{}, long: rapid.Bool().Draw(t, "long")}
	if m.long {
		c.Capacity *= 3
		c.Weigh = weighBytes
	}
	if shards > 1 { // who makes room for whom among shards is the matter of room_test.go
		c.Capacity = plenty
	}
	m.rig = newRig(c, shards)
	m.model = newModel(c, shards, func(key string) int {
		for i := range m.shards {
			if m.of(fixedHash(key)) == &m.shards[i] {
				return i
			}
		}
		panic("no shard")
	})
	for i := range 5 * shards {
		m.keys = append(m.keys, fmt.Sprint("k", i))
	}
	return m
}

// step moves the time on and lets go of what has outlived its retention: else it would go when something else comes by.
func (m *machine) step(ms int64) {
	m.model.now = m.now.Add(ms)
	if m.model.overdue() {
		m.settle()
		m.model.sweep()
	}
}

func (m *machine) wait(t *rapid.T) {
	m.step(rapid.SampledFrom([]int64{1, 50, 300, life, life, keep}).Draw(t, "ms"))
}

func (m *machine) key(t *rapid.T) string {
	m.step(1)
	return rapid.SampledFrom(m.keys).Draw(t, "key")
}

func (m *machine) bytes(t *rapid.T) []byte {
	n := 1
	if m.long {
		n = rapid.SampledFrom([]int{1, 2, 3, 5, 20}).Draw(t, "length")
	}
	return []byte(rapid.StringOfN(rapid.RuneFrom([]rune("abcdef")), n, n, -1).Draw(t, "value"))
}

// ttl is a lifetime that ends when nothing else does, before bound; false if there is none.
func (m *machine) ttl(t *rapid.T, bound int64) (int64, bool) {
	at := m.unused(min(m.model.now+rapid.Int64Range(1, life).Draw(t, "ttl"), bound))
	return at - m.model.now, at > m.model.now
}

// unused is the last deadline up to at that nothing has had.
func (m *machine) unused(at int64) int64 {
	for m.deadlines[at] {
		at--
	}
	m.deadlines[at] = true
	return at
}

// latest is the version that the store stamped last.
func (m *machine) latest() crdt.Version { return m.stamps[len(m.stamps)-1] }

// wrote does to the model what a local write did to the store.
func (m *machine) wrote(key string, kind crdt.Kind, v []byte, deadline int64) {
	m.model.merge(Record[[]byte]{key, crdt.Register{Version: m.latest(), Kind: kind, Deadline: deadline}, v}, nil, ViaGossip, true)
}

func (m *machine) write(t *rapid.T) {
	key, v := m.key(t), m.bytes(t)
	ttl, ok := m.ttl(t, m.model.now+life)
	if !ok {
		t.Skip()
	}
	at, err := m.Set(key, v, ttl)
	if tooLarge := len(v) > m.model.room; tooLarge != (err == ErrTooLarge) {
		t.Fatalf("Set of %d bytes: %v", len(v), err)
	} else if tooLarge {
		return
	}
	if at != m.latest() {
		t.Fatalf("Set returned %v, stamped %v", at, m.latest())
	}
	m.wrote(key, crdt.Value, v, m.model.now+ttl)
	m.model.counts.Sets++
}

// expected is a version to make a write depend on, and whether the write must be done.
func (m *machine) expected(t *rapid.T, key string) (v crdt.Version, holds bool) {
	held := m.model.held(key)
	if held != nil && rapid.Bool().Draw(t, "its version") {
		return held.Version, m.model.live(held)
	}
	return crdt.Version{}, !m.model.live(held)
}

func (m *machine) writeIf(t *rapid.T) {
	key, v := m.key(t), m.bytes(t)
	if len(v) > m.model.room {
		t.Skip()
	}
	want, holds := m.expected(t, key)
	deadline := m.model.now + life
	if held := m.model.held(key); m.model.live(held) {
		deadline = held.Deadline
	}
	ttl := int64(KeepTTL)
	if !m.model.live(m.model.held(key)) || rapid.Bool().Draw(t, "new deadline") {
		var ok bool
		if ttl, ok = m.ttl(t, m.model.now+life); !ok {
			t.Skip()
		}
		deadline = m.model.now + ttl
	}
	if ok, err := m.SetIf(key, want, v, ttl); ok != holds || err != nil {
		t.Fatalf("SetIf: %v, %v, want %v", ok, err, holds)
	}
	if holds {
		m.wrote(key, crdt.Value, v, deadline)
		m.model.counts.Sets++
	}
}

func (m *machine) erase(t *rapid.T) {
	key := m.key(t)
	had := m.model.live(m.model.held(key))
	if got := m.Delete(key); got != had {
		t.Fatalf("Delete: %v, want %v", got, had)
	}
	m.wrote(key, crdt.Tombstone, nil, 0)
	m.model.counts.Deletes++
}

func (m *machine) eraseIf(t *rapid.T) {
	key := m.key(t)
	want, holds := m.expected(t, key)
	if got := m.DeleteIf(key, want); got != holds {
		t.Fatalf("DeleteIf: %v, want %v", got, holds)
	}
	if holds {
		m.wrote(key, crdt.Tombstone, nil, 0)
		m.model.counts.Deletes++
	}
}

func (m *machine) get(t *rapid.T) {
	key := m.key(t)
	held := m.model.held(key)
	v, r, ok := m.Get(key, m.model.now)
	if ok != m.model.live(held) || ok && (r != held.Register || string(v) != string(held.Value)) {
		t.Fatalf("Get(%q) = %q, %v, %v", key, v, r, ok)
	}
	if !ok {
		m.model.counts.Misses++
		return
	}
	m.model.counts.Hits++
	s := m.model.shard(key)
	s.unuse(held)
	s.order = append(s.order, held)
}

func (m *machine) beginLoad(t *rapid.T) {
	key := m.key(t)
	at := m.BeginLoad(key)
	if held := m.model.held(key); at != m.latest() || held != nil && !held.Version.Less(at) {
		t.Fatalf("a load of %v begins at %v", held, at)
	}
	m.loads = append(m.loads, Record[[]byte]{Key: key, Register: crdt.Register{Version: at}})
}

func (m *machine) endLoad(t *rapid.T) {
	m.step(1)
	if len(m.loads) == 0 {
		t.Skip()
	}
	i, v := rapid.IntRange(0, len(m.loads)-1).Draw(t, "load"), m.bytes(t)
	load := m.loads[i]
	m.loads = append(m.loads[:i:i], m.loads[i+1:]...)
	bound := load.Version.Time.Milli() + life
	ttl, ok := m.ttl(t, bound)
	if !ok && bound > m.model.now {
		return
	}
	stored := m.EndLoad(load.Key, load.Version, v, max(ttl, 1))
	if !ok || len(v) > m.model.room {
		if stored {
			t.Fatal("a load was stored that has expired or is too large")
		}
		return
	}
	load.Kind, load.Deadline, load.Value = crdt.Value, m.model.now+ttl, v
	if want := m.model.merge(load, nil, ViaGossip, true).Held(); stored != want {
		t.Fatalf("EndLoad: %v, want %v", stored, want)
	}
}
