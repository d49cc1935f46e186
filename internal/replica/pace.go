package replica

import "time"

// An answer goes in bursts of as much as may be under way. How long a burst takes until the asker has taken all of it in
// is the throughput of the way and of the asker; then the answerer rests for as long, so that a sync takes half of what
// there is and leaves the rest to those who read and write. A slow way is not left idle below leastRate.
const leastRate = 2 << 20 // bytes a second

// restAfter is how long to rest when the asker has taken in so much of a burst after some time.
func restAfter(sent, taken int, took time.Duration) time.Duration {
	whole := float64(took) * float64(sent) / float64(max(taken, 1)) // what all of it takes
	least := float64(sent) / leastRate * float64(time.Second)       // the time that it may take at the least rate
	return max(time.Duration(min(2*whole, least))-took, 0)
}

// burst is the one under way of an answer. Guarded by answers.mu.
type burst struct {
	credit int   // bytes that the asker takes now
	window int   // the most credit there can be
	sent   int   // bytes since it began
	begun  int64 // Unix nanoseconds
}

func newBurst(window int) burst { return burst{credit: window, window: window} }

// full tells whether all that a burst may have is sent.
func (b *burst) full() bool { return b.sent >= b.window }

// arrived tells whether the asker has taken in what a burst is measured by: all, or so nearly all that the rest is on its
// way.
func (b *burst) arrived() bool { return b.credit >= b.window-b.window/8 }

// ready tells whether the answer can go on, perhaps after a rest.
func (b *burst) ready() bool { return b.credit > 0 && (!b.full() || b.arrived()) }

// renew ends a burst that is full and tells how long to rest now.
func (b *burst) renew(now int64) (rest time.Duration) {
	rest = restAfter(b.sent, b.sent-(b.window-b.credit), nanos(now-b.begun))
	b.sent = 0
	return rest
}

func (b *burst) spend(size int, now int64) {
	if b.sent == 0 {
		b.begun = now
	}
	b.credit -= size
	b.sent += size
}

func (b *burst) grant(size uint64) {
	b.credit = min(b.credit+int(min(size, uint64(b.window))), b.window)
}
