package geo

import "time"

// recent is the latest of many durations, at most reach. The zero value holds none.
type recent struct {
	d [reach]time.Duration // the oldest first
	n int
}

// held is the durations, the oldest first, until the next call of another method.
func (r *recent) held() []time.Duration { return r.d[:r.n] }

// add takes one more, and keeps so many at most, at least one.
func (r *recent) add(d time.Duration, most int) {
	r.keep(most - 1)
	r.d[r.n] = d
	r.n++
}

// keep drops the oldest until no more than n are left.
func (r *recent) keep(n int) {
	if drop := r.n - n; drop > 0 {
		r.n = copy(r.d[:], r.held()[drop:])
	}
}

func least(d []time.Duration) time.Duration {
	var l time.Duration
	for i, v := range d {
		if i == 0 || v < l {
			l = v
		}
	}
	return l
}

func most(d []time.Duration) time.Duration {
	var m time.Duration
	for _, v := range d {
		m = max(m, v)
	}
	return m
}
