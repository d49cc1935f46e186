package geo

import (
	"slices"
	"testing"
	"time"
)

func TestUnknownAreDueAtOnceAndFirst(t *testing.T) {
	r := ranked3(30*ms, 20*ms, 10*ms)
	r.Add("new", "us", 0)
	if got := r.Due(0); !slices.Equal(got, []ID{"new", "c", "b", "a"}) {
		t.Errorf("Due = %q, want the unknown first, then the nearest", got)
	}
	for _, id := range r.Due(0) {
		r.Probed(id, 0)
	}
	if got := r.Due(0); len(got) > 0 {
		t.Errorf("Due = %q just after all were probed", got)
	}
}

// gaps is the times between the probes of each peer over a while.
func gaps(w *world, d time.Duration) map[ID][]time.Duration {
	last, got := make(map[ID]int64), make(map[ID][]time.Duration)
	w.Home.Probed = func(id ID) {
		if was, ok := last[id]; ok {
			got[id] = append(got[id], time.Duration(w.Now-was))
		}
		last[id] = w.Now
	}
	w.Live(d)
	return got
}

func TestTheNearestThreeAreProbedEverySecond(t *testing.T) {
	w := newWorld(1, 10, jitter{})
	w.Live(10 * time.Second)
	got := gaps(w, time.Minute)
	for i, id := range w.Nearest(-1, w.Now) {
		every := probeEvery
		if i < nearest {
			every = probeQuick
		}
		if len(got[id]) < 8 {
			t.Errorf("place %d was probed %d times in a minute", i, len(got[id]))
		}
		low, high := slices.Min(got[id]), slices.Max(got[id])
		if low < every*8/10 || high > every*12/10+1 {
			t.Errorf("place %d was probed every %v to %v, want %v ± 20 %%", i, low, high, every)
		}
	}
}

func TestThoseWhoFailedLeaveTheirQuickProbesToOthers(t *testing.T) {
	r := ranked3(10*ms, 20*ms, 30*ms)
	r.Add("d", "eu", 0)
	for range window {
		r.Sample("d", 40*ms, 0)
	}
	for _, id := range r.Due(0) {
		r.Probed(id, 0)
		r.Sample(id, 40*ms, 0)
	}
	if got := r.Due(2 * sec); len(got) != nearest {
		t.Errorf("Due = %q, want the nearest three", got)
	}
	r.Fail("a", 2*sec)
	if got := r.Due(2 * sec); len(got) != nearest+1 {
		t.Errorf("Due = %q, want three usable ones and the failed", got)
	}
}

func TestNewPeersAreProbedEverySecond(t *testing.T) {
	w := newWorld(1, 10, jitter{})
	w.Live(3 * time.Second)
	for _, id := range w.IDs {
		if n := w.peers[id].n; n < window {
			t.Errorf("%s has %d samples after 3 s, want %d", id, n, window)
		}
	}
}

func TestFailedIsProbedAtOnceThenQuicklyIfNear(t *testing.T) {
	r := ranked3(10*ms, 20*ms, 30*ms)
	for _, id := range r.Due(0) {
		r.Probed(id, 0)
	}
	r.Fail("a", sec/2)
	if got := r.Due(sec / 2); !slices.Equal(got, []ID{"a"}) {
		t.Errorf("Due = %q, want the failed one", got)
	}
	r.Probed("a", sec/2)
	r.Fail("a", sec/2)
	if got := r.Due(sec / 2); len(got) > 0 {
		t.Errorf("Due = %q, want nobody: it was just probed", got)
	}
	if got := r.Due(sec/2 + sec*12/10); !slices.Contains(got, "a") {
		t.Errorf("Due = %q, want a: nobody usable is nearer", got)
	}
}

func TestWhoNeverAnswersIsProbedSlowly(t *testing.T) {
	r := ranked3(10*ms, 20*ms, 30*ms)
	r.Add("mute", "eu", 0)
	r.Probed("mute", 0)
	r.Probed("mute", 2*sec)
	if got := r.Due(5 * sec); slices.Contains(got, "mute") {
		t.Errorf("Due = %q, want the mute one left for 4 s at least", got)
	}
	if got := r.Due(8 * sec); got[0] != "mute" {
		t.Errorf("Due = %q, want the mute one first", got)
	}
}

func TestNextDue(t *testing.T) {
	r := NewRanking("", seeded(1))
	if at, ok := r.NextDue(); ok {
		t.Errorf("NextDue = %d without peers", at)
	}
	r.Add("a", "", 7)
	if at, ok := r.NextDue(); !ok || at != 7 {
		t.Errorf("NextDue = %d, %v, want the time of Add", at, ok)
	}
	r.Probed("a", 7)
	at, _ := r.NextDue()
	if d := time.Duration(at - 7); d < 800*ms || d > 1200*ms {
		t.Errorf("NextDue is %v after the probe, want 1 s ± 20 %%", d)
	}
	if len(r.Due(at-1)) > 0 || len(r.Due(at)) != 1 {
		t.Error("Due does not begin at NextDue")
	}
}

func TestClockThatStepsBackStopsNoProbe(t *testing.T) {
	hour := 3600 * sec
	r := NewRanking("", seeded(1))
	r.Add("a", "", hour)
	r.Probed("a", hour)
	if got := r.Nearest(1, 0); len(got) != 1 {
		t.Error("silent because the clock stepped back")
	}
	at, _ := r.NextDue()
	if at > 2*sec {
		t.Errorf("NextDue is %v after the step", time.Duration(at))
	}
	if got := r.Nearest(1, sec+1); len(got) != 0 {
		t.Error("a clock that stepped back keeps the silent one usable")
	}
}
