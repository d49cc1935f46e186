//go:build timed

package geolru

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// What takes longer than a commit can wait for, or says something on a quiet machine alone.

func within(t *testing.T, what string, took, most time.Duration) {
	t.Helper()
	t.Logf("%s: %v", what, took)
	if took > most {
		t.Errorf("%s took %v, want at most %v", what, took, most)
	}
}

func TestTimedRepair(t *testing.T) {
	for _, c := range []struct {
		missed int
		most   time.Duration
		bytes  func(records float64) float64
	}{
		{100, 3 * time.Second, func(r float64) float64 { return r + 64<<10 }},
		{100_000, 2 * time.Second, func(r float64) float64 { return 1.2 * r }},
		{0, time.Second, func(float64) float64 { return 200 }},
	} {
		t.Run(fmt.Sprint(c.missed), func(t *testing.T) {
			m, records := repair(t, 1_000_000, c.missed)
			within(t, "repair", m.took, c.most)
			if m.sync > c.bytes(records) {
				t.Errorf("%.0f bytes of sync for %.0f of records", m.sync, records)
			}
		})
	}
}

func TestTimedBootstrap(t *testing.T) {
	for n, most := range map[int]time.Duration{100_000: 2 * time.Second, 1_000_000: 20 * time.Second} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p := &pair{t: t, way: newProxy(t)}
			p.nodes[0] = p.way.behind(t, Mesh{})
			p.c[0] = on(t, p.nodes[0], Options[[]byte]{Capacity: 2 * n})
			p.write(0, "held", n)
			hot := fmt.Sprintf("held%07d", n-1)
			p.c[0].GetIfPresent(hot)
			from := time.Now()
			p.join(Mesh{}, 2*n)
			eventually(t, "they are connected", p.connected)
			connected := time.Now()
			eventually(t, "the hottest is there", func() bool { _, ok := p.c[1].GetIfPresent(hot); return ok })
			within(t, "first hit, from the start of the node", time.Since(from), time.Second)
			eventually(t, "all is there", func() bool { return p.c[1].Stats().Bootstrap == 1 })
			within(t, fmt.Sprint("bootstrap of ", n), time.Since(connected), most)
			if got := p.c[1].Len(); got != n {
				t.Errorf("%d of %d are there", got, n)
			}
		})
	}
}

func TestTimedResume(t *testing.T) {
	for _, n := range []int{100_000, 1_000_000} {
		for name, stop := range map[string]func(*pair){"break": breaks, "restart": restarts, "kill": kills} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				if sent := resume(t, n, stop); sent > uint64(n+n/10) {
					t.Errorf("%d records were sent", sent)
				}
			})
		}
	}
}

func TestTimedRestart(t *testing.T) {
	const n, missed = 1_000_000, 1000
	p := &pair{t: t, way: newProxy(t)}
	p.nodes[0] = p.way.behind(t, Mesh{})
	p.c[0] = on(t, p.nodes[0], Options[[]byte]{Capacity: 2 * n})
	p.write(0, "held", n)
	p.join(Mesh{Dir: t.TempDir()}, 2*n)
	eventually(t, "all is there", func() bool { return p.c[1].Stats().Bootstrap == 1 })
	from := time.Now()
	if err := p.nodes[1].Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("closed with a snapshot after %v", time.Since(from))
	p.way.cut() // so that what is there at the start is from the disk
	p.write(0, "missed", missed)
	from = time.Now()
	p.join(Mesh{Dir: p.dir}, 2*n)
	t.Logf("started from the snapshot after %v", time.Since(from))
	hits := 0
	for k := range n {
		if _, ok := p.c[1].GetIfPresent(fmt.Sprintf("held%07d", k)); ok {
			hits++
		}
	}
	m := p.mend()
	t.Logf("%d of %d hit at once; then %d records were sent for %d missed, whole after %v", hits, n, p.nodes[1].engine.Counters().Moved, missed, m.took)
	if hits < n*99/100 || p.nodes[1].engine.Counters().Moved != missed {
		t.Error("that is not what was kept")
	}
}

// What a peer lacks is found by a walk over everything that is held: of a million, a hundred.
func TestTimedFind(t *testing.T) {
	const n, lacking = 1_000_000, 100
	p := newPair(t, 2*n, 0)
	p.cut()
	p.write(0, "held", n)
	lacks := p.c[0].mesh.Digest()
	p.write(0, "missed", lacking)
	s := p.c[0].mesh.Store()
	best := time.Hour
	for range 5 {
		from, found := time.Now(), 0
		for cursor, first := uint64(0), true; first || cursor != 0; first = false {
			cursor = s.WalkBut(cursor, 16_384, lacks.Has, func(store.Record[replica.Blob]) bool {
				found++
				return true
			})
		}
		best = min(best, time.Since(from))
		if found != lacking {
			t.Fatalf("%d found, %d are lacking", found, lacking)
		}
	}
	t.Logf("%v, of 5 the best", best)
	if best > 20*time.Millisecond {
		t.Errorf("it takes %v", best)
	}
}
