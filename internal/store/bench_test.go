package store

import (
	"fmt"
	"testing"

	"github.com/geolru/geolru/crdt"
)

const benchEntries = 100_000

var benchValue = make([]byte, 100)

// filled is a full store whose outbox is empty, and twice as many keys as it holds: the second half is in it.
func filled(replicas bool) (*rig, []string) {
	r := bulk(Config[[]byte]{Capacity: benchEntries, Replicated: replicas, Ghosts: benchEntries})
	keys := make([]string, 2*benchEntries)
	for i := range keys {
		keys[i] = fmt.Sprintf("key-%012d", i)
		r.Set(keys[i], benchValue, life)
	}
	r.drained()
	return r, keys
}

// held is those of the second half that are in the store.
func (r *rig) held(keys []string) (in []string) {
	for _, key := range keys[benchEntries:] {
		if r.value(key) != "" {
			in = append(in, key)
		}
	}
	return in
}

// onBoth runs a benchmark on a store without a node and on one with a node.
func onBoth(b *testing.B, f func(b *testing.B, r *rig, keys []string)) {
	for _, replicas := range []bool{false, true} {
		r, keys := filled(replicas)
		b.Run(fmt.Sprint("replicated=", replicas), func(b *testing.B) {
			b.ReportAllocs()
			f(b, r, keys)
		})
	}
}

func BenchmarkGet(b *testing.B) {
	onBoth(b, func(b *testing.B, r *rig, keys []string) {
		keys = r.held(keys)
		for i := 0; b.Loop(); i++ {
			if _, _, ok := r.Hit(keys[i*7919%len(keys)], dawn-near); !ok {
				b.Fatal("a miss")
			}
		}
	})
}

func BenchmarkOverwrite(b *testing.B) {
	onBoth(b, func(b *testing.B, r *rig, keys []string) {
		keys = r.held(keys)
		for i := 0; b.Loop(); i++ {
			r.Set(keys[i*7919%len(keys)], benchValue, life)
		}
	})
}

func BenchmarkInsertAndEvict(b *testing.B) {
	onBoth(b, func(b *testing.B, r *rig, keys []string) {
		for i := 0; b.Loop(); i++ {
			r.Set(keys[i%len(keys)], benchValue, life)
		}
	})
}

func BenchmarkMerge(b *testing.B) {
	r, keys := filled(true)
	keys = r.held(keys)
	recs := make([]Record[[]byte], len(keys))
	for i, key := range keys {
		recs[i] = written(crdt.Value, key, 0, "")
		recs[i].Value = benchValue
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rec := recs[i*7919%len(recs)]
		rec.Version.Time += crdt.Time(i + 1<<20)
		if r.Merge(rec, dawn, nil, ViaGossip) != Won {
			b.Fatal("it did not win")
		}
	}
}

// What is done to a key that is present allocates nothing but the value that the caller brings.
func TestNothingIsAllocatedForAPresentKey(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := bulk(Config[[]byte]{Capacity: 10_000, Replicated: replicas})
		r.Set("a", benchValue, life/2)
		held := r.Known("a")
		rec := written(crdt.Value, "a", 0, "")
		rec.Value = benchValue
		for name, f := range map[string]func(){
			"Get":       func() { r.Hit("a", dawn) },
			"Peek":      func() { r.Peek("a", dawn) },
			"Known":     func() { r.Known("a") },
			"overwrite": func() { r.Set("a", benchValue, life/2) },
			"SetIf":     func() { r.SetIf("a", held.Version, benchValue, KeepTTL) },
			"touch":     func() { r.Touch("a", life) },
			"delete":    func() { r.Delete("b") },
			"merge": func() {
				rec.Version.Time = r.clock.Now(dawn)
				r.Merge(rec, dawn, nil, ViaGossip)
			},
			"miss": func() { r.Hit("none", dawn) },
		} {
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%s, replicated %v: %v allocations", name, replicas, n)
			}
		}
	}
}
