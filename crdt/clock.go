package crdt

import (
	"errors"
	"sync/atomic"
)

// ErrFuture is returned for a time more than [MaxSkew] ahead of the local wall
// clock. One of the two clocks is wrong, and nothing tells which.
var ErrFuture = errors.New("crdt: time is more than 30 s ahead of the local clock")

// Clock is a hybrid logical clock: it follows the wall clock while that rises,
// and counts on by itself where it stands still or falls back. The zero value is
// ready, all methods are safe for goroutines, none blocks or allocates. It must
// not be copied after first use.
//
// The wall clock comes in as Unix milliseconds with every call and is trusted for
// nothing but a lower bound: it may step either way between any two calls.
type Clock struct {
	// last is the highest Time given, observed or raised to. It only rises. One
	// word, so that a compare-and-swap can do without a lock.
	last atomic.Uint64
}

// Now gives a time above every one that the clock has given or observed, at wall
// clock ms. No two calls return the same.
func (c *Clock) Now(ms int64) Time {
	wall := At(ms)
	for {
		last := c.Last()
		now := max(wall, last.Next())
		if c.last.CompareAndSwap(uint64(last), uint64(now)) {
			return now
		}
	}
}

// Last is the highest time given or observed so far, zero before the first.
func (c *Clock) Last() Time { return Time(c.last.Load()) }

// Observe takes in a time that another replica gave, at wall clock ms: from here
// on Now is above it. A time in the future is not clamped but refused, with
// [ErrFuture], and leaves the clock as it was.
func (c *Clock) Observe(t Time, ms int64) error {
	if t.Future(ms) {
		return ErrFuture
	}
	c.Raise(t)
	return nil
}

// Raise puts the clock at t if it is below: for times of our own, as the last of
// an earlier life or a write stamped one above the record that it replaces. It
// believes t; what comes from others goes to [Clock.Observe].
func (c *Clock) Raise(t Time) {
	for {
		last := c.Last()
		if t <= last || c.last.CompareAndSwap(uint64(last), uint64(t)) {
			return
		}
	}
}
