package store

import (
	"fmt"
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
)

func TestDoor(t *testing.T) {
	for _, c := range []struct {
		name       string
		held, came Record[[]byte]
		want       Outcome
		value      string
	}{
		{"newer value", written(crdt.Value, "a", 1, "x"), written(crdt.Value, "a", 2, "y"), Won, "y"},
		{"older value", written(crdt.Value, "a", 2, "x"), written(crdt.Value, "a", 1, "y"), Lost, "x"},
		{"the same", written(crdt.Value, "a", 1, "x"), written(crdt.Value, "a", 1, "x"), Lost, "x"},
		{"greater bytes", written(crdt.Value, "a", 1, "x"), written(crdt.Value, "a", 1, "b"), Tied, "b"},
		{"lesser bytes", written(crdt.Value, "a", 1, "b"), written(crdt.Value, "a", 1, "x"), Tied, "b"},
		{"value for its ghost", written(crdt.Ghost, "a", 1, ""), written(crdt.Value, "a", 1, "y"), Filled, "y"},
		{"ghost of the value", written(crdt.Value, "a", 1, "x"), written(crdt.Ghost, "a", 1, ""), Lost, "x"},
		{"newer ghost", written(crdt.Value, "a", 1, "x"), written(crdt.Ghost, "a", 2, ""), Won, ""},
		{"older than a ghost", written(crdt.Ghost, "a", 2, ""), written(crdt.Value, "a", 1, "y"), Lost, ""},
		{"newer tombstone", written(crdt.Value, "a", 1, "x"), written(crdt.Tombstone, "a", 2, ""), Won, ""},
		{"older than a tombstone", written(crdt.Tombstone, "a", 2, ""), written(crdt.Value, "a", 1, "y"), Lost, ""},
		{"outlived", written(crdt.Value, "b", 1, "x"), written(crdt.Value, "a", -keep, "y"), Dead, ""},
		{"not quite outlived", written(crdt.Value, "b", 1, "x"), written(crdt.Value, "a", 1-keep, "y"), Won, ""},
	} {
		r := replicated(10)
		r.offer(c.held)
		if out := r.offer(c.came); out != c.want || r.value("a") != c.value {
			t.Errorf("%s: outcome %d, want %d, value %q, want %q", c.name, out, c.want, r.value("a"), c.value)
		}
	}
}

// A later deadline of the version held is taken, whatever carries it, and whoever watches is told as of a touch.
func TestLaterDeadlineIsTaken(t *testing.T) {
	for _, kind := range []crdt.Kind{crdt.Value, crdt.Ghost} {
		r := replicated(10)
		early, late := written(crdt.Value, "a", 1, "x"), written(kind, "a", 1, "x")
		early.Deadline = dawn + 100
		r.offer(early)
		r.told = nil
		if out := r.offer(late); out != Extended {
			t.Errorf("kind %d: outcome %d", kind, out)
		}
		want := []string{tellChange(ChangePut, "a", []byte("x"), crdt.Register{Version: late.Version, Kind: crdt.Value, Deadline: late.Deadline})}
		if !slices.Equal(r.told, want) {
			t.Errorf("kind %d: told %q", kind, r.told)
		}
		if r.now.Add(500); r.value("a") != "x" {
			t.Errorf("kind %d: it is gone", kind)
		}
	}
}

// Rule 5: whether the sweeper has come by must make no difference.
func TestExpiredValueIsAGhostBeforeItIsSwept(t *testing.T) {
	for _, swept := range []bool{false, true} {
		r := replicated(10)
		v := written(crdt.Value, "a", 1, "x")
		v.Deadline = dawn + 100
		r.offer(v)
		r.now.Add(200)
		if swept {
			r.settle()
		}
		if out := r.offer(written(crdt.Ghost, "a", 1, "")); out != Extended || r.value("a") != "" {
			t.Errorf("swept %v: outcome %d, value %q", swept, out, r.value("a"))
		}
		if out := r.offer(written(crdt.Value, "a", 1, "x")); out != Filled || r.value("a") != "x" {
			t.Errorf("swept %v: outcome %d, value %q", swept, out, r.value("a"))
		}
	}
}

func TestOverwrittenAfterItsDeadlineHasExpired(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := newRig(Config[[]byte]{Capacity: 10, Replicated: replicas}, 1)
		r.set(t, "a", "old")
		r.now.Add(life)
		r.set(t, "a", "new")
		if want := []string{tellGone("a", []byte("old"), CauseExpired)}; !slices.Equal(r.gone, want) {
			t.Errorf("told %q, want %q", r.gone, want)
		}
		if r.value("a") != "new" {
			t.Errorf("value %q", r.value("a"))
		}
	}
}

func TestCauses(t *testing.T) {
	r := replicated(2)
	r.set(t, "a", "1")
	r.set(t, "a", "2")                        // replaced here
	r.offer(written(crdt.Value, "a", 1, "3")) // replaced elsewhere
	r.offer(written(crdt.Ghost, "a", 2, ""))  // announced: replaced elsewhere too
	r.offer(written(crdt.Value, "a", 2, "4"))
	r.offer(written(crdt.Tombstone, "a", 3, "")) // deleted elsewhere
	r.set(t, "a", "5")
	r.Delete("a") // deleted here
	r.set(t, "a", "6")
	r.set(t, "b", "7")
	r.set(t, "c", "8") // no room for a
	r.Clear()          // b and c
	r.set(t, "d", "9")
	r.now.Add(life)
	r.settle()
	slices.Sort(r.gone[6:8])
	want := []string{
		"a=1 cause 4", "a=2 cause 4", "a=3 cause 4", "a=4 cause 3", "a=5 cause 3", "a=6 cause 1", "b=7 cause 3", "c=8 cause 3", "d=9 cause 2",
	}
	if !slices.Equal(r.gone, want) {
		t.Fatalf("told  %q\nwant %q", r.gone, want)
	}
}

// Two values of one version may differ in weight: what is held must weigh what it weighs.
func TestTieKeepsTheWeightRight(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 100, Replicated: true, Weigh: weighBytes}, 1)
	var held, came Record[[]byte]
	for i := 0; ; i++ { // the longer one must have the greater hash
		held, came = written(crdt.Value, "a", 1, "x"), written(crdt.Value, "a", 1, fmt.Sprintf("%090d", i))
		if rankBytes(came.Value) > rankBytes(held.Value) {
			break
		}
	}
	r.set(t, "b", "thirty bytes, thirty bytes....")
	r.offer(held)
	if out := r.offer(came); out != Tied || r.value("a") != string(came.Value) {
		t.Fatalf("outcome %d, value %q", out, r.value("a"))
	}
	if c := r.Counts(); c.Weight != 90 || c.Entries != 1 || c.Conflicts != 1 {
		t.Fatalf("%+v", c)
	}
	if want := []string{"b=thirty bytes, thirty bytes.... cause 1", "a=x cause 4"}; !slices.Equal(r.gone, want) {
		t.Fatalf("told %q", r.gone)
	}
}

func TestTooLargeAtAPeerIsAGhostHere(t *testing.T) {
	r := newRig(Config[[]byte]{Capacity: 10, Replicated: true, Weigh: weighBytes}, 1)
	if out := r.offer(written(crdt.Value, "a", 1, "eleven bytes")); out != Won || r.Known("a").Kind != crdt.Ghost {
		t.Fatalf("outcome %d, known %v", out, r.Known("a"))
	}
}

// Gossip of a newer value is a use of its key, a sync is none; what a bootstrap brings enters as the least recently used.
func TestWhatCountsAsUse(t *testing.T) {
	for _, c := range []struct {
		via  Via
		want []string // from the least recently used on
	}{
		{ViaGossip, []string{"b", "a", "n"}},
		{ViaSync, []string{"a", "b", "n"}},
		{ViaBootstrap, []string{"n", "a", "b"}},
	} {
		r := replicated(10)
		r.set(t, "a", "1")
		r.set(t, "b", "1")
		for _, key := range []string{"a", "n"} {
			r.Merge(written(crdt.Value, key, 10, "2"), dawn, nil, c.via)
		}
		if got := usage(&r.shards[0]); !slices.Equal(got, c.want) {
			t.Errorf("via %d the order is %v, want %v", c.via, got, c.want)
		}
	}
}

// usage is the keys of a shard from the least recently used on.
func usage[P any](sh *shard[P]) (keys []string) {
	for slot, ok := sh.table.Oldest(); ok; slot, ok = sh.table.Newer(slot) {
		keys = append(keys, sh.table.Key(slot))
	}
	return keys
}

func TestLoads(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		r := newRig(Config[[]byte]{Capacity: 10, Replicated: replicas}, 1)
		at := r.BeginLoad("a")
		r.now.Add(10)
		if !r.EndLoad("a", at, []byte("loaded"), life) || r.value("a") != "loaded" || r.Known("a").Deadline != dawn+life {
			t.Fatalf("a load was not stored as of its beginning: %v", r.Known("a"))
		}
		at = r.BeginLoad("a")
		r.set(t, "a", "written")
		if r.EndLoad("a", at, []byte("loaded"), life) || r.value("a") != "written" {
			t.Fatalf("a load beat a write: %q", r.value("a"))
		}
		at = r.BeginLoad("slow")
		r.now.Add(life)
		if r.EndLoad("slow", at, []byte("loaded"), life) || r.value("slow") != "" {
			t.Fatal("a load that took a lifetime was stored")
		}
	}
}

func TestConditionsLookAtTheLiveVersion(t *testing.T) {
	r := replicated(10)
	none := crdt.Version{}
	if ok, _ := r.SetIf("a", none, []byte("1"), life); !ok {
		t.Fatal("not written where nothing is")
	}
	at := r.Known("a").Version
	if ok, _ := r.SetIf("a", none, []byte("2"), life); ok {
		t.Fatal("written over a value")
	}
	if ok, _ := r.SetIf("a", at, []byte("2"), KeepTTL); !ok || r.Known("a").Deadline != dawn+life {
		t.Fatal("not written over its version, or with another deadline")
	}
	if r.DeleteIf("a", at) || !r.DeleteIf("a", r.Known("a").Version) || r.DeleteIf("a", at) {
		t.Fatal("deleted another version, or not its own")
	}
	if ok, _ := r.SetIf("a", none, []byte("3"), KeepTTL); !ok || r.Known("a").Deadline != dawn+life {
		t.Fatal("a deleted key is not absent")
	}
}

func TestReplaceTakesAnotherFormOfTheSameValue(t *testing.T) {
	r := replicated(10)
	old := r.set(t, "a", "bytes")
	r.drained()
	has := func(want string) func([]byte) bool { return func(v []byte) bool { return string(v) == want } }
	r.Replace("a", []byte("of something else"), has("other"))
	r.Replace("none", []byte("of no key"), has("bytes"))
	if r.value("a") != "bytes" {
		t.Fatalf("value %q", r.value("a"))
	}
	r.told, r.gone = nil, nil
	r.Replace("a", []byte("form"), has("bytes"))
	if r.value("a") != "form" || r.Known("a").Version != old || r.Waiting() != 0 || len(r.told)+len(r.gone) != 0 {
		t.Fatalf("value %q, known %v, told %q, gone %q", r.value("a"), r.Known("a"), r.told, r.gone)
	}
	r.now.Add(life)
	r.settle()
	r.Replace("a", []byte("for a ghost"), has("form"))
	if rec, _ := r.Look("a"); rec.Kind != crdt.Ghost || rec.Value != nil {
		t.Fatalf("held is %v", rec)
	}
}
