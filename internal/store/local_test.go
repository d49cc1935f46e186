package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
)

// local is a store without a node beside what it must be: an LRU of entries with deadlines, per shard.
type local struct {
	*rig
	shards []*plainLRU
	loads  map[string]crdt.Version
	wrote  map[string]bool // since the load of the key began
	counts Counts
}

type plainLRU struct {
	entries []entry // the least recently used first
}

type entry struct {
	key      string
	value    []byte
	version  crdt.Version
	deadline int64
}

func TestLocalStoreIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLocal(t)
		t.Repeat(map[string]func(*rapid.T){
			"set": l.write, "setAgain": l.write, "setIf": l.writeIf, "delete": l.erase, "deleteIf": l.eraseIf, "touch": l.doTouch,
			"get": l.get, "clear": l.clearAll, "beginLoad": l.beginLoad, "endLoad": l.endLoad, "expire": l.expire, "len": l.count,
			"wait": func(t *rapid.T) { l.now.Add(rapid.Int64Range(1, life).Draw(t, "ms")) },
			"":     l.check,
		})
	})
}

func newLocal(t *rapid.T) *local {
	shards := rapid.IntRange(1, 3).Draw(t, "shards")
	c := Config[[]byte]{Capacity: rapid.IntRange(1, 12).Draw(t, "capacity")}
	if shards > 1 { // who makes room for whom among shards is the matter of room_test.go
		c.Capacity = plenty
	}
	if rapid.Bool().Draw(t, "weighed") {
		c.Weigh = weighBytes
	}
	l := &local{rig: newRig(c, shards), loads: map[string]crdt.Version{}, wrote: map[string]bool{}}
	for range shards {
		l.shards = append(l.shards, &plainLRU{})
	}
	return l
}

func (l *local) key(t *rapid.T) string { return fmt.Sprint("k", rapid.IntRange(0, 15).Draw(t, "key")) }

func (l *local) bytes(t *rapid.T) []byte {
	return bytes.Repeat([]byte{'v'}, rapid.IntRange(1, 6).Draw(t, "length"))
}

func (l *local) shard(key string) *plainLRU {
	for i := range l.shards {
		if l.of(fixedHash(key)) == &l.rig.Store.shards[i] {
			return l.shards[i]
		}
	}
	panic("no shard")
}

func (l *local) weight(e entry) int {
	if l.cfg.Weigh == nil {
		return 1
	}
	return len(e.value)
}

// find is where the entry of a key is, and whether it is alive.
func (l *local) find(key string) (s *plainLRU, i int, live bool) {
	s = l.shard(key)
	i = slices.IndexFunc(s.entries, func(e entry) bool { return e.key == key })
	return s, i, i >= 0 && s.entries[i].deadline > l.now.Load()
}

// put is a write as the newest, in place of what was there; then room is made.
func (l *local) put(e entry) {
	s, i, _ := l.find(e.key)
	if i >= 0 {
		l.drop(s, i)
	}
	sum := l.weight(e)
	for _, o := range s.entries {
		sum += l.weight(o)
	}
	if sum > l.cfg.Capacity { // what has expired goes first
		s.entries = slices.DeleteFunc(s.entries, func(o entry) bool { return l.spent(o, &sum) })
	}
	for ; sum > l.cfg.Capacity; s.entries = s.entries[1:] {
		sum -= l.weight(s.entries[0])
		l.counts.Evictions++
	}
	s.entries = append(s.entries, e)
	l.wrote[e.key] = true
}

func (l *local) spent(e entry, sum *int) bool {
	if e.deadline > l.now.Load() {
		return false
	}
	*sum -= l.weight(e)
	l.counts.Expirations++
	return true
}

// drop takes an entry out that makes way, and counts it if it had expired before anybody came by.
func (l *local) drop(s *plainLRU, i int) {
	if s.entries[i].deadline <= l.now.Load() {
		l.counts.Expirations++
	}
	s.entries = slices.Delete(s.entries, i, i+1)
}

func (l *local) write(t *rapid.T) {
	key, v, ttl := l.key(t), l.bytes(t), rapid.Int64Range(1, life).Draw(t, "ttl")
	at, err := l.Set(key, v, ttl)
	if e := (entry{key, v, at, l.now.Load() + ttl}); l.weight(e) > l.cfg.Capacity {
		if !errors.Is(err, ErrTooLarge) {
			t.Fatalf("Set of %d bytes: %v", len(v), err)
		}
	} else if err != nil {
		t.Fatal(err)
	} else {
		l.counts.Sets++
		l.put(e)
	}
}

func (l *local) writeIf(t *rapid.T) {
	key, v, keepTTL := l.key(t), l.bytes(t), rapid.Bool().Draw(t, "keep")
	s, i, live := l.find(key)
	var held crdt.Version
	deadline, ttl := l.now.Load()+life, int64(life)
	if live {
		held = s.entries[i].version
	}
	if keepTTL {
		if ttl = KeepTTL; live {
			deadline = s.entries[i].deadline
		}
	}
	ok, err := l.SetIf(key, held, v, ttl)
	if e := (entry{key, v, l.Known(key).Version, deadline}); l.weight(e) > l.cfg.Capacity {
		if ok || !errors.Is(err, ErrTooLarge) {
			t.Fatalf("SetIf of %d bytes: %v, %v", len(v), ok, err)
		}
	} else if !ok || err != nil {
		t.Fatalf("SetIf: %v, %v", ok, err)
	} else {
		l.counts.Sets++
		l.put(e)
	}
	if ok, _ := l.SetIf(key, crdt.Version{Time: 1}, nil, life); ok {
		t.Fatal("written over another version")
	}
}

func (l *local) erased(s *plainLRU, i int, key string) {
	l.counts.Deletes++
	l.wrote[key] = true
	if i >= 0 {
		l.drop(s, i)
	}
}

func (l *local) erase(t *rapid.T) {
	key := l.key(t)
	s, i, live := l.find(key)
	if had := l.Delete(key); had != live {
		t.Fatalf("Delete: %v, want %v", had, live)
	}
	l.erased(s, i, key)
}

func (l *local) eraseIf(t *rapid.T) {
	key := l.key(t)
	s, i, live := l.find(key)
	if l.DeleteIf(key, crdt.Version{Time: 1}) {
		t.Fatal("deleted another version")
	}
	if live && l.DeleteIf(key, s.entries[i].version) {
		l.erased(s, i, key)
	} else if live {
		t.Fatal("not deleted")
	}
}

func (l *local) doTouch(t *rapid.T) {
	key, ttl := l.key(t), rapid.Int64Range(1, 2*life).Draw(t, "ttl")
	s, i, live := l.find(key)
	if got := l.Touch(key, ttl); got != live {
		t.Fatalf("Touch: %v, want %v", got, live)
	}
	if live {
		e := &s.entries[i]
		e.deadline = max(e.deadline, min(l.now.Load()+ttl, e.version.Time.Milli()+life))
	}
}

func (l *local) get(t *rapid.T) {
	key := l.key(t)
	s, i, live := l.find(key)
	v, _, ok := l.Get(key, l.now.Load()-rapid.Int64Range(0, near-1).Draw(t, "coarse")) // a clock that lags
	if ok != live {
		t.Fatalf("Get(%q): %v, want %v", key, ok, live)
	}
	if !ok {
		l.counts.Misses++
		return
	}
	l.counts.Hits++
	e := s.entries[i]
	if !bytes.Equal(v, e.value) {
		t.Fatalf("Get(%q) = %q, want %q", key, v, e.value)
	}
	s.entries = append(slices.Delete(s.entries, i, i+1), e)
}

func (l *local) clearAll(*rapid.T) {
	l.Clear()
	for _, s := range l.shards {
		s.entries = nil
	}
	for key := range l.loads {
		delete(l.loads, key) // nothing that began before may be stored
	}
}
