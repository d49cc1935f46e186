package geo

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

// TestHedgePaysOff: of all look-ups of 40 nodes, one in a thousand takes at most .4 as long with hedged requests as without.
//
// Over bad jitter it cannot: p99.9 is that of the nodes whose nearest peer is 95 to 133 ms away, and there .05 hedged requests
// for each look-up are too few. Then it is held against the best constant wait: the one that each node would choose which knew
// how long its nearest peer takes, and uses up all its hedged requests.
func TestHedgePaysOff(t *testing.T) {
	for _, noise := range []jitter{cloud, internet, bad} {
		t.Run(noise.Name, func(t *testing.T) {
			var plain, hedged, best []time.Duration
			fell, hedges := 0, 0
			for seed := range uint64(40) {
				p, h := askSome(seed, noise, false), askSome(seed, noise, true)
				if float64(quantile(h.took, .999)) <= .4*float64(quantile(p.took, .999)) {
					fell++
				}
				plain, hedged, best = append(plain, p.took...), append(hedged, h.took...), append(best, foreseen(seed, noise)...)
				hedges += h.hedges
			}
			p999 := func(took []time.Duration) time.Duration {
				slices.Sort(took)
				return quantile(took, .999)
			}
			gain, most := float64(p999(hedged))/float64(p999(plain)), float64(p999(best))/float64(p999(plain))
			extra := float64(hedges) / float64(len(hedged))
			t.Logf("p99.9 %v -> %v (%.2f; by the best constant waits %.2f) for %.2f %% more requests; .4 or less at %d nodes of 40",
				p999(plain), p999(hedged), gain, most, 100*extra, fell)
			if gain > max(.4, 1.08*most) {
				t.Errorf("p99.9 fell to %.2f, want .4 or 1.08 times %.2f", gain, most)
			}
			if extra > .05 {
				t.Errorf("%.2f %% more requests, want at most 5", 100*extra)
			}
		})
	}
}

const (
	someLooks = 2500
	dead      = .01 // of the peers at each look-up
)

// askSome is look-ups of one of 20 nodes, a hundred a second, in order of how long they took.
func askSome(seed uint64, noise jitter, hedge bool) *asker {
	a := &asker{world: newWorld(seed, 20, noise), hedge: hedge}
	// only one look-up meets the dead, so that does not count as a failure
	a.answer = func(id ID) (time.Duration, bool) { return a.Draw(id), a.rnd.Float64() >= dead }
	a.Live(time.Minute)
	for range someLooks {
		a.step(a.Now + int64(10*time.Millisecond))
		a.begin()
	}
	a.step(a.Now + int64(time.Minute))
	slices.Sort(a.took)
	return a
}

// foreseen is as many look-ups of a node that knows how far its peers are and after how long just 5 % of the nearest's answers
// are missing: then it asks the next.
func foreseen(seed uint64, noise jitter) (took []time.Duration) {
	w := newWorld(seed, 20, noise)
	slices.SortFunc(w.IDs, func(a, b ID) int { return cmp.Compare(w.Base[a], w.Base[b]) })
	draw := func(i int) time.Duration {
		if w.rnd.Float64() < dead {
			return time.Hour
		}
		return w.Draw(w.IDs[i])
	}
	var first []time.Duration
	for range someLooks {
		first = append(first, draw(0))
	}
	slices.Sort(first)
	wait := quantile(first, 1-1./hedgeOneIn)
	for range someLooks {
		took = append(took, min(draw(0), wait+draw(1), wait+silence+draw(2)))
	}
	return took
}

// asker is a node whose look-ups overlap.
type asker struct {
	*world
	budget Budget
	hedge  bool
	answer func(id ID) (rtt time.Duration, ok bool)

	events []event // by time
	hedges int
	took   []time.Duration
}

type event struct {
	at int64
	do func()
}

func (a *asker) after(d time.Duration, do func()) {
	e := event{a.Now + int64(d), do}
	at, _ := slices.BinarySearchFunc(a.events, e.at+1, func(e event, at int64) int { return cmp.Compare(e.at, at) })
	a.events = slices.Insert(a.events, at, e)
}

// step lets happen what happens until then.
func (a *asker) step(then int64) {
	for len(a.events) > 0 && a.events[0].at <= then {
		e := a.events[0]
		a.events = a.events[1:]
		a.Now = e.at
		e.do()
	}
	a.Now = then
}

// lookup asks the nearest three, one after the other.
type lookup struct {
	*asker
	holders []ID
	began   int64
	asked   int64 // when the last one was
	done    bool
}

func (a *asker) begin() {
	a.budget.Look()
	l := &lookup{asker: a, holders: a.Nearest(3, a.Now), began: a.Now}
	l.ask()
}

// ask asks the next holder.
func (l *lookup) ask() {
	if len(l.holders) == 0 {
		return
	}
	id := l.holders[0]
	l.holders, l.asked = l.holders[1:], l.Now
	if rtt, ok := l.answer(id); ok {
		l.after(rtt, func() { l.answered(id, rtt) })
	} else {
		l.after(l.Patience(id), func() { l.Late(id, l.Patience(id), l.Now) })
	}
	l.wait(id)
}

// answered takes the first answer. Who comes later finds nobody who waits, and is no sample.
func (l *lookup) answered(id ID, rtt time.Duration) {
	if l.done {
		l.Late(id, rtt, l.Now)
		return
	}
	l.Sample(id, rtt, l.Now)
	l.done = true
	l.took = append(l.took, time.Duration(l.Now-l.began))
}

// wait asks the next one when id is silent; or when it is late and there is budget, for which it asks again and again.
func (l *lookup) wait(id ID) {
	silent := l.Patience(id) - time.Duration(l.Now-l.asked)
	wait := l.Hedge(id, l.budget.Scarce())
	if !l.hedge || silent <= wait {
		l.after(silent, l.unlessDone(l.ask))
		return
	}
	l.after(wait, l.unlessDone(func() {
		if !l.budget.Hedge() {
			l.wait(id)
			return
		}
		l.hedges++
		l.ask()
	}))
}

func (l *lookup) unlessDone(f func()) func() {
	return func() {
		if !l.done {
			f()
		}
	}
}
