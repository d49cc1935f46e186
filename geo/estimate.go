package geo

import "time"

const (
	// reach is how many samples an RTT is the minimum of, at most: as jitter only ever adds, the more the truer, and the later is
	// a peer left that slowed, unless shifts tells. Over bad jitter, in eight sets of 360 worlds, another peer comes first .06 to
	// .08 times for each 100 probes of whoever stands first, and .45 to .56 times with the last three samples alone.
	// Rejected: 16 are right less often (.995 instead of .998), for a far peer gives them too late; an EWMA of gain 1/8 switches
	// 15 times as often as the minimum of three.
	reach = 10

	// window is how many probes in a row a challenger must be better, and how many samples a new peer has at most.
	window = 3

	// gainRTT and gainDev are the gains of the smoothed RTT and of its deviation, hedgeDevs how many deviations a late answer
	// is late: Jacobson, Congestion Avoidance and Control, SIGCOMM 1988. The first sample counts as in RFC 6298.
	gainRTT   = 1.0 / 8
	gainDev   = 1.0 / 4
	hedgeDevs = 4

	// vain is how many of a peer's answers may come within stalled RTTs after a request was hedged, when few hedges are left:
	// those would have come without. stride is how far one answer moves the estimate of when that is, in RTTs; firstOverdue is
	// where it begins, in times of the first sample.
	// The nearest of two or three peers (53 and 64 ms; 16, 27 and 100) stalls for 1 s in one look-up of twenty, eight worlds
	// each: p99 was 169, 260 and 470 ms (medians), and 69, 93 and 184, over cloud, internet and bad jitter. In one of the 48
	// there were by chance so many more stalls than hedges that p99 was one. Rejected: a stride of 1/16, or one in 200, with
	// which that is the median over bad jitter; a single RTT, likewise; one in 1,000 and 1/4, 193, 282 and 491 ms; to begin with
	// 3, which costs 30 ms over cloud jitter.
	vain         = 1.0 / 500
	stalled      = 3
	stride       = 1.0 / 8
	firstOverdue = 1.5

	// stallCost is what a stall adds to a peer's unrest and an answer in time takes 1 off: who stalls in more than 1 of 50 requests
	// grows unsteady. They are the cumulative sums of Page, Continuous Inspection Schemes, Biometrika 1954. From unsteadyAt on it stands
	// behind those who are up to detour times as far (order.go), until it has answered steadyAfter times: ten minutes of probes. Asked
	// again sooner it would stall until it is found out again. A peer that stalls in one request of twenty is found out after 100 of
	// them (mean; p95 223), one that does in one of fifty after 590. Of 400,000 look-ups of 40 nodes whose peers never stall 1, 36
	// and 27 end with a peer found unsteady over cloud, internet and bad jitter. Rejected: a stallCost of 99, or to count whom a
	// hedge overtakes whatever it takes in the end: over internet jitter the sound peers were found unsteady, too.
	stallCost   = 49
	unsteadyAt  = 150
	steadyAfter = 600

	// maxRTT is what no answer on Earth takes: a longer one is a clock that was stepped or a process that was stopped.
	maxRTT = time.Minute
)

// shifts is when the older samples of a peer count no more, for it has become slower: so many in a row are all longer than
// the least of those before, by this factor and 1 ms. A peer that slows threefold is left after 4 probes (p95) over cloud,
// internet and bad jitter. Rejected, by the same switches over bad jitter: three samples twice as long, .20 to .24 (reach was
// 8); four twice as long, .06 to .12; five 1.5 times as long, .10 where 1.6 make .08. The first line alone would keep a peer
// that slows by half for a dozen probes, the second alone leaves after 5, now and then 7.
var shifts = [...]struct {
	samples int
	factor  float64
}{{4, 2.3}, {5, 1.6}}

// estimate is what the answers of one peer say of its latency. The zero value has seen none.
//
// It holds three views, for three questions. How far is it? The minimum of some samples: jitter only ever adds. How long may an
// answer take before it is late? The mean and the deviation: there the jitter is what matters. Does it stall often?
type estimate struct {
	n       uint64 // samples ever seen
	samples recent // since it became slower, if it did
	minima  recent // their minimum after each of them; from there on too

	srtt, dev float64 // smoothed RTT and its mean deviation, nanoseconds
	overdue   float64 // nanoseconds, at least srtt: after it hardly any answers come but those that stalled

	unrest   int   // 0 to steadyAfter: how often it stalled of late
	unsteady bool  // unrest came to unsteadyAt, and has not been 0 since
	inTime   int64 // when it first answered in time since it stalled, Unix nanoseconds; 0 = it has not
}

// add takes one sample, 0 to maxRTT.
func (e *estimate) add(rtt time.Duration) {
	e.n++
	e.samples.add(rtt, reach)
	for _, s := range shifts {
		if e.slowed(s.samples, s.factor) {
			e.samples.keep(s.samples)
			e.minima.keep(0)
		}
	}
	e.minima.add(e.rtt(), window)
	e.learn(float64(rtt))
}

// slowed tells whether the last k samples are all longer than the least of those before.
func (e *estimate) slowed(k int, factor float64) bool {
	all := e.samples.held()
	return len(all) > k && ahead(least(all[:len(all)-k]), least(all[len(all)-k:]), factor, marginAbs)
}

// learn takes in how long an answer took. One that comes later than three RTTs after it was overdue has stalled, and how much
// later says nothing of the next: or one second would have its peer waited for for as long a dozen times.
func (e *estimate) learn(took float64) {
	if e.n == 1 {
		e.srtt, e.dev, e.overdue = took, took/2, firstOverdue*took
		return
	}
	stall := took > e.stall()
	if !stall {
		err := took - e.srtt
		e.srtt += gainRTT * err
		e.dev += gainDev * (max(err, -err) - e.dev)
	}
	// by the steps of Robbins and Monro, A Stochastic Approximation Method, 1951: one late answer moves it up as far as all
	// others move it down
	step := -vain
	if took > e.overdue && !stall {
		step += 1
	}
	e.overdue = max(e.overdue+step*stride*float64(e.rtt()), e.srtt)
}

// stall is how long an answer takes at the least that has stalled, nanoseconds.
func (e *estimate) stall() float64 { return e.overdue + stalled*float64(e.rtt()) }

// judge takes in whether a request stalled. A pause counts once, whatever was asked meanwhile: when it is over the answers come
// together, those to late questions among them in time, so those of the first RTT say nothing.
func (e *estimate) judge(stall bool, now int64) {
	switch {
	case !stall:
		e.unrest = max(e.unrest-1, 0)
		if e.inTime == 0 {
			e.inTime = now
		}
	default:
		if e.inTime != 0 && time.Duration(now-e.inTime) >= e.rtt() {
			e.unrest = min(e.unrest+stallCost, steadyAfter)
		}
		e.inTime = 0
	}
	switch {
	case e.unrest == 0:
		e.unsteady = false
	case e.unrest >= unsteadyAt && !e.unsteady:
		e.unsteady, e.unrest = true, steadyAfter
	}
}

func (e *estimate) measured() bool { return e.n > 0 }

// settled tells whether there are enough samples for a place among the others: until then the peer is new.
func (e *estimate) settled() bool { return e.n >= window }

// rtt is the minimum of the last samples; 0 before the first.
func (e *estimate) rtt() time.Duration { return least(e.samples.held()) }

// low and high are the best and the worst that rtt was at the last three samples, or since the peer became slower: that took
// as many samples.
func (e *estimate) low() time.Duration  { return least(e.minima.held()) }
func (e *estimate) high() time.Duration { return most(e.minima.held()) }

// late is how long an answer takes that is late: as far towards overdue as hedges are scarce.
func (e *estimate) late(scarce float64) time.Duration {
	late := e.srtt + hedgeDevs*e.dev
	return time.Duration(late + scarce*max(e.overdue-late, 0))
}
