package caches

import (
	"bytes"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// each runs a test on every contender.
func each(t *testing.T, f func(t *testing.T, c Contender[[]byte])) {
	for _, c := range All[[]byte]() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			f(t, c)
		})
	}
}

func open[V any](t *testing.T, c Contender[V], capacity int, ttl time.Duration) Cache[V] {
	t.Helper()
	cache, err := c.Open(capacity, ttl)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	return cache
}

func TestStoresAndReturns(t *testing.T) {
	each(t, func(t *testing.T, c Contender[[]byte]) {
		cache := open(t, c, 10_000, time.Hour)
		if v, ok := cache.Get("absent"); ok {
			t.Fatalf("an absent key has the value %q", v)
		}
		for _, want := range []string{"one", "another"} {
			cache.Set("key", []byte(want))
			cache.Settle()
			if v, ok := cache.Get("key"); !ok || !bytes.Equal(v, []byte(want)) {
				t.Fatalf("Get after Set of %q: %q, %v", want, v, ok)
			}
			if n := cache.Held(); n != 1 {
				t.Fatalf("Held %d, want 1", n)
			}
		}
	})
}

func TestStoresIntegers(t *testing.T) {
	for _, c := range All[int64]() {
		cache := open(t, c, 10_000, time.Hour)
		cache.Set("key", 42)
		cache.Settle()
		if v, ok := cache.Get("key"); !ok || v != 42 {
			t.Errorf("%s: Get %d, %v", c.Name, v, ok)
		}
	}
}

// Shards round their part of the capacity up, by at most one entry each.
func TestBounded(t *testing.T) {
	const capacity, slack = 10_000, 256
	each(t, func(t *testing.T, c Contender[[]byte]) {
		cache := open(t, c, capacity, time.Hour)
		for i := range 4 * capacity {
			cache.Set(strconv.Itoa(i), nil)
			if i%1000 == 0 {
				cache.Settle()
			}
		}
		cache.Settle()
		n := cache.Held()
		if !c.Bounded && n != 4*capacity {
			t.Errorf("unbounded, but Held is %d of %d", n, 4*capacity)
		}
		if c.Bounded && (n > capacity+slack || n < capacity*9/10) {
			t.Errorf("Held %d, want about %d", n, capacity)
		}
	})
}

func TestExpires(t *testing.T) {
	each(t, func(t *testing.T, c Contender[[]byte]) {
		if !c.Expires {
			t.Skip("it has no lifetimes")
		}
		const ttl = time.Second // the least that phuslu knows
		cache := open(t, c, 10_000, ttl)
		if _, ok := cache.(Timed[[]byte]); ok {
			cache = open(t, c, 10_000, time.Hour)
			cache.(Timed[[]byte]).SetTTL("key", nil, ttl)
		} else {
			cache.Set("key", nil)
		}
		cache.Settle()
		for present := true; present; {
			_, present = cache.Get("key")
			runtime.Gosched()
		}
	})
}

func TestVersion(t *testing.T) {
	if v := Version("no such module"); v != "" {
		t.Errorf("a module that is not there has the version %q", v)
	}
}
