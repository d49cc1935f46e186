package store

import (
	"bytes"
	"slices"

	"pgregory.net/rapid"
)

func (l *local) beginLoad(t *rapid.T) {
	key := l.key(t)
	l.loads[key], l.wrote[key] = l.BeginLoad(key), false
}

func (l *local) endLoad(t *rapid.T) {
	key, v := l.key(t), l.bytes(t)
	at, begun := l.loads[key]
	s, i, _ := l.find(key)
	if delete(l.loads, key); !begun || l.wrote[key] && i < 0 {
		return // whether something was deleted meanwhile is for the loader to know
	}
	e := entry{key, v, at, at.Time.Milli() + life}
	want := !l.wrote[key] && e.deadline > l.now.Load() && l.weight(e) <= l.cfg.Capacity
	if l.wrote[key] && s.entries[i].deadline <= l.now.Load() {
		return // nor whether something was written that has expired
	}
	if got := l.EndLoad(key, at, v, life); got != want {
		t.Fatalf("EndLoad: %v, want %v", got, want)
	}
	if want {
		l.put(e)
	}
}

func (l *local) sweep() {
	unused := 0
	for _, s := range l.shards {
		s.entries = slices.DeleteFunc(s.entries, func(e entry) bool { return l.spent(e, &unused) })
	}
}

func (l *local) expire(*rapid.T) {
	l.settle()
	l.sweep()
}

func (l *local) count(t *rapid.T) {
	l.sweep()
	want := 0
	for _, s := range l.shards {
		want += len(s.entries)
	}
	if n := l.Len(); n != want {
		t.Fatalf("Len is %d, want %d", n, want)
	}
}

func (l *local) check(t *rapid.T) {
	want := l.counts
	for i, s := range l.shards {
		var keys []string
		for _, e := range s.entries {
			keys = append(keys, e.key)
			want.Weight += l.weight(e)
			if v, r, ok := l.Peek(e.key, l.now.Load()); ok != (e.deadline > l.now.Load()) || ok && (!bytes.Equal(v, e.value) || r.Deadline != e.deadline) {
				t.Fatalf("Peek(%q) = %q, %v, %v, want %v", e.key, v, r, ok, e)
			}
		}
		want.Entries += len(keys)
		if sh := &l.rig.Store.shards[i]; !slices.Equal(usage(sh), keys) || sh.table.Len() != len(keys) {
			t.Fatalf("shard %d holds %v of %d records, want %v", i, usage(sh), sh.table.Len(), keys)
		}
	}
	if got := l.Counts(); got != want {
		t.Fatalf("counts %+v\nwant   %+v", got, want)
	}
	recount(t, l.Store)
	if l.Waiting() != 0 || l.Floor() != 0 {
		t.Fatalf("%d wait, floor %v", l.Waiting(), l.Floor())
	}
}
