package geo

import (
	"slices"
	"testing"
	"time"
)

const worlds = 60 // with 5, 20 and 60 peers each

// eachWorld runs over worlds that have been measured for ten seconds, a different one each time.
func eachWorld(noise jitter, visit func(w *world)) {
	for seed := range uint64(worlds) {
		for i, n := range []int{5, 20, 60} {
			w := newWorld(3*seed+uint64(i), n, noise)
			w.run(10 * time.Second)
			visit(w)
		}
	}
}

// share is a count of a whole.
type share struct{ part, whole int }

func (s *share) count(is bool) { s.add(is, true) }

// add counts a part and a whole apart.
func (s *share) add(part, whole bool) {
	if part {
		s.part++
	}
	if whole {
		s.whole++
	}
}

func (s share) of() float64 { return float64(s.part) / float64(s.whole) }

func TestPicksTheNearest(t *testing.T) {
	for _, c := range []struct {
		jitter
		want float64
	}{{cloud, .999}, {internet, .999}, {bad, .99}} {
		t.Run(c.Name, func(t *testing.T) {
			right, switches, probes := watch(c.jitter)
			t.Logf("right %.5f; switches per 100 probes %.4f, of the nearest alone %.4f", right.of(), 100*probes.of(), 100*switches.of())
			if right.of() < c.want {
				t.Errorf("within 10 %% or 1 ms of the nearest in %.5f of the probes, want %v", right.of(), c.want)
			}
			if 100*probes.of() >= .1 {
				t.Errorf("%.3f switches per 100 probes, want < .1", 100*probes.of())
			}
			if c.Name != "bad" && 100*switches.of() >= .1 {
				t.Errorf("%.3f switches per 100 probes of the nearest, want < .1", 100*switches.of())
			}
		})
	}
}

// watch counts at each probe whether whoever stands first is near enough to the nearest, and whether it is another one than
// before: of all probes, and of those of whoever stood first.
func watch(noise jitter) (right, ofNearest, ofAll share) {
	eachWorld(noise, func(w *world) {
		best, was := w.truth(), w.first()
		w.probed = func(id ID) {
			first := w.first()
			got := w.base[first]
			right.count(float64(got) <= 1.1*float64(best) || got <= best+time.Millisecond)
			ofAll.count(first != was)
			ofNearest.add(first != was, id == was)
			was = first
		}
		w.run(2 * time.Minute)
	})
	return right, ofNearest, ofAll
}

func TestLeavesASlowedPeer(t *testing.T) {
	for _, noise := range []jitter{cloud, internet, bad} {
		t.Run(noise.Name, func(t *testing.T) {
			var probes []int
			eachWorld(noise, func(w *world) {
				if n, ok := slow(w); ok {
					probes = append(probes, n)
				}
			})
			slices.Sort(probes)
			t.Logf("%d worlds: median %d, p95 %d, most %d", len(probes), quantile(probes, .5), quantile(probes, .95), quantile(probes, 1))
			if p95 := quantile(probes, .95); p95 > 5 {
				t.Errorf("left after %d probes (p95), want 5", p95)
			}
		})
	}
}

// slow makes the first peer three times slower and counts its probes until another stands first; false in a world where
// nobody is better by a fifth and 2 ms even then.
func slow(w *world) (int, bool) {
	first, probes := w.first(), 0
	w.base[first] *= 3
	if float64(w.base[first]) < 1.2*float64(w.truth()) || w.base[first] < w.truth()+2*time.Millisecond {
		return 0, false
	}
	w.probed = func(id ID) {
		if id == first && w.first() == first {
			probes++
		}
	}
	for w.first() == first && probes < 100 {
		w.run(probeQuick)
	}
	return probes + 1, true
}

func quantile[T any](sorted []T, q float64) T {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
