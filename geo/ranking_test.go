package geo

import (
	"slices"
	"testing"
	"time"
)

const (
	ms  = time.Millisecond
	sec = int64(time.Second)
)

// ranked3 has a, b and c at the given RTTs, three samples each.
func ranked3(a, b, c time.Duration) *Ranking {
	r := NewRanking("eu", seeded(1))
	for i, rtt := range []time.Duration{a, b, c} {
		id := ID("abc"[i : i+1])
		r.Add(id, "eu", 0)
		for range window {
			r.Sample(id, rtt, 0)
		}
	}
	return r
}

func wantOrder(t *testing.T, r *Ranking, now int64, want ...ID) {
	t.Helper()
	if got := r.Nearest(-1, now); !slices.Equal(got, want) {
		t.Errorf("Nearest = %q, want %q", got, want)
	}
}

func TestBeforeTheFirstSampleRegionsDecide(t *testing.T) {
	r := NewRanking("eu", seeded(1))
	r.Add("unknown", "", 0)
	r.Add("other", "us", 0)
	r.Add("own", "eu", 0)
	wantOrder(t, r, 0, "own", "other", "unknown")
	r.Sample("unknown", 300*ms, 0)
	wantOrder(t, r, 0, "unknown", "own", "other")
	r.Add("other", "eu", 0)
	r.Add("own", "", 0)
	wantOrder(t, r, 0, "unknown", "other", "own")
	if got := r.Region("other"); got != "eu" {
		t.Errorf("Region = %q, want the label of the last Add", got)
	}
}

func TestWithoutAnOwnRegionNoneIsOwn(t *testing.T) {
	r := NewRanking("", seeded(1))
	r.Add("a", "", 0)
	r.Add("b", "us", 0)
	wantOrder(t, r, 0, "b", "a")
}

func TestUnknownOnesAreTriedByChance(t *testing.T) {
	order := func(seed uint64) []ID {
		r := NewRanking("eu", seeded(seed))
		for _, m := range flat(20, "eu") {
			r.Add(m.ID, m.Region, 0)
		}
		return r.Nearest(-1, 0)
	}
	if slices.Equal(order(1), order(2)) {
		t.Error("two nodes would ask the same peer")
	}
}

func TestNewPeerFindsItsPlaceWithThreeSamples(t *testing.T) {
	r := ranked3(50*ms, 60*ms, 90*ms)
	r.Add("new", "eu", 0)
	for _, s := range []struct {
		rtt  time.Duration
		want int
	}{{62 * ms, 2}, {58 * ms, 1}, {49 * ms, 0}, {40 * ms, 0}} {
		r.Sample("new", s.rtt, 0)
		if got := slices.Index(r.Nearest(-1, 0), "new"); got != s.want {
			t.Errorf("at place %d after %v, want %d", got, s.rtt, s.want)
		}
	}
}

func TestChallengerNeedsThreeInARow(t *testing.T) {
	r := ranked3(50*ms, 60*ms, 90*ms)
	for range 2 {
		r.Sample("b", 44*ms, 0)
		wantOrder(t, r, 0, "a", "b", "c")
	}
	r.Sample("b", 44*ms, 0)
	wantOrder(t, r, 0, "b", "a", "c")
}

func TestChallengerNeedsTenPerCentAndOneMillisecond(t *testing.T) {
	for _, c := range []struct{ a, b time.Duration }{{50 * ms, 46 * ms}, {4 * ms, 3*ms + 100*time.Microsecond}} {
		r := ranked3(c.a, c.a+ms, 90*ms)
		for range 20 {
			r.Sample("b", c.b, 0)
		}
		wantOrder(t, r, 0, "a", "b", "c")
	}
}

func TestChallengerJumpsOverThoseInBetween(t *testing.T) {
	r := ranked3(100*ms, 101*ms, 102*ms)
	for range 5 {
		r.Sample("b", 93*ms, 0)
	}
	for range 5 {
		r.Sample("c", 86*ms, 0)
	}
	wantOrder(t, r, 0, "c", "a", "b")
}

func TestHalfAsFarIsNearestAtOnce(t *testing.T) {
	r := ranked3(50*ms, 60*ms, 90*ms)
	r.Sample("c", 24*ms, 0)
	wantOrder(t, r, 0, "c", "a", "b")
}

func TestSlowedPeerIsLeftAfterFourOrFive(t *testing.T) {
	for _, c := range []struct {
		slowed time.Duration
		probes int
	}{{150 * ms, 4}, {80 * ms, 5}, {70 * ms, reach + window - 1}} {
		r := ranked3(50*ms, 60*ms, 90*ms)
		n := 0
		for n < 20 && r.Nearest(1, 0)[0] == "a" {
			r.Sample("a", c.slowed, 0)
			n++
		}
		if n != c.probes {
			t.Errorf("slowed to %v: left after %d probes, want %d", c.slowed, n, c.probes)
		}
	}
}

func TestFailedIsSkippedUntilItAnswers(t *testing.T) {
	r := ranked3(10*ms, 20*ms, 30*ms)
	r.Fail("a", 0)
	wantOrder(t, r, 0, "b", "c")
	if got := r.All(); !slices.Equal(got, []ID{"b", "c", "a"}) {
		t.Errorf("All = %q, want the failed one last", got)
	}
	r.Sample("a", 10*ms, sec)
	wantOrder(t, r, sec, "a", "b", "c")
}

func TestSilentIsSkippedUntilItAnswers(t *testing.T) {
	r := ranked3(10*ms, 400*ms, 500*ms)
	r.Probed("a", 0)
	r.Probed("b", 0)
	wantOrder(t, r, sec, "a", "b", "c")
	wantOrder(t, r, sec+1, "b", "c")
	r.Probed("a", sec+1)
	wantOrder(t, r, sec+2, "b", "c") // another question is no answer
	wantOrder(t, r, 2*sec, "c")
	if got := r.All(); !slices.Equal(got, []ID{"c", "a", "b"}) {
		t.Errorf("All = %q, want silent ones last", got)
	}
	r.Sample("a", 10*ms, 2*sec)
	wantOrder(t, r, 2*sec, "a", "c")
}

func TestRemoveAndAddForgets(t *testing.T) {
	r := ranked3(10*ms, 20*ms, 30*ms)
	r.Remove("a")
	wantOrder(t, r, 0, "b", "c")
	r.Add("a", "eu", 0)
	if _, ok := r.RTT("a"); ok {
		t.Error("an RTT outlived Remove")
	}
	r.Fail("b", 0)
	r.Add("b", "eu", 0)
	if _, ok := r.RTT("b"); ok {
		t.Error("an RTT outlived Fail and Add")
	}
	r.Add("c", "eu", 0)
	if rtt, _ := r.RTT("c"); rtt != 30*ms {
		t.Errorf("RTT = %v after a second Add, want 30ms", rtt)
	}
}

func TestAbsurdSamplesAndStrangersAreIgnored(t *testing.T) {
	r := ranked3(10*ms, 20*ms, 30*ms)
	r.Fail("a", 0)
	r.Sample("a", -1, 0)
	r.Sample("a", maxRTT+1, 0)
	r.Sample("x", ms, 0)
	r.Probed("x", 0)
	r.Fail("x", 0)
	r.Remove("x")
	wantOrder(t, r, 0, "b", "c")
	if _, ok := r.RTT("x"); ok || r.Region("x") != "" || r.Hedge("x", 1) != hedgeUnknown {
		t.Error("something is known of a stranger")
	}
}

func TestRTTIsTheLeastOfTen(t *testing.T) {
	r := NewRanking("", seeded(1))
	r.Add("a", "", 0)
	want := []time.Duration{30 * ms, 20 * ms, 20 * ms}
	rtts := []time.Duration{30 * ms, 20 * ms, 25 * ms}
	for range reach - 1 {
		rtts, want = append(rtts, 25*ms), append(want, 20*ms)
	}
	want[len(want)-1] = 25 * ms
	for i, rtt := range rtts {
		r.Sample("a", rtt, 0)
		if got, ok := r.RTT("a"); !ok || got != want[i] {
			t.Errorf("RTT = %v, %v after sample %d, want %v", got, ok, i, want[i])
		}
	}
}

func TestRTTOfWhoBecameSlower(t *testing.T) {
	for _, c := range []struct {
		slowed time.Duration
		after  int
	}{{46 * ms, 4}, {32 * ms, 5}, {31 * ms, reach}} {
		r := ranked3(20*ms, 20*ms, 20*ms)
		for n := range c.after {
			if got, _ := r.RTT("a"); got != 20*ms {
				t.Errorf("RTT = %v after %d samples of %v", got, n, c.slowed)
			}
			r.Sample("a", c.slowed, 0)
		}
		if got, _ := r.RTT("a"); got != c.slowed {
			t.Errorf("RTT = %v after %d samples of %v", got, c.after, c.slowed)
		}
	}
}

func TestHedge(t *testing.T) {
	r := NewRanking("", seeded(1))
	r.Add("a", "", 0)
	steps := []struct{ rtt, want time.Duration }{
		{80 * ms, 240 * ms},                         // 80 + 4·40
		{160 * ms, 290 * ms},                        // 90 + 4·(40 + (80-40)/4)
		{90 * ms, 90*ms + 4*37500*time.Microsecond}, // 90 + 4·(50 - 50/4)
	}
	for _, s := range steps {
		r.Sample("a", s.rtt, 0)
		if got := r.Hedge("a", 0); got != s.want {
			t.Errorf("Hedge = %v after a sample of %v, want %v", got, s.rtt, s.want)
		}
	}
}

func TestHedgeHasAFloorAndACeiling(t *testing.T) {
	r := ranked3(ms, 0, 20*ms)
	if a, b := r.Hedge("a", 0), r.Hedge("b", 1); a != hedgeFloor || b != hedgeFloor {
		t.Errorf("Hedge = %v and %v, want the floor of 5ms", a, b)
	}
	for i := range 4000 { // every other one as before, the others ever later, but none a stall
		r.Sample("c", 20*ms+time.Duration(i%2*i)*ms/5, 0)
	}
	if got := r.Hedge("c", 1); got != silence {
		t.Errorf("Hedge = %v of answers that take ever longer, want 1s", got)
	}
}

func TestHedgeOfWhoStalledOnce(t *testing.T) {
	r := ranked3(20*ms, 20*ms, 20*ms)
	for range 30 {
		r.Sample("a", 20*ms, 0)
	}
	r.Sample("a", time.Second, 0)
	if got := r.Hedge("a", 1); got > 100*ms {
		t.Errorf("Hedge = %v after one stall of a second", got)
	}
	for range 10 {
		r.Sample("a", time.Second, 0)
	}
	if got := r.Hedge("a", 0); got < 800*ms {
		t.Errorf("Hedge = %v of who always takes a second now", got)
	}
}

// A process that was stopped for eight seconds and goes on is as near as before.
func TestStoppedPeerIsAsNearAsBefore(t *testing.T) {
	r := ranked3(2*ms, 20*ms, 30*ms)
	for i := range int64(20) {
		r.Sample("a", 2*ms, (i+1)*sec)
	}
	before := r.Hedge("a", 0)
	for i := range int64(8) {
		r.Probed("a", (21+i)*sec)
	}
	now := 29 * sec
	wantOrder(t, r, now, "b", "c")
	for i := range int64(8) {
		r.Sample("a", time.Duration(now-(21+i)*sec), now+i*int64(ms))
	}
	wantOrder(t, r, now+sec, "a", "b", "c")
	if rtt, _ := r.RTT("a"); rtt != 2*ms {
		t.Errorf("RTT %v", rtt)
	}
	if after := r.Hedge("a", 0); after > before+10*ms {
		t.Errorf("an answer is late after %v, before it was %v", after, before)
	}
}

// A path that now takes more than a second is measured all the same: its answers come one by one.
func TestVerySlowPeerIsMeasured(t *testing.T) {
	r := ranked3(2*ms, 20*ms, 30*ms)
	for i := range int64(6) {
		r.Sample("a", 1500*ms, (i+1)*sec)
	}
	wantOrder(t, r, 7*sec, "b", "c", "a")
	if rtt, _ := r.RTT("a"); rtt != 1500*ms {
		t.Errorf("RTT %v", rtt)
	}
}

func TestNearestTakesN(t *testing.T) {
	r := ranked3(10*ms, 20*ms, 30*ms)
	for n := range 5 {
		if got := len(r.Nearest(n, 0)); got != min(n, 3) {
			t.Errorf("Nearest(%d) names %d", n, got)
		}
	}
}

// often has a stall in one of so many requests, n of them, one a second; the others take rtt.
func often(r *Ranking, id ID, rtt time.Duration, oneIn, n int) {
	for i := range n {
		if i%oneIn == 0 {
			r.Late(id, 900*ms, r.now+sec)
		} else {
			r.Sample(id, rtt, r.now+sec)
		}
	}
}

func TestWhoStallsOftenStandsBehindTheNext(t *testing.T) {
	r := ranked3(50*ms, 64*ms, 66*ms)
	often(r, "a", 50*ms, 100, 1000)
	wantOrder(t, r, r.now, "a", "b", "c")
	often(r, "a", 50*ms, 20, 200)
	wantOrder(t, r, r.now, "b", "a", "c")
	if rtt, _ := r.RTT("a"); rtt != 50*ms {
		t.Errorf("RTT = %v of who stalls, want 50ms as before", rtt)
	}
	r.Late("a", 900*ms, r.now+sec)
	for n := range steadyAfter {
		wantOrder(t, r, r.now, "b", "a", "c")
		if r.Sample("a", 50*ms, r.now+sec); t.Failed() {
			t.Fatalf("pardoned after %d answers", n)
		}
	}
	wantOrder(t, r, r.now, "a", "b", "c")
}

func TestAllThatStallRankByDistance(t *testing.T) {
	r := ranked3(50*ms, 60*ms, 90*ms)
	for range 10 {
		often(r, "a", 50*ms, 20, 100)
		often(r, "b", 60*ms, 20, 100)
	}
	wantOrder(t, r, r.now, "a", "b", "c")
}

// When a pause is over the answers come in any order, those to late questions in time.
func TestAPauseCountsOnce(t *testing.T) {
	r := ranked3(50*ms, 60*ms, 90*ms)
	r.Sample("a", 50*ms, sec)
	for i := range int64(100) {
		r.Late("a", 900*ms, 10*sec+i)
		r.Sample("a", 50*ms, 10*sec+i)
	}
	wantOrder(t, r, 11*sec, "a", "b", "c")
}

func TestLateButNoStall(t *testing.T) {
	r := ranked3(50*ms, 60*ms, 90*ms)
	for range 100 {
		r.Late("a", 120*ms, r.now+sec) // overdue was 75 ms, and three RTTs are 150
		r.Sample("a", 50*ms, r.now+sec)
	}
	for range 100 { // of a clock that was stepped
		r.Late("a", maxRTT+1, r.now+sec)
		r.Late("a", -1, r.now+sec)
		r.Sample("a", 50*ms, r.now+sec)
	}
	wantOrder(t, r, r.now, "a", "b", "c")
	r.Late("x", 900*ms, r.now)
	r.Add("new", "eu", r.now)
	r.Late("new", 900*ms, r.now)
	wantOrder(t, r, r.now, "a", "b", "c", "new")
}
