package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/cmd/geobench/internal/ideal"
	"github.com/geolru/geolru/cmd/geobench/internal/policy"
	"github.com/geolru/geolru/cmd/geobench/internal/trace"
)

func anyTrace(t *rapid.T) trace.Trace {
	const keys = 20
	return trace.Trace{Requests: rapid.SliceOfN(rapid.Uint32Range(0, keys-1), 4, 300).Draw(t, "requests"), Distinct: keys}
}

func TestEachRequestIsDealtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := anyTrace(t).Requests
		c := cut{rapid.IntRange(0, 100).Draw(t, "peer"), rapid.Bool().Draw(t, "same")}
		here, there := c.deal(all)
		if c == alone && len(there) > 0 {
			t.Fatalf("a peer of nothing has %d", len(there))
		}
		got := append(slices.Clone(here), there...)
		want := slices.Clone(all)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("dealt %v, want %v", got, want)
		}
	})
}

func TestAloneThereIsOnlyTheTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr, size := anyTrace(t), rapid.IntRange(1, 20).Draw(t, "size")
		got := newTraffic(tr, alone, size).hits(policy.All()[0], size)
		if want := ideal.NewLRU(tr.Requests, tr.Distinct).Hits(size); got != want {
			t.Fatalf("%d hits, want %d", got, want)
		}
	})
}

// All that the peer misses arrives, once for each time that the requests are played.
func TestWritesOfThePeerArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr, size := anyTrace(t), rapid.IntRange(1, 20).Draw(t, "size")
		c := cut{50, rapid.Bool().Draw(t, "same")}
		w := newTraffic(tr, c, size)
		_, there := c.deal(tr.Requests)
		misses := len(there) - ideal.NewLRU(there, tr.Distinct).Hits(size)
		if len(w.writes) != misses {
			t.Fatalf("%d writes of %d misses", len(w.writes), misses)
		}
		if len(w.requests) == 0 {
			return
		}
		p := w.play(policy.All()[0], size, 0)
		for range w.requests {
			if p.sent != 0 && p.writes[p.sent-1].after > p.at {
				t.Fatalf("request %d: a write that comes after %d has come", p.at, p.writes[p.sent-1].after)
			}
			p.next()
		}
		if last := len(w.writes); last > 0 && w.writes[last-1].after >= len(w.requests) {
			t.Fatalf("a write after %d of %d requests never comes", w.writes[last-1].after, len(w.requests))
		}
	})
}

// A burst in a loop of misses: what is fresh goes when its order says so.
func TestFreshWrites(t *testing.T) {
	tr := trace.Trace{Distinct: 1000}
	for i := range 3000 {
		tr.Requests = append(tr.Requests, uint32(i%1000))
	}
	w := newTraffic(tr, alone, 100)
	for _, p := range policy.All() {
		want, known := map[string]fresh{
			policy.LRU:          {10, 10, 0},
			"LRU + unread 5 %":  {10, 5, 5},
			"LRU + unread 10 %": {10, 10, 10},
		}[p.Name]
		if got := w.fresh(p, 100); known && got != want || got.Written != 10 {
			t.Errorf("%s: %+v, want %+v", p.Name, got, want)
		}
	}
}

func TestPolicy(t *testing.T) {
	dir := t.TempDir()
	file, js, svg := filepath.Join(dir, "loop.lis"), filepath.Join(dir, "out.json"), filepath.Join(dir, "out.svg")
	if err := os.WriteFile(file, []byte(strings.Repeat("1 1000 0 0\n", 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command("policy", "--size", "500", "--size", "900", "--policy", "S3-FIFO", "--json", js, "--plot", svg, file)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, part := range []string{"3000 requests of 1000 keys", "| S3-FIFO", "## All traces"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	var r policyReport
	readJSON(t, js, &r)
	if got, want := len(r.Traces[0].Rows), 2*2*len(cuts()); got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
	for _, row := range r.Traces[0].of(policy.LRU, alone) { // a loop is its worst case
		if row.Ratio != 0 || row.Fresh.Kept != row.Fresh.Written {
			t.Errorf("LRU: %+v %+v", row, row.Fresh)
		}
	}
	if picture, err := os.ReadFile(svg); err != nil || !bytes.Contains(picture, []byte("<svg")) {
		t.Errorf("the picture: %v, %.40q", err, picture)
	}
}

func TestVerdict(t *testing.T) {
	good := verdict{alone: []float64{1, 1, 1, 1, 1, -1}, fresh: 95}
	if good.wins() != 5 || !good.holds() {
		t.Errorf("%d wins, holds: %v; it is as good as it must be", good.wins(), good.holds())
	}
	for name, bad := range map[string]verdict{
		"a tie is no win": {alone: []float64{1, 1, 1, 1, 0.004, -1}, fresh: 100},
		"loses too much":  {alone: []float64{1, 1, 1, 1, 1, -1.01}, fresh: 100},
		"forgets writes":  {alone: []float64{1, 1, 1, 1, 1, 1}, fresh: 94},
	} {
		if bad.holds() {
			t.Errorf("%s, and it holds", name)
		}
	}
}

func TestEachPolicyCanBeAskedFor(t *testing.T) {
	for _, p := range policy.All() {
		got, err := pickPolicies([]string{p.Name})
		if err != nil || !slices.ContainsFunc(got, func(q policy.Policy) bool { return q.Name == p.Name }) || len(got) > 2 {
			t.Errorf("%q: %v, %v", p.Name, got, err)
		}
		if strings.Contains(p.Name, ",") { // a flag that is repeatable would cut it in two
			t.Errorf("there is a comma in %q", p.Name)
		}
	}
}
