package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// callers is a mesh of regions in which misses load, as an application does: one flight per node and key, peers, Load.
type callers struct {
	*mesh
	takes   time.Duration // a load
	fails   bool          // the next load
	loads   map[int]int   // begun, by node
	served  map[int]time.Duration
	flights map[string]bool
	sent    int // requests and claims
	before  int // … when the last load began
}

func newCallers(t *testing.T, nodes int, delay time.Duration) *callers {
	m := &mesh{World: sim.New(1), t: t}
	m.Links = sim.Links{Delay: delay, Notice: time.Second, Redial: time.Second}
	for i := range nodes {
		o := standard
		o.Loads = true
		m.add(fmt.Sprint("region-", i), o)
	}
	m.Run(40 * time.Second)
	w := &callers{
		mesh: m, takes: 50 * time.Millisecond, loads: map[int]int{}, served: map[int]time.Duration{}, flights: map[string]bool{},
	}
	for _, n := range m.Nodes() {
		n.Sent = func(lane uint8) {
			if lane == geo.LaneFetch {
				w.sent++
			}
		}
	}
	return w
}

// get is a caller on a node. A hundred of them are one flight (the root package sees to it), and so they are here.
func (w *callers) get(i int, key string) {
	flight := fmt.Sprint(i, key)
	switch {
	case w.mesh.get(i, key) != "":
		w.served[i] = w.Now()
		return
	case w.flights[flight]:
		return
	}
	w.flights[flight] = true
	w.caches[i].Ask([]string{key}, func(found map[string]replica.Blob) {
		if len(found) == 0 {
			w.bid(i, key)
			return
		}
		w.served[i] = w.Now()
	})
}

func (w *callers) bid(i int, key string) {
	var over func(bool)
	over = w.caches[i].Bid(key, func(load bool) {
		if !load {
			w.served[i] = w.Now()
			return
		}
		w.loads[i]++
		w.before = w.sent
		at := w.caches[i].Store().BeginLoad(key)
		fails := w.fails
		w.fails = false
		w.Nodes()[i].After(w.takes, func() {
			if !fails {
				w.caches[i].Store().EndLoad(key, at, replica.BlobOf([]byte("loaded")), time.Hour.Milliseconds())
			}
			w.served[i] = w.Now()
			over(!fails)
		})
	})
}

func (w *callers) all(key string) {
	for range 100 {
		for i := range w.caches {
			w.get(i, key)
		}
	}
}

func (w *callers) total() (n int) {
	for _, l := range w.loads {
		n += l
	}
	return n
}

const timeout = 3600 * time.Millisecond // of Mesh, by default

func TestOneLoadAcrossRegions(t *testing.T) {
	for _, jitter := range []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond} {
		w := newCallers(t, 3, 40*time.Millisecond)
		w.Links.Jitter = jitter
		w.Run(30 * time.Second)
		for k := range 100 {
			w.all(fmt.Sprint("cold", k))
			w.Run(time.Second)
			if w.total() != k+1 || len(w.served) != 3 {
				t.Fatalf("jitter %v: %d loads for %d keys, %d regions served", jitter, w.total(), k+1, len(w.served))
			}
		}
		if len(w.loads) != 3 {
			t.Errorf("the loads of 100 keys are not spread: %v", w.loads)
		}
	}
}

// TestLaterCallersWaitForTheLoad: whoever comes while a load runs, and has heard of it, waits for it.
func TestLaterCallersWaitForTheLoad(t *testing.T) {
	w := newCallers(t, 3, 40*time.Millisecond)
	w.takes = time.Second
	w.get(0, "k")
	w.Run(300 * time.Millisecond)
	w.get(1, "k")
	w.Run(300 * time.Millisecond)
	w.get(2, "k")
	w.Run(2 * time.Second)
	if w.total() != 1 || w.loads[0] != 1 || len(w.served) != 3 {
		t.Errorf("loads %v, served %v", w.loads, w.served)
	}
}

// TestNoMessageBeforeLoad: a whole node that misses a key which was never written sends nothing before its load, wherever it
// stands in the order of that key.
func TestNoMessageBeforeLoad(t *testing.T) {
	w := newCallers(t, 3, 40*time.Millisecond)
	for k := range 30 {
		w.sent = 0
		begun := w.total()
		w.get(k%3, fmt.Sprint("never written", k))
		if !w.Until(100*time.Millisecond, func() bool { return w.total() > begun }) {
			t.Fatal("no load within a one-way time and its jitter")
		}
		if w.before > 0 {
			t.Fatalf("%d messages before the load", w.before)
		}
		w.Run(time.Second)
		if w.sent != 4 {
			t.Fatalf("%d messages for a load, want a claim and its end to two peers", w.sent)
		}
	}
}

func TestOneLoadPerSideOfACut(t *testing.T) {
	w := newCallers(t, 3, 40*time.Millisecond)
	w.Cut(0, 0, 1)
	w.Run(5 * time.Second)
	for k := range 30 {
		w.all(fmt.Sprint("cold", k))
		w.Run(time.Second)
		if near := w.loads[0] + w.loads[1]; near != k+1 || w.loads[2] != k+1 {
			t.Fatalf("%d keys: %d loads on one side, %d on the other", k+1, near, w.loads[2])
		}
	}
}

// TestLoaderDies: a node dies while others wait for its load.
func TestLoaderDies(t *testing.T) {
	for _, notice := range []time.Duration{500 * time.Millisecond, time.Minute} {
		w := newCallers(t, 3, 40*time.Millisecond)
		w.Links.Notice = notice
		w.takes = time.Second
		w.all("k")
		w.Run(500 * time.Millisecond)
		if w.total() != 1 {
			t.Fatal("not one load")
		}
		for i, n := range w.loads {
			if n == 1 {
				w.Nodes()[i].Crash()
			}
		}
		began := w.Now()
		w.takes = 50 * time.Millisecond
		if !w.Until(2*timeout, func() bool { return len(w.served) == 2 }) {
			t.Fatalf("served %v after twice the timeout", w.served)
		}
		t.Logf("noticed after %v: served after %v", notice, w.Now()-began)
		if w.total() != 2 {
			t.Errorf("%d loads, one was lost", w.total())
		}
	}
}

func TestFailedLoadIsTakenUp(t *testing.T) {
	w := newCallers(t, 3, 40*time.Millisecond)
	w.fails = true
	w.all("k")
	w.Run(time.Second)
	if w.total() != 2 || w.mesh.get(0, "k") == "" || w.mesh.get(1, "k") == "" || w.mesh.get(2, "k") == "" {
		t.Errorf("loads %v after one that failed", w.loads)
	}
}

// TestLostLoadIsFetched: gossip loses what was loaded; those who wait are told, and ask for it.
func TestLostLoadIsFetched(t *testing.T) {
	w := newCallers(t, 3, 40*time.Millisecond)
	w.Links.Loss = 1
	w.all("k")
	w.Run(400 * time.Millisecond)
	if w.total() != 1 || len(w.served) != 3 {
		t.Errorf("loads %v, served %v", w.loads, w.served)
	}
}

// TestHangingLoader: a node claims keys and never loads them. It holds the others up until that is noticed, and not for each key.
func TestHangingLoader(t *testing.T) {
	w := newCallers(t, 3, 40*time.Millisecond)
	hang := func(key string) {
		w.caches[2].Bid(key, func(bool) {})
		w.Run(300 * time.Millisecond)
	}
	hang("k")
	w.get(0, "k")
	if w.Run(3 * time.Second); len(w.served) > 0 {
		t.Errorf("the claim of a load was not heeded: served %v", w.served)
	}
	w.Run(5 * time.Second)
	for _, key := range []string{"l", "m"} {
		hang(key)
		clear(w.served)
		w.get(0, key)
		if w.Run(500 * time.Millisecond); len(w.served) != 1 {
			t.Errorf("%s is not served: another claim of who hangs is heeded", key)
		}
	}
	w.Run(30 * time.Second)
	w.takes = time.Second
	w.get(2, "n")
	w.Run(300 * time.Millisecond)
	loads := w.loads[0]
	w.get(0, "n")
	if w.Run(2 * time.Second); w.loads[0] > loads {
		t.Error("who loads again is never heeded again")
	}
}

// TestCallerWhoGivesUpHoldsNobodyUp: the claim of a look at peers ends with it.
func TestCallerWhoGivesUpHoldsNobodyUp(t *testing.T) {
	w := newCallers(t, 3, 40*time.Millisecond)
	for i := range w.caches {
		w.doubt(i)
	}
	cancel := w.caches[2].Ask([]string{"k"}, func(map[string]replica.Blob) {})
	w.Run(20 * time.Millisecond)
	cancel()
	w.Run(50 * time.Millisecond)
	w.get(0, "k")
	if w.Run(500 * time.Millisecond); len(w.served) != 1 {
		t.Errorf("served %v", w.served)
	}
}

// TestBidGivenUp: whoever gives up is not called, and holds nobody up.
func TestBidGivenUp(t *testing.T) {
	w := newCallers(t, 2, 40*time.Millisecond)
	for i := range 2 {
		over := w.caches[i].Bid("k", func(load bool) {
			if !load {
				t.Error("there is no value")
			}
		})
		over(false)
		over(false)
	}
	w.Run(200 * time.Millisecond)
	w.all("k")
	w.Run(time.Second)
	if w.total() != 1 {
		t.Errorf("%d loads", w.total())
	}
}

func TestBidAlone(t *testing.T) {
	w := newCallers(t, 1, 0)
	w.get(0, "k")
	if w.total() != 1 {
		t.Error("a node without peers waits, and for whom?")
	}
}

// TestOneLoadAfterExpiry: a value that all had has expired. Its ghosts are asked about first, which takes each region its own
// time.
func TestOneLoadAfterExpiry(t *testing.T) {
	w := newCallers(t, 3, 0)
	apart := [3][3]time.Duration{{0, 10, 40}, {10, 0, 45}, {40, 45, 0}}
	w.Links.Way = func(from, to int) time.Duration {
		return apart[from][to]*time.Millisecond + time.Duration(w.Rand.ExpFloat64()*float64(time.Millisecond))
	}
	w.Run(30 * time.Second)
	const keys = 100
	for k := range keys {
		w.caches[k%3].Store().Set(fmt.Sprint("k", k), replica.BlobOf([]byte("v")), 1000)
		w.Run(2 * time.Second)
		w.all(fmt.Sprint("k", k))
		w.Run(2 * time.Second)
		if w.mesh.get(0, fmt.Sprint("k", k)) != "loaded" {
			t.Fatal("nobody has loaded it")
		}
	}
	if w.total() != keys {
		t.Errorf("%d loads for %d keys", w.total(), keys)
	}
}
