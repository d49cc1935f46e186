package store

import (
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
)

func clearAt(ms int64) Record[[]byte] { return written(crdt.Clear, "", ms, "") }

func TestClearIsAVersionOfTheWholeCache(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 10, Replicated: true}, 3)
	r.offer(written(crdt.Value, "before", 1, "v"))
	r.offer(written(crdt.Value, "after", 9, "v"))
	if out := r.offer(clearAt(5)); out != Won {
		t.Fatalf("outcome %d", out)
	}
	if r.value("before") != "" || r.value("after") != "v" || r.Known("before").Kind != crdt.None {
		t.Fatal("the wrong ones went")
	}
	for _, c := range []struct {
		rec  Record[[]byte]
		want Outcome
	}{
		{written(crdt.Value, "late", 4, "v"), Dead}, {written(crdt.Tombstone, "late", 5, ""), Dead}, {written(crdt.Value, "late", 6, "v"), Won},
		{clearAt(5), Lost}, {clearAt(4), Lost}, {clearAt(-keep), Dead}, {clearAt(6), Won},
	} {
		if out := r.offer(c.rec); out != c.want {
			t.Errorf("%v: outcome %d, want %d", c.rec, out, c.want)
		}
	}
	if r.value("late") != "" || r.value("after") != "v" {
		t.Fatal("the second Clear took the wrong ones")
	}
}

func TestOwnClearWaitsWithItsDotAndIsPruned(t *testing.T) {
	r := replicated(10)
	r.set(t, "a", "1")
	r.Clear()
	if r.Waiting() != 1 || r.Len() != 0 {
		t.Fatalf("%d wait, %d held", r.Waiting(), r.Len())
	}
	r.Drain(func(Record[[]byte], bool) bool { return false })
	sent := r.drained()
	if len(sent) != 1 || sent[0].Kind != crdt.Clear || sent[0].Seq != 1 || sent[0].Register != r.Cleared() {
		t.Fatalf("sent %v", sent)
	}
	r.now.Add(keep)
	r.settle()
	if r.Waiting() != 0 || r.Cleared().Kind != crdt.None {
		t.Fatalf("%d wait, held %v", r.Waiting(), r.Cleared())
	}
}

func TestHigherClearOfAPeerTakesTheOwnOutOfTheOutbox(t *testing.T) {
	r := replicated(10)
	r.Clear()
	r.offer(clearAt(5))
	if r.Waiting() != 0 || r.Cleared() != clearAt(5).Register {
		t.Fatalf("%d wait, held %v", r.Waiting(), r.Cleared())
	}
}

// Whoever follows the changes must end with what is held: what is written while a Clear is under way comes after it.
func TestClearIsToldBeforeWhatFollowsIt(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := newRig(Config[[]byte]{Capacity: 10, Replicated: replicas}, 2)
		r.set(t, "a", "1")
		mirror := map[string]bool{}
		r.OnChange(func(ch Change[[]byte]) {
			if mirror[ch.Key] = ch.Kind == ChangePut; ch.Kind == ChangeClear {
				clear(mirror)
			}
		})
		r.cfg.Evicted = func(string, []byte, Cause) {
			r.cfg.Evicted = func(string, []byte, Cause) {}
			for _, key := range []string{"b", "c", "d", "e", "f"} { // of both shards
				r.set(t, key, "2")
			}
		}
		r.Clear()
		for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
			if held := r.value(key) != ""; held != mirror[key] {
				t.Errorf("replicated %v: %q is held: %v, was told: %v", replicas, key, held, mirror[key])
			}
		}
	}
}

// One goroutine writes to a shard that the Clear has swept, then to one that it has not: it cannot have come both before
// the one and after the other.
func TestClearIsOneMoment(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := newRig(Config[[]byte]{Capacity: 10, Replicated: replicas}, 2)
		first, second := keyOf(r.Store, 0), keyOf(r.Store, 1)
		r.set(t, first, "1")
		r.cfg.Evicted = func(string, []byte, Cause) {
			r.cfg.Evicted = func(string, []byte, Cause) {}
			r.set(t, first, "2")
			r.set(t, second, "2")
		}
		r.Clear()
		if r.value(first) != "2" || r.value(second) != "2" {
			t.Errorf("replicated %v: held %q and %q", replicas, r.value(first), r.value(second))
		}
	}
}

// What is dead is not served while the sweep is still on its way to it.
func TestClearedIsDeadBeforeItIsSwept(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := newRig(Config[[]byte]{Capacity: 10, Replicated: replicas}, 2)
		first, second := keyOf(r.Store, 0), keyOf(r.Store, 1)
		r.set(t, first, "1")
		at := r.set(t, second, "1")
		looked := 0
		r.cfg.Evicted = func(key string, _ []byte, _ Cause) {
			if looked++; key != first {
				return
			}
			_, _, ok := r.Get(second, dawn)
			_, found := r.Look(second)
			r.Walk(0, 100, func(Record[[]byte]) bool { ok = true; return true })
			r.Scan(0, 100, func(Record[[]byte]) { ok = true })
			if ok || found || r.value(second) != "" || r.Known(second).Kind != crdt.None || r.Touch(second, life) || r.MergeTouch(second, at, dawn+2*life, dawn) {
				t.Errorf("replicated %v: a cleared value is served", replicas)
			}
		}
		if r.Clear(); looked != 2 {
			t.Errorf("replicated %v: %d went", replicas, looked)
		}
	}
}

// keyOf is a key of that shard.
func keyOf(s *Store[[]byte], shard int) string {
	for key := "a"; ; key += "a" {
		if s.of(s.cfg.Hash(key)) == &s.shards[shard] {
			return key
		}
	}
}

// A Clear of a peer may come after what was written behind it. It is told as taking all, so what stays is told again.
func TestWhatOutlastsAPeersClearIsToldAgain(t *testing.T) {
	r := replicated(10)
	r.offer(written(crdt.Value, "a", 9, "v"))
	r.told = nil
	r.offer(clearAt(5))
	a := written(crdt.Value, "a", 9, "v")
	want := []string{tellChange(ChangeClear, "", nil, clearAt(5).Register), tellChange(ChangePut, "a", a.Value, a.Register)}
	if !slices.Equal(r.told, want) {
		t.Fatalf("told %q, want %q", r.told, want)
	}
}

func TestLoadFromBeforeALocalClearIsNotStored(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 10}, 2)
	at := r.BeginLoad("a")
	r.Clear()
	if r.EndLoad("a", at, []byte("old"), life) || r.value("a") != "" {
		t.Fatalf("value %q", r.value("a"))
	}
	r.set(t, "a", "new")
	if r.value("a") != "new" {
		t.Fatal("a write after the Clear was not stored")
	}
}
