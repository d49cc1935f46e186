package geo

import (
	"slices"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/wan"
)

const worlds = 60 // with 5, 20 and 60 peers each

// eachWorld runs over worlds that have been measured for ten seconds, a different one each time.
func eachWorld(noise jitter, visit func(w *world)) {
	for seed := range uint64(worlds) {
		for i, n := range []int{5, 20, 60} {
			w := newWorld(3*seed+uint64(i), n, noise)
			w.Live(10 * time.Second)
			visit(w)
		}
	}
}

func TestPicksTheNearest(t *testing.T) {
	for _, c := range []struct {
		jitter
		want float64
	}{{cloud, .999}, {internet, .999}, {bad, .99}} {
		t.Run(c.Name, func(t *testing.T) {
			var v wan.Verdict
			eachWorld(c.jitter, func(w *world) { v = v.Plus(w.Judge(2 * time.Minute)) })
			right := float64(v.Right) / float64(v.Probes)
			all := 100 * float64(v.Switches) / float64(v.Probes)
			first := 100 * float64(v.Switches) / float64(v.First) // at whosever probe
			t.Logf("right %.5f; switches per 100 probes %.4f, for each 100 of whoever stood first %.4f", right, all, first)
			if right < c.want {
				t.Errorf("within 10 %% or 1 ms of the nearest in %.5f of the probes, want %v", right, c.want)
			}
			if all >= .1 {
				t.Errorf("%.3f switches per 100 probes, want < .1", all)
			}
			if first >= .1 {
				t.Errorf("%.3f switches per 100 probes of whoever stood first, want < .1", first)
			}
		})
	}
}

func TestLeavesASlowedPeer(t *testing.T) {
	for _, noise := range []jitter{cloud, internet, bad} {
		t.Run(noise.Name, func(t *testing.T) {
			var probes []int
			eachWorld(noise, func(w *world) {
				if n, ok := w.Slow(); ok {
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

func quantile[T any](sorted []T, q float64) T {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
