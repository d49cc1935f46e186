package geolru

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOptionsAreChecked(t *testing.T) {
	load := func(context.Context, string) (int, error) { return 0, nil }
	for name, c := range map[string]struct {
		o    Options[int]
		says string
		is   error
	}{
		"negative capacity": {o: Options[int]{Capacity: -1}, says: "Capacity is -1"},
		"negative TTL":      {o: Options[int]{TTL: -time.Second}, says: "TTL is -1s", is: ErrTTL},
		"TTL under 1 ms":    {o: Options[int]{TTL: time.Microsecond}, says: "TTL is 1µs", is: ErrTTL},
		"TTL over 60 days":  {o: Options[int]{TTL: 60*24*time.Hour + 1}, says: "60 days", is: ErrTTL},
		"the longest TTL":   {o: Options[int]{TTL: math.MaxInt64}, says: "60 days", is: ErrTTL},
		"long name":         {o: Options[int]{Name: strings.Repeat("x", 256)}, says: "256 bytes"},
		"name of no text":   {o: Options[int]{Name: "\xff"}, says: "UTF-8"},
		"negative refresh":  {o: Options[int]{Refresh: -1, Load: load}, says: "Refresh is -1ns"},
		"refresh alone":     {o: Options[int]{Refresh: time.Second}, says: "needs Options.Load"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(c.o)
			if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestSetGetDelete(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[string]{}, clk)
	if _, err := c.Get(t.Context(), "a"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("missing key: %v", err)
	}
	if err := c.Set("a", "1"); err != nil {
		t.Fatal(err)
	}
	if v, err := c.Get(t.Context(), "a"); v != "1" || err != nil {
		t.Fatalf("got %q, %v", v, err)
	}
	if at, ok := c.Deadline("a"); !ok || !at.Equal(time.UnixMilli(clk.exact()).Add(24*time.Hour)) {
		t.Fatalf("deadline %v, %v", at, ok)
	}
	if err := c.Delete("a"); err != nil || c.Len() != 0 {
		t.Fatalf("delete: %v, %d entries", err, c.Len())
	}
	if err := c.Delete("a"); err != nil {
		t.Fatalf("delete again: %v", err)
	}
	if _, ok := c.Deadline("a"); ok {
		t.Fatal("a deleted key has a deadline")
	}
}

func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	const capacity = 4096
	clk, _ := virtual()
	c := opened(t, Options[int]{Capacity: capacity, TTL: 5555 * time.Second}, clk)
	for i := range capacity {
		c.Set(strconv.Itoa(i), i)
	}
	for i := 0; i < capacity; i += 2 { // the even ones are used again, by four ways to use
		switch key := strconv.Itoa(i); i / 2 % 4 {
		case 0:
			c.Get(t.Context(), key)
		case 1:
			c.GetIfPresent(key)
		case 2:
			c.Set(key, i)
		case 3:
			c.Update(key, 0, func(int, bool) (int, Op) { return 0, OpKeep })
		}
	}
	var order []int
	for i := 1; i < capacity; i += 2 {
		order = append(order, i)
	}
	for i := 0; i < capacity; i += 2 {
		order = append(order, i)
	}
	for n, oldest := range order {
		c.Set("new"+strconv.Itoa(n), n)
		if _, ok := c.Deadline(strconv.Itoa(oldest)); ok || c.Len() != capacity {
			t.Fatalf("after %d new entries %d is still here, %d in all", n+1, oldest, c.Len())
		}
	}
}

func TestCapacityIsNeverExceeded(t *testing.T) {
	const capacity = 5555
	clk, _ := virtual()
	c := opened(t, Options[int]{Capacity: capacity}, clk)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 5 * capacity {
				c.Set(fmt.Sprint(g, i), i)
				if n := c.Stats().Entries; i%64 == 0 && n > capacity {
					t.Errorf("%d entries", n)
				}
			}
		})
	}
	wg.Wait()
	if n := c.Len(); n > capacity || n < capacity*99/100 {
		t.Fatalf("%d entries in the end, of %d", n, capacity)
	}
}

func TestExpiry(t *testing.T) {
	clk, advance := virtual()
	c := opened(t, Options[int]{TTL: time.Minute}, clk)
	c.Set("long", 1)
	c.SetTTL("short", 2, time.Millisecond)
	if !has(c, "short", 2) {
		t.Fatal("gone before its deadline")
	}
	advance(time.Millisecond)
	if _, ok := c.GetIfPresent("short"); ok || c.Len() != 1 {
		t.Fatal("there at its deadline")
	}
	advance(time.Minute - 2*time.Millisecond)
	if !has(c, "long", 1) {
		t.Fatal("gone a millisecond before its deadline")
	}
	advance(time.Millisecond)
	if _, err := c.Get(t.Context(), "long"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("there at its deadline: %v", err)
	}
	eventually(t, "what expired leaves memory", func() bool { return c.Stats().Entries == 0 })
	if n := c.Stats().Expirations; n != 2 {
		t.Fatalf("%d expirations", n)
	}
}

func TestLifetimesOutOfBounds(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{TTL: time.Minute}, clk)
	c.Set("a", 1)
	for _, ttl := range []time.Duration{-1, 0, 999 * time.Microsecond, time.Minute + time.Millisecond, math.MaxInt64, math.MinInt64} {
		_, update := c.Update("a", ttl, func(int, bool) (int, Op) { return 2, OpWrite })
		if ttl == 0 || ttl == KeepTTL {
			update = ErrTTL // both mean something else there
		}
		for _, err := range []error{c.SetTTL("a", 2, ttl), c.Touch("a", ttl), update} {
			if !errors.Is(err, ErrTTL) {
				t.Errorf("%v: %v", ttl, err)
			}
		}
	}
}

func TestKeysOutOfBounds(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{}, clk)
	for _, key := range []string{"", strings.Repeat("k", 1025)} {
		_, get := c.Get(t.Context(), key)
		_, many := c.GetMany(t.Context(), []string{key})
		_, update := c.Update(key, 0, func(int, bool) (int, Op) { return 1, OpWrite })
		_, explain := c.Explain(t.Context(), key)
		for _, err := range []error{get, many, update, explain, c.Set(key, 1), c.Delete(key), c.Touch(key, time.Second)} {
			if !errors.Is(err, ErrTooLarge) {
				t.Errorf("key of %d bytes: %v", len(key), err)
			}
		}
	}
	if err := c.Set(strings.Repeat("k", 1024)[:1023]+"\x00", 1); err != nil {
		t.Fatal(err)
	}
}

func TestTouch(t *testing.T) {
	clk, advance := virtual()
	c := opened(t, Options[int]{TTL: time.Minute}, clk)
	if err := c.Touch("a", time.Second); !errors.Is(err, ErrNotFound) {
		t.Fatalf("missing key: %v", err)
	}
	c.SetTTL("a", 1, 10*time.Second)
	start, _ := c.Deadline("a")
	after := func(d time.Duration) {
		t.Helper()
		if at, _ := c.Deadline("a"); at.Sub(start) != d {
			t.Fatalf("deadline moved by %v, want %v", at.Sub(start), d)
		}
	}
	c.Touch("a", time.Second)
	after(0) // never shortens
	advance(5 * time.Second)
	c.Touch("a", 10*time.Second)
	after(5 * time.Second)
	advance(9 * time.Second)
	c.Touch("a", time.Minute)
	after(50 * time.Second) // the writing + a minute
}

func TestWeight(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[string]{Capacity: 100, Weigh: func(_, v string) int { return len(v) }}, clk)
	if err := c.Set("a", strings.Repeat("x", 101)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("heavier than the cache: %v", err)
	}
	for i := range 1000 {
		c.Set(strconv.Itoa(i), strings.Repeat("x", i%100+1))
		if w := c.Stats().Weight; w > 100 {
			t.Fatalf("weight %d", w)
		}
	}
	c.Clear()
	for i := range 1000 {
		c.Set(strconv.Itoa(i), "") // weighs 1 all the same
	}
	if n := c.Len(); n != 100 {
		t.Fatalf("%d entries of no weight", n)
	}
}

func TestOnEvictIsToldWhy(t *testing.T) {
	clk, advance := virtual()
	var mu sync.Mutex
	var got []string
	c := opened(t, Options[int]{Capacity: 2, OnEvict: func(key string, v int, cause Cause) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprint(key, v, " ", cause))
	}}, clk)
	c.Set("a", 1)
	c.Set("a", 2)
	c.Delete("a")
	c.Set("b", 1)
	c.Set("c", 1)
	c.Set("d", 1)
	c.SetTTL("d", 2, time.Second)
	advance(time.Second)
	eventually(t, "it is told of the expiry", func() bool {
		c.Len()
		mu.Lock()
		defer mu.Unlock()
		return len(got) == 5
	})
	c.Clear()
	want := []string{"a1 replaced", "a2 deleted", "b1 capacity", "d1 replaced", "d2 expired", "c1 deleted"}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
}

func TestOnEvictMayCallTheCache(t *testing.T) {
	clk, _ := virtual()
	var c *Cache[int]
	load := func(_ context.Context, key string) (int, error) { return 1, nil }
	c = opened(t, Options[int]{Capacity: 1, Load: load, OnEvict: func(key string, v int, cause Cause) {
		if v < 3 {
			c.Set(key, v+1) // evicts the one that came, of which it is told in turn
		}
		c.Delete("other")
		c.Len()
	}}, clk)
	for i := range 100 {
		if v, err := c.Get(soon(t), strconv.Itoa(i)); v != 1 || err != nil {
			t.Fatalf("got %d, %v", v, err)
		}
	}
}

func TestUpdate(t *testing.T) {
	clk, advance := virtual()
	c := opened(t, Options[int]{TTL: time.Minute}, clk)
	add := func(old int, ok bool) (int, Op) { return old + 1, OpWrite }
	keep := func(int, bool) (int, Op) { return 99, OpKeep }
	remove := func(int, bool) (int, Op) { return 99, OpRemove }
	step := func(f func(int, bool) (int, Op), ttl time.Duration, want int, life time.Duration) {
		t.Helper()
		v, err := c.Update("a", ttl, f)
		at, ok := c.Deadline("a")
		if v != want || err != nil || ok != (life > 0) || ok && at.UnixMilli()-clk.exact() != life.Milliseconds() {
			t.Fatalf("got %d, %v; deadline %v %v", v, err, at, ok)
		}
	}
	step(keep, 0, 0, 0)
	step(remove, 0, 0, 0)
	step(add, KeepTTL, 1, time.Minute)
	advance(10 * time.Second)
	step(add, KeepTTL, 2, 50*time.Second)
	step(keep, time.Second, 2, 50*time.Second)
	step(add, time.Second, 3, time.Second)
	step(add, 0, 4, time.Minute)
	step(remove, 0, 0, 0)
	if _, err := c.Update("a", 0, func(int, bool) (int, Op) { return 0, 7 }); err == nil || !strings.Contains(err.Error(), "Op(7)") {
		t.Fatalf("unknown operation: %v", err)
	}
}

func TestUpdateIsAtomic(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{}, clk)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				c.Update("n", 0, func(n int, _ bool) (int, Op) { return n + 1, OpWrite })
			}
		})
	}
	wg.Wait()
	if !has(c, "n", 8000) {
		t.Fatal("updates were lost")
	}
}

func TestAllAndScan(t *testing.T) {
	clk, advance := virtual()
	c := opened(t, Options[int]{Capacity: 20_000, TTL: time.Minute}, clk)
	want := map[string]int{}
	for i := range 3000 {
		c.Set(strconv.Itoa(i), i)
		want[strconv.Itoa(i)] = i
	}
	c.SetTTL("expired", 1, time.Second)
	advance(time.Second)
	if got := maps.Collect(c.All()); !maps.Equal(got, want) {
		t.Fatalf("All has %d entries", len(got))
	}
	for range c.All() {
		break
	}
	seen := map[string]int{}
	for _, n := range []int{1000, 7, 0} {
		clear(seen)
		for cursor, first := uint64(0), true; first || cursor != 0; first = false {
			keys, next := c.Scan(cursor, n)
			if len(keys) > max(n, 10) {
				t.Fatalf("%d keys of %d", len(keys), n)
			}
			for _, k := range keys {
				seen[k]++
				if _, ok := want[k]; ok {
					c.Set("written meanwhile"+k, 1)
				}
			}
			cursor = next
		}
		for k := range want {
			if seen[k] != 1 {
				t.Fatalf("step %d: %q came %d times", n, k, seen[k])
			}
		}
	}
}

func TestClear(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{Capacity: 10_000}, clk)
	for i := range 1000 {
		c.Set(strconv.Itoa(i), i)
	}
	if err := c.Clear(); err != nil || c.Len() != 0 {
		t.Fatalf("%v, %d entries", err, c.Len())
	}
	c.Set("a", 1)
	if !has(c, "a", 1) {
		t.Fatal("nothing can be written after Clear")
	}
}

func TestClosed(t *testing.T) {
	c, err := Open(Options[int]{})
	if err != nil {
		t.Fatal(err)
	}
	c.Set("a", 1)
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	_, get := c.Get(t.Context(), "a")
	many, getMany := c.GetMany(t.Context(), []string{"a"})
	_, update := c.Update("a", 0, func(int, bool) (int, Op) { return 2, OpWrite })
	_, sync := c.Sync(t.Context(), 0)
	_, explain := c.Explain(t.Context(), "a")
	for i, err := range []error{
		get, getMany, update, sync, explain,
		c.Set("a", 1), c.SetTTL("a", 1, time.Second), c.Delete("a"), c.Touch("a", time.Second), c.Clear(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%d: %v", i, err)
		}
	}
	_, present := c.GetIfPresent("a")
	_, deadline := c.Deadline("a")
	keys, next := c.Scan(0, 10)
	if present || deadline || len(many) > 0 || len(keys) > 0 || next != 0 || c.Len() != 0 {
		t.Error("a closed cache has something")
	}
	for range c.All() {
		t.Error("a closed cache has entries")
	}
	for range c.Watch(t.Context(), "") {
		t.Error("a closed cache has changes")
	}
}

func TestStats(t *testing.T) {
	clk, _ := virtual()
	load := func(_ context.Context, key string) (int, error) {
		if key == "bad" {
			return 0, errors.New("database is down")
		}
		return 0, ErrNotFound
	}
	c := opened(t, Options[int]{Capacity: 20, Load: load}, clk)
	for i := range 21 {
		c.Set(strconv.Itoa(i), i)
	}
	c.GetIfPresent("2")
	c.GetIfPresent("0")
	c.Get(t.Context(), "bad")
	c.Get(t.Context(), "none")
	c.Get(t.Context(), "none") // remembered
	c.Delete("2")
	want := Stats{Hits: 1, Misses: 4, Loads: 2, LoadErrors: 1, Sets: 21, Deletes: 1, Evictions: 1, Entries: 19, Weight: 19, Bootstrap: 1}
	if got := c.Stats(); got != want {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func TestValuesOfManyTypes(t *testing.T) {
	clk, _ := virtual()
	type point struct{ X, Y int }
	m := opened(t, Options[map[string]int]{}, clk)
	m.Set("a", map[string]int{"x": 1})
	if v, ok := m.GetIfPresent("a"); !ok || v["x"] != 1 {
		t.Error("map")
	}
	b := opened(t, Options[[]byte]{}, clk)
	b.Set("a", nil)
	if v, ok := b.GetIfPresent("a"); !ok || v != nil {
		t.Error("nil bytes")
	}
	a := opened(t, Options[any]{}, clk)
	for _, v := range []any{nil, 1, "x", point{1, 2}, errors.ErrUnsupported} {
		a.Set("a", v)
		if got, ok := a.GetIfPresent("a"); !ok || got != v {
			t.Errorf("any: %v became %v", v, got)
		}
	}
	f := opened(t, Options[func() int]{}, clk) // nothing is encoded without a node
	f.Set("a", func() int { return 7 })
	if v, ok := f.GetIfPresent("a"); !ok || v() != 7 {
		t.Error("func")
	}
}

func TestHitsAndOverwritesDoNotAllocate(t *testing.T) {
	c := opened(t, Options[[]byte]{}, wall)
	v := make([]byte, 100)
	c.Set("a", v)
	ctx := t.Context()
	for name, f := range map[string]func(){
		"GetIfPresent": func() { c.GetIfPresent("a") },
		"Get":          func() { c.Get(ctx, "a") },
		"Set":          func() { c.Set("a", v) },
		"missing":      func() { c.Get(ctx, "b") },
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestWithoutANodeThereIsNobodyElse(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{}, clk)
	c.Set("a", 1)
	if n, err := c.Sync(t.Context(), 0); n != 0 || err != nil {
		t.Fatalf("Sync(0): %d, %v", n, err)
	}
	if _, err := c.Sync(t.Context(), 1); err == nil {
		t.Fatal("Sync(1) succeeded")
	}
	now := time.UnixMilli(clk.exact())
	held, err := c.Explain(t.Context(), "a")
	if want := (Holding{State: "value", Written: now, Deadline: now.Add(24 * time.Hour)}); err != nil || len(held) != 1 || held[0] != want {
		t.Fatalf("got %+v, %v", held, err)
	}
	if held, _ = c.Explain(t.Context(), "b"); len(held) != 1 || held[0] != (Holding{State: "unknown"}) {
		t.Fatalf("got %+v", held)
	}
}
