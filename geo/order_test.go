package geo

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	someIDs   = []ID{"a", "b", "c", "d", "e", "f"}
	anyID     = rapid.SampledFrom(someIDs)
	anyRegion = rapid.SampledFrom([]string{"", "eu", "us"})
	anyRTT    = rapid.Custom(func(t *rapid.T) time.Duration {
		return rapid.SampledFrom([]time.Duration{-ms, 0, ms, 10 * ms, 100 * ms, time.Second, maxRTT, 2 * maxRTT}).Draw(t, "about") +
			time.Duration(rapid.Int64Range(0, int64(30*ms)).Draw(t, "more"))
	})
)

func anyEstimate(t *rapid.T, name string) *ranked {
	p := &ranked{}
	for _, rtt := range rapid.SliceOfN(anyRTT, 1, 8).Draw(t, name) {
		p.add(max(rtt, 0))
	}
	p.unsteady = rapid.Bool().Draw(t, name+" stalls often")
	return p
}

func TestBeatsIsAStrictPartialOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q, r := anyEstimate(t, "p"), anyEstimate(t, "q"), anyEstimate(t, "r")
		if p.beats(p) || p.beats(q) && q.beats(p) {
			t.Fatal("not strict")
		}
		if p.beats(q) && q.beats(r) && !p.beats(r) {
			t.Fatal("not transitive")
		}
	})
}

// TestEstimateIsTheMinimumSinceTheShift holds an estimate against its definition, over all samples ever.
func TestEstimateIsTheMinimumSinceTheShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e estimate
		var all, minima []time.Duration
		since, shift := 0, 0 // the samples and the minima that count
		for _, rtt := range rapid.SliceOfN(rapid.Int64Range(0, int64(200*ms)), 1, 60).Draw(t, "rtts") {
			e.add(time.Duration(rtt))
			all = append(all, time.Duration(rtt))
			since = max(since, len(all)-reach)
			for _, s := range shifts {
				young := len(all) - s.samples
				if young > since && slower(slices.Min(all[since:young]), slices.Min(all[young:]), s.factor) {
					since, shift = young, len(minima)
				}
			}
			minima = append(minima, slices.Min(all[since:]))
			last := minima[max(shift, len(minima)-window):]
			if e.rtt() != minima[len(minima)-1] || e.low() != slices.Min(last) || e.high() != slices.Max(last) {
				t.Fatalf("%v: rtt %v, low %v, high %v, want the least since %d and of %v", all, e.rtt(), e.low(), e.high(), since, last)
			}
		}
	})
}

func slower(before, now time.Duration, factor float64) bool {
	return float64(now) >= factor*float64(before) && now >= before+marginAbs
}

// act makes one random call and tells of which peer.
func act(t *rapid.T, r *Ranking, now *int64) ID {
	id := anyID.Draw(t, "id")
	*now += rapid.Int64Range(-sec/2, 2*sec).Draw(t, "later")
	switch rapid.IntRange(0, 19).Draw(t, "act") {
	case 0:
		r.Remove(id)
	case 1:
		r.Fail(id, *now)
	case 2, 3:
		r.Add(id, anyRegion.Draw(t, "region"), *now)
	case 4:
		r.Probed(id, *now)
	case 5:
		r.Late(id, anyRTT.Draw(t, "late"), *now)
	case 6:
		for range unsteadyAt {
			*now += sec
			r.Late(id, maxRTT, *now)
			r.Sample(id, 0, *now)
		}
	default:
		r.Sample(id, anyRTT.Draw(t, "rtt"), *now)
	}
	return id
}

func someRanking() *Ranking {
	r := NewRanking("eu", seeded(1))
	for _, id := range someIDs {
		r.Add(id, "eu", 0)
	}
	return r
}

func TestOrderHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, now := someRanking(), int64(0)
		for range rapid.IntRange(30, 90).Draw(t, "calls") {
			before := ids(r.order)
			moved := act(t, r, &now)
			if without(before, moved) != without(ids(r.order), moved) {
				t.Fatalf("a call for %s moved others: %v to %v", moved, before, ids(r.order))
			}
			checkOrder(t, r)
			checkViews(t, r, now)
		}
	})
}

func ids(order []*ranked) []ID {
	var ids []ID
	for _, p := range order {
		ids = append(ids, p.id)
	}
	return ids
}

func without(all []ID, id ID) string {
	return fmt.Sprint(slices.DeleteFunc(slices.Clone(all), func(i ID) bool { return i == id }))
}

// checkOrder: measured ones first, nobody behind one that it beats, the others by region.
func checkOrder(t *rapid.T, r *Ranking) {
	if len(r.order) != len(r.peers) {
		t.Fatalf("%d in order, %d known", len(r.order), len(r.peers))
	}
	for i, p := range r.order {
		if r.peers[p.id] != p || p.measured() != (i < r.measured) {
			t.Fatalf("%s stands at %d with %d samples", p.id, i, p.n)
		}
		for _, q := range r.order[:i] {
			if p.measured() && p.beats(q) || !q.measured() && r.guess(q, p) >= 0 {
				t.Fatalf("%s stands behind %s", p.id, q.id)
			}
		}
	}
}

// checkViews: what callers see agrees with itself.
func checkViews(t *rapid.T, r *Ranking, now int64) {
	near, all := r.Nearest(-1, now), r.All()
	if len(all) != len(r.order) || !slices.Equal(all[:len(near)], near) {
		t.Fatalf("Nearest %v is not how All %v begins", near, all)
	}
	for _, id := range all {
		h, scarce := r.Hedge(id, 0), r.Hedge(id, 1)
		if h < hedgeFloor || h > scarce || scarce > max(r.peers[id].patience(), hedgeUnknown) {
			t.Fatalf("Hedge(%s) = %v, %v when scarce", id, h, scarce)
		}
	}
	due := r.Due(now)
	if at, ok := r.NextDue(); ok != (len(all) > 0) || ok && (at <= now) != (len(due) > 0) {
		t.Fatalf("at %d: NextDue %d, %v; Due %v", now, at, ok, due)
	}
}

func TestConstantLatenciesSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, now := someRanking(), int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			act(t, r, &now)
		}
		truth := make([]time.Duration, len(r.order))
		members := ids(r.order)
		for i := range truth {
			truth[i] = max(0, anyRTT.Draw(t, "true")) % maxRTT
		}
		for range reach + window - 1 {
			for i, id := range members {
				r.Sample(id, truth[i], now)
			}
		}
		settled := r.All()
		for i, id := range members {
			r.Sample(id, truth[i], now)
		}
		if got := r.All(); !slices.Equal(got, settled) {
			t.Fatalf("went on from %v to %v", settled, got)
		}
	})
}

// replay is what one seed makes of a minute.
func replay(seed uint64) string {
	w := newWorld(seed, 30, internet)
	var log []ID
	w.Home.Probed = func(id ID) { log = append(log, id, w.First()) }
	w.Live(time.Minute)
	return fmt.Sprint(log, w.All())
}

func TestSameSeedReplays(t *testing.T) {
	first := replay(1)
	if again := replay(1); again != first {
		t.Error("the same calls gave other answers")
	}
	if first == replay(2) {
		t.Error("the seed makes no difference")
	}
}

func BenchmarkSample200(b *testing.B) {
	w := newWorld(1, 200, internet)
	w.Live(10 * time.Second)
	for i := 0; b.Loop(); i++ {
		w.Probe(w.IDs[i%len(w.IDs)])
	}
}
