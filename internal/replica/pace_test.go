package replica

import (
	"testing"
	"time"
)

// pump sends through a burst over a way of so many bytes a second that delivers after a delay, and tells how many bytes
// come through a second.
func pump(window int, rate float64, delay time.Duration) float64 {
	b := newBurst(window)
	const frame = 64 << 10
	type grant struct{ at int64 }
	var now, free, sent int64
	var under []grant
	for now < int64(20*time.Second) {
		switch {
		case len(under) > 0 && under[0].at <= now:
			b.grant(frame)
			under = under[1:]
		case b.ready() && b.full():
			now += int64(b.renew(now))
		case b.ready():
			b.spend(frame, now)
			free = max(free, now) + int64(frame/rate*1e9)
			under = append(under, grant{free + int64(delay)})
			sent += frame
		default:
			now = under[0].at
		}
	}
	return float64(sent) / 20
}

// A sync takes half of a way, but never less than 2 MiB/s where there is as much, and all of a way of less.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		rate, least, most float64
		delay             time.Duration
	}{
		{100 << 20, 40 << 20, 52 << 20, 0},
		{20 << 20, 8 << 20, 10.5 * (1 << 20), time.Millisecond},
		{3 << 20, 1.9 * (1 << 20), 2.2 * (1 << 20), time.Millisecond},
		{1 << 20, 0.95 * (1 << 20), 1.05 * (1 << 20), time.Millisecond},
		{100 << 20, 2 << 20, 5 << 20, 100 * time.Millisecond},
	} {
		if got := pump(creditWindow, c.rate, c.delay); got < c.least || got > c.most {
			t.Errorf("%.1f MiB/s over a way of %.1f with %v, want %.1f to %.1f", got/(1<<20), c.rate/(1<<20), c.delay, c.least/(1<<20), c.most/(1<<20))
		}
	}
}
