package geo

import "time"

const (
	// probeEvery is the time between two probes of a peer, probeQuick that of a new one and of the nearest: at 60 bytes each
	// way 200 peers cost 2 kB/s. They differ by up to spreadBy to either side, so that nodes that started together do not
	// probe together.
	probeEvery = 5 * time.Second
	probeQuick = time.Second
	spreadBy   = 0.2

	// nearest is how many peers are probed quickly because they are the nearest: a miss asks at most three.
	nearest = 3
)

// Probed tells that a probe of a peer is on its way, or could not be sent: it is due again one interval later.
func (r *Ranking) Probed(id ID, now int64) {
	r.tell(now)
	p := r.peers[id]
	if p == nil {
		return
	}
	if !p.wait {
		p.wait, p.asked = true, now
	}
	p.from, p.spread = now, 1-spreadBy+2*spreadBy*r.rnd.Float64()
}

// Due is whom to probe now, those without a sample first, then the nearest first. Each stays due until Probed is called.
// Every 5 s ± 20 %; every second a peer with fewer than three samples, and the nearest three that are usable with all who
// stand before them: a failed one comes back as soon as it answers.
func (r *Ranking) Due(now int64) []ID {
	r.tell(now)
	var unknown, known []ID
	r.schedule(func(p *ranked, at int64) {
		switch {
		case at > now:
		case p.measured():
			known = append(known, p.id)
		default:
			unknown = append(unknown, p.id)
		}
	})
	return append(unknown, known...)
}

// NextDue is when Due will next name somebody, as far as is known now; false without peers. It is later than the latest time
// that was told, unless somebody is due already.
func (r *Ranking) NextDue() (int64, bool) {
	var next int64
	r.schedule(func(p *ranked, at int64) {
		if p == r.order[0] || at < next {
			next = at
		}
	})
	return next, len(r.order) > 0
}

// schedule visits all peers in order with the time at which each is due. The interval is worked out here, not when the last
// probe was sent, since a peer may have come near in between.
func (r *Ranking) schedule(visit func(p *ranked, at int64)) {
	near := 0
	for _, p := range r.order {
		every := probeEvery
		if near < nearest || r.usable(p) && !p.settled() {
			every = probeQuick
		}
		if r.usable(p) {
			near++
		}
		visit(p, p.from+int64(p.spread*float64(every)))
	}
}

// tell takes the time. When it steps back what is remembered goes along: else a clock set back by an hour would stop all
// probes for an hour.
func (r *Ranking) tell(now int64) {
	if back := r.now - now; back > 0 {
		for _, p := range r.order {
			p.asked -= back
			p.from -= back
			p.lagged -= back
			if p.inTime != 0 {
				p.inTime -= back
			}
		}
	}
	r.now = now
}
