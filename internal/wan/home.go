package wan

import "time"

// Ranking is what a Home has of package geo, which imports nothing and is imported by nothing here.
type Ranking[ID comparable] interface {
	NextDue() (int64, bool)
	Due(now int64) []ID
	Probed(id ID, now int64)
	Sample(id ID, rtt time.Duration, now int64)
	Nearest(n int, now int64) []ID
}

// Home is a node that ranks its peers in virtual time, to judge the ranking by the truth. All fields but the last two are
// needed; there must be peers.
type Home[ID comparable] struct {
	Rank   Ranking[ID]
	IDs    []ID                      // its peers, which the ranking knows
	Base   map[ID]time.Duration      // their RTTs without jitter; for looking up, never walked
	Draw   func(id ID) time.Duration // one RTT with jitter
	Now    int64                     // Unix nanoseconds
	Probed func(id ID)               // is told of each probe, once it is answered; nil = nobody is
}

// Live probes for a time; the answers come at once, only their RTT is as it would be.
func (h *Home[ID]) Live(d time.Duration) {
	for end := h.Now + int64(d); h.Now < end; {
		next, _ := h.Rank.NextDue()
		h.Now = max(h.Now, next)
		for _, id := range h.Rank.Due(h.Now) {
			h.Probe(id)
		}
	}
}

// Probe probes one peer.
func (h *Home[ID]) Probe(id ID) {
	h.Rank.Probed(id, h.Now)
	h.Rank.Sample(id, h.Draw(id), h.Now)
	if h.Probed != nil {
		h.Probed(id)
	}
}

// First is whom the ranking holds to be nearest.
func (h *Home[ID]) First() ID { return h.Rank.Nearest(1, h.Now)[0] }

// Truth is the RTT of the nearest peer without jitter.
func (h *Home[ID]) Truth() time.Duration {
	best := h.Base[h.IDs[0]]
	for _, id := range h.IDs {
		best = min(best, h.Base[id])
	}
	return best
}

// Verdict is how a ranking did at each of some probes.
type Verdict struct {
	Probes, Right, Switches int // whoever stands first is within 10 % or 1 ms of the nearest; is another one than before
	First, FirstSwitches    int // of the probes those of whoever stood first, and the switches at these
}

// Plus is the sum of two verdicts.
func (v Verdict) Plus(u Verdict) Verdict {
	return Verdict{
		v.Probes + u.Probes, v.Right + u.Right, v.Switches + u.Switches,
		v.First + u.First, v.FirstSwitches + u.FirstSwitches,
	}
}

// Judge lives for a time and looks after each probe.
func (h *Home[ID]) Judge(d time.Duration) (v Verdict) {
	best, was := h.Truth(), h.First()
	h.Probed = func(id ID) {
		first := h.First()
		switched, own := first != was, id == was
		got := h.Base[first]
		v = v.Plus(Verdict{
			1, one(float64(got) <= 1.1*float64(best) || got <= best+time.Millisecond), one(switched),
			one(own), one(own && switched),
		})
		was = first
	}
	h.Live(d)
	h.Probed = nil
	return v
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Slow makes the first peer three times slower and counts its probes until another stands first; false where nobody is
// better by a fifth and 2 ms even then.
func (h *Home[ID]) Slow() (probes int, ok bool) {
	first := h.First()
	h.Base[first] *= 3
	best := h.Truth()
	if float64(h.Base[first]) < 1.2*float64(best) || h.Base[first] < best+2*time.Millisecond {
		return 0, false
	}
	h.Probed = func(id ID) {
		if id == first && h.First() == first {
			probes++
		}
	}
	for i := 0; i < 100 && h.First() == first; i++ {
		h.Live(time.Second)
	}
	h.Probed = nil
	return probes + 1, true
}
