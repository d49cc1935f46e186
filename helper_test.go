package geolru

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come; it never waits that long when all is well.
const patience = 30 * time.Second

// virtual is a clock that stands still until it is advanced.
func virtual() (c *clock, advance func(time.Duration)) {
	var ms atomic.Int64
	ms.Store(1_700_000_000_000)
	c = &clock{exact: ms.Load}
	return c, func(d time.Duration) { c.ms.Store(ms.Add(d.Milliseconds())) }
}

// opened is a cache on a clock, closed when the test ends.
func opened[V any](t testing.TB, o Options[V], clk *clock) *Cache[V] {
	t.Helper()
	c, err := open(o, clk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// soon ends with the test, or when nothing more is to be hoped for.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !cond(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// has tells whether the key has the value here.
func has[V comparable](c *Cache[V], key string, want V) bool {
	v, ok := c.GetIfPresent(key)
	return ok && v == want
}
