package geo

import (
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// hedgeFloor keeps the jitter of a neighbour in the same room from asking a second one.
	hedgeFloor = 5 * time.Millisecond

	// hedgeUnknown waits for a peer that was never measured: nine of ten pairs among 32 cloud regions have an RTT of at most
	// 258 ms (cloudping.co, medians of a year, 2025-05-29).
	hedgeUnknown = 260 * time.Millisecond

	// silence is the shortest time without an answer to a probe, silenceRTTs how many RTTs, after which a peer is skipped.
	// TCP sends a lost packet again after at most a second or two RTTs at first (RFC 6298), so one loss silences nobody.
	silence     = time.Second
	silenceRTTs = 4

	// heldUp is how soon after another late answer one says nothing of the path: who was stopped for ten seconds and goes on
	// gives ten answers at once, a path that became slow one for each probe.
	heldUp = probeQuick / 2
)

// Ranking orders the peers of one node, nearest first. Make it with NewRanking; the zero value does not work. Not safe for
// goroutines: the caller locks.
//
// now is always the Unix time in nanoseconds. Should it step back, all that is remembered keeps its age.
// A call that names a peer which was not added, or was removed, does nothing.
type Ranking struct {
	region string
	rnd    *rand.Rand
	now    int64 // the latest that was told

	peers map[ID]*ranked // for looking up, never walked
	// order holds the same peers: first those with a sample, of which nobody stands behind one that it beats, then the others
	// by region.
	order    []*ranked
	measured int // how many of order have a sample
}

// ranked is a peer in the order.
type ranked struct {
	estimate
	id     ID
	region string
	lot    uint64 // decides among those of whom nothing is known

	failed bool
	lagged int64 // when it last answered after more than patience; 0 = never
	asked  int64 // when the oldest probe was sent that is not answered, if waiting
	wait   bool

	from   int64   // the next probe is due one interval after it
	spread float64 // times this: 0 = at once, else 0.8 to 1.2
}

// NewRanking makes a Ranking for a node in region; "" = it does not say. rnd spreads the probes and decides between peers of
// whom nothing is known; the Ranking keeps it.
func NewRanking(region string, rnd *rand.Rand) *Ranking {
	return &Ranking{region: region, rnd: rnd, peers: make(map[ID]*ranked)}
}

// Add tells that a peer is connected and admitted. What was measured before a Remove or a Fail is forgotten: it may be another
// path. Adding a peer that is in use changes only its region.
func (r *Ranking) Add(id ID, region string, now int64) {
	r.tell(now)
	old := r.peers[id]
	if old != nil && !old.failed {
		r.move(old, region)
		return
	}
	r.Remove(id)
	p := &ranked{id: id, region: region, lot: r.rnd.Uint64(), from: now}
	r.peers[id] = p
	r.await(p)
}

func (r *Ranking) move(p *ranked, region string) {
	if p.region == region {
		return
	}
	p.region = region
	if !p.measured() {
		r.lift(p)
		r.await(p)
	}
}

// Remove tells that the connection of a peer is closed: it is dropped at once.
func (r *Ranking) Remove(id ID) {
	if p := r.peers[id]; p != nil {
		r.lift(p)
		delete(r.peers, id)
	}
}

// Sample tells that a peer answered a probe or any other request after rtt. It is usable again if it was not. A negative rtt,
// or one above a minute, is ignored: it says that a clock was stepped, nothing of the peer. Of answers that come together after
// Patience the first alone is measured.
func (r *Ranking) Sample(id ID, rtt time.Duration, now int64) {
	r.tell(now)
	p := r.peers[id]
	if p == nil || rtt < 0 || rtt > maxRTT {
		return
	}
	p.failed, p.wait = false, false
	if p.measured() && rtt > p.patience() {
		again := p.lagged != 0 && time.Duration(now-p.lagged) < heldUp
		if p.lagged = now; again {
			return
		}
	}
	if p.measured() {
		p.judge(float64(rtt) > p.stall(), now)
	}
	p.add(rtt)
	r.place(p)
}

// Late tells how long a peer took to answer a request that another peer had answered meanwhile; or has taken so far, if that is
// Patience or more. Negative, or above a minute, is ignored, as by Sample. It is no sample, but shows whether the peer stalls: who
// does in more than 1 of 50 requests, over a hundred of them or more, stands behind those who are up to 1.3 times as far.
func (r *Ranking) Late(id ID, took time.Duration, now int64) {
	r.tell(now)
	if p := r.peers[id]; p != nil && p.measured() && took >= 0 && took <= maxRTT {
		p.judge(float64(took) > p.stall() || took >= p.patience(), now)
		r.place(p)
	}
}

// Fail tells that a request to a peer failed: it is skipped until it answers, and a probe of it is due at once.
func (r *Ranking) Fail(id ID, now int64) {
	r.tell(now)
	if p := r.peers[id]; p != nil && !p.failed {
		p.failed = true
		p.from, p.spread = now, 0
	}
}

// Nearest is the n nearest peers that can be used, nearest first; all of them if n is negative. Left out is who failed, and who
// has been silent for max(1 s, 4 RTT) since a probe was sent.
func (r *Ranking) Nearest(n int, now int64) []ID {
	r.tell(now)
	ids := make([]ID, 0, len(r.order))
	for _, p := range r.order {
		if len(ids) == n {
			break
		}
		if r.usable(p) {
			ids = append(ids, p.id)
		}
	}
	return ids
}

// All is every peer, nearest first, those last that Nearest would have left out at the latest time that was told.
func (r *Ranking) All() []ID {
	ids := make([]ID, 0, len(r.order))
	var doubtful []ID
	for _, p := range r.order {
		if r.usable(p) {
			ids = append(ids, p.id)
		} else {
			doubtful = append(doubtful, p.id)
		}
	}
	return slices.Concat(ids, doubtful)
}

// RTT is the minimum of the last ten samples of a peer, of those since it became slower if it did; false before the first.
func (r *Ranking) RTT(id ID) (time.Duration, bool) {
	p := r.peers[id]
	if p == nil || !p.measured() {
		return 0, false
	}
	return p.rtt(), true
}

// Hedge is how long to wait for a peer before the next one is asked as well; scarce is what Budget.Scarce says. At 0 it is the
// peer's mean RTT and four deviations, towards 1 it grows to where 499 of 500 answers have come, stalls apart. At least 5 ms;
// at most max(1 s, 4 RTT), for who has been waited for so long is silent. 260 ms for a peer without a sample.
func (r *Ranking) Hedge(id ID, scarce float64) time.Duration {
	p := r.peers[id]
	if p == nil || !p.measured() {
		return hedgeUnknown
	}
	return min(max(p.late(scarce), hedgeFloor), p.patience())
}

// Patience is after how long without an answer a peer counts as silent, and the next one is asked whatever the budget of
// hedged requests: max(1 s, 4 RTT). 1 s for a peer that is not known or has no sample.
func (r *Ranking) Patience(id ID) time.Duration {
	if p := r.peers[id]; p != nil && p.measured() {
		return p.patience()
	}
	return silence
}

// Region is the label of a peer; "" if it has none or is not known.
func (r *Ranking) Region(id ID) string {
	if p := r.peers[id]; p != nil {
		return p.region
	}
	return ""
}

func (r *Ranking) usable(p *ranked) bool { return !p.failed && !r.silent(p) }

// silent tells whether a probe of p has been without an answer for too long.
func (r *Ranking) silent(p *ranked) bool {
	return p.wait && time.Duration(r.now-p.asked) > p.patience()
}

func (p *ranked) patience() time.Duration { return max(silence, silenceRTTs*p.rtt()) }
