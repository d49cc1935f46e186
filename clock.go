package geolru

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// tick is how old the coarse time may be. Asking the system took 57 ns of a read of 120 ns.
	tick = time.Millisecond
	// sweepEvery is how often what has expired is taken out of memory. It is invisible from its millisecond on anyway.
	sweepEvery = 250 * time.Millisecond
)

// sweeper is a store whose expired entries the clock takes out: a bounded step, done when nothing more is due.
type sweeper interface {
	Expire(now int64) (done bool)
}

// clock is the time as the caches of a process share it: a coarse one for reads, and an exact one for writes and for
// reads within a second of a deadline. It runs two goroutines while there is a cache, none otherwise: one for the
// time alone, since sweeping calls Options.OnEvict, which may take its time.
// Needs exact; safe for goroutines.
type clock struct {
	ms    atomic.Int64 // Unix milliseconds, at most a tick old while the clock runs
	exact func() int64 // Unix milliseconds

	mu     sync.Mutex // guards all below
	caches int        // that are open
	stores map[sweeper]struct{}
	stop   chan struct{} // closed to end the goroutines; they run while caches > 0
}

// wall is the clock of every cache outside of tests.
var wall = &clock{exact: func() int64 { return time.Now().UnixMilli() }}

// now is the coarse time, Unix milliseconds.
func (c *clock) now() int64 { return c.ms.Load() }

// join keeps the clock running for a cache, and s swept; nil = nothing to sweep.
func (c *clock) join(s sweeper) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caches++; c.caches == 1 {
		c.ms.Store(c.exact())
		c.stop = make(chan struct{})
		go c.run(c.stop)
		go c.sweep(c.stop)
	}
	if s != nil {
		if c.stores == nil {
			c.stores = map[sweeper]struct{}{}
		}
		c.stores[s] = struct{}{}
	}
}

// leave undoes join. It does not wait for the goroutines to end: the caller may be one of them, in OnEvict.
func (c *clock) leave(s sweeper) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s != nil {
		delete(c.stores, s)
	}
	if c.caches--; c.caches == 0 {
		close(c.stop)
	}
}

func (c *clock) run(stop chan struct{}) {
	every(tick, stop, func() { c.ms.Store(c.exact()) })
}

func (c *clock) sweep(stop chan struct{}) {
	every(sweepEvery, stop, func() {
		for _, s := range c.open() {
			for !s.Expire(c.exact()) {
			}
		}
	})
}

func (c *clock) open() []sweeper {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]sweeper, 0, len(c.stores))
	for s := range c.stores {
		all = append(all, s)
	}
	return all
}

// every calls f at each interval until stop is closed.
func every(d time.Duration, stop chan struct{}, f func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			f()
		case <-stop:
			return
		}
	}
}

// system is the clock of the engine.
type system struct{}

// Now is Unix nanoseconds.
func (system) Now() int64 { return time.Now().UnixNano() }

// After calls f on a goroutine of its own once d has passed; stop reports whether it came in time.
func (system) After(d time.Duration, f func()) (stop func() bool) { return time.AfterFunc(d, f).Stop }
