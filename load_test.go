package geolru

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate is a loader that waits until it is told to go on, and counts.
type gate struct {
	calls atomic.Int64
	begun chan string   // a key for each call that began
	open  chan struct{} // a token lets one call end; closed lets all
}

func newGate() *gate { return &gate{begun: make(chan string, 1024), open: make(chan struct{})} }

func (g *gate) load(ctx context.Context, key string) (string, error) {
	n := g.calls.Add(1)
	g.begun <- key
	select {
	case <-g.open:
		return fmt.Sprintf("%s loaded %d", key, n), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

type result struct {
	v   string
	err error
}

// async is a Get on its way.
func async(ctx context.Context, c *Cache[string], key string) chan result {
	ch := make(chan result, 1)
	go func() {
		v, err := c.Get(ctx, key)
		ch <- result{v, err}
	}()
	return ch
}

// waiting waits until n callers wait for the flight of a key.
func waiting(t *testing.T, c *Cache[string], key string, n int) {
	t.Helper()
	eventually(t, fmt.Sprint(n, " callers wait for ", key), func() bool {
		c.loads.mu.Lock()
		defer c.loads.mu.Unlock()
		f := c.loads.flights[key]
		return f != nil && f.waiters == n
	})
}

// TestWeighThatPanicsOnWhatWasLoaded: on a goroutine that is not the caller's it would end the process.
func TestWeighThatPanicsOnWhatWasLoaded(t *testing.T) {
	c := opened(t, Options[*int]{
		Capacity: 10, Weigh: func(_ string, n *int) int { return *n },
		Load: func(context.Context, string) (*int, error) { return nil, nil },
	}, wall)
	for range 2 {
		if _, err := c.Get(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "panic") {
			t.Fatal(err)
		}
	}
	one := 1
	if err := c.Set("a", &one); err != nil || !has(c, "a", &one) {
		t.Fatal(err)
	}
}

func TestManyGetsMakeOneLoad(t *testing.T) {
	clk, _ := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load}, clk)
	const n = 1000
	var all []chan result
	for range n {
		all = append(all, async(t.Context(), c, "k"))
	}
	waiting(t, c, "k", n)
	close(g.open)
	for _, ch := range all {
		if r := <-ch; r.v != "k loaded 1" || r.err != nil {
			t.Fatalf("got %+v", r)
		}
	}
	if n := g.calls.Load(); n != 1 || !has(c, "k", "k loaded 1") {
		t.Fatalf("%d loads", n)
	}
}

func TestLoadErrorsPassAsTheyAre(t *testing.T) {
	clk, _ := virtual()
	down := errors.New("down")
	c := opened(t, Options[string]{Load: func(context.Context, string) (string, error) { return "", down }}, clk)
	if _, err := c.Get(t.Context(), "k"); err != down {
		t.Fatalf("got %v", err)
	}
}

func TestLoaderThatDoesNotReturn(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[string]{Load: func(_ context.Context, key string) (string, error) {
		switch key {
		case "panic":
			panic("kaboom")
		case "nil":
			panic(nil)
		}
		runtime.Goexit()
		return "", nil
	}}, clk)
	for key, says := range map[string]string{"panic": "kaboom", "nil": "panic called with nil", "exit": "Goexit"} {
		first, second := async(t.Context(), c, key), async(t.Context(), c, key)
		for _, err := range []error{(<-first).err, (<-second).err} {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", key, err)
			}
			if key == "panic" && !strings.Contains(err.Error(), "load_test.go") {
				t.Errorf("no stack: %v", err)
			}
		}
	}
	eventually(t, "the slots are free", func() bool { return len(c.loads.slots) == 0 })
}

func TestWaitersFollowTheirOwnContext(t *testing.T) {
	clk, _ := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load}, clk)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := async(ctx, c, "k"), async(t.Context(), c, "k")
	waiting(t, c, "k", 2)
	cancel()
	if r := <-first; !errors.Is(r.err, context.Canceled) {
		t.Fatalf("got %+v", r)
	}
	g.open <- struct{}{} // the load goes on for the second
	if r := <-second; r.v != "k loaded 1" || r.err != nil {
		t.Fatalf("got %+v", r)
	}
	if _, err := c.Get(ctx, "other"); !errors.Is(err, context.Canceled) || g.calls.Load() != 1 {
		t.Fatalf("a cancelled context loads: %v", err)
	}
	if v, err := c.Get(ctx, "k"); v != "k loaded 1" || err != nil {
		t.Fatalf("what is here needs no context: %q, %v", v, err)
	}
}

func TestLoadIsCancelledWhenNobodyWaits(t *testing.T) {
	clk, _ := virtual()
	cause := make(chan error, 1)
	c := opened(t, Options[string]{Load: func(ctx context.Context, _ string) (string, error) {
		<-ctx.Done()
		cause <- ctx.Err()
		return "late", nil // in spite of it
	}}, clk)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := async(ctx, c, "k"), async(ctx, c, "k")
	waiting(t, c, "k", 2)
	cancel()
	<-first
	<-second
	if err := <-cause; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestLoadHasTheValuesOfTheFirstContext(t *testing.T) {
	clk, _ := virtual()
	type tag struct{}
	c := opened(t, Options[string]{Load: func(ctx context.Context, _ string) (string, error) {
		_, limited := ctx.Deadline()
		return fmt.Sprint(ctx.Value(tag{}), limited), nil
	}}, clk)
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), tag{}, "mine"), time.Hour)
	defer cancel()
	if v, err := c.Get(ctx, "k"); v != "minefalse" || err != nil {
		t.Fatalf("got %q, %v", v, err)
	}
}

func TestSetDuringALoadWins(t *testing.T) {
	clk, _ := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load}, clk)
	got := async(t.Context(), c, "k")
	<-g.begun
	c.Set("k", "set")
	g.open <- struct{}{}
	if r := <-got; r.v != "set" || r.err != nil {
		t.Fatalf("got %+v", r)
	}
	if !has(c, "k", "set") {
		t.Fatal("the load overwrote a Set")
	}
}

func TestDeleteDuringALoadWins(t *testing.T) {
	for name, remove := range map[string]func(*Cache[string]){
		"Delete": func(c *Cache[string]) { c.Delete("k") },
		"Clear":  func(c *Cache[string]) { c.Clear() },
		"Set and Delete": func(c *Cache[string]) {
			c.Set("k", "set")
			c.Delete("k")
		},
		"Set and OpRemove": func(c *Cache[string]) {
			c.Set("k", "set")
			c.Update("k", 0, func(string, bool) (string, Op) { return "", OpRemove })
		},
	} {
		t.Run(name, func(t *testing.T) {
			clk, _ := virtual()
			g := newGate()
			c := opened(t, Options[string]{Load: g.load}, clk)
			before := async(t.Context(), c, "k")
			<-g.begun
			remove(c)
			after := async(t.Context(), c, "k") // must not be given what was loaded before
			<-g.begun
			close(g.open)
			if r := <-before; r.v != "k loaded 1" && r.v != "k loaded 2" || r.err != nil {
				t.Fatalf("who waited before got %+v", r)
			}
			if r := <-after; r.v != "k loaded 2" || r.err != nil {
				t.Fatalf("who came after got %+v", r)
			}
			eventually(t, "both loads landed", func() bool { return c.loads.flying.Load() == 0 })
			if !has(c, "k", "k loaded 2") {
				t.Fatal("the second load is not here")
			}
		})
	}
}

func TestDeletedDuringALoadIsNotStored(t *testing.T) {
	clk, _ := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load}, clk)
	got := async(t.Context(), c, "k")
	<-g.begun
	c.Delete("k")
	close(g.open)
	if r := <-got; r.v != "k loaded 1" || r.err != nil {
		t.Fatalf("got %+v", r)
	}
	if v, ok := c.GetIfPresent("k"); ok {
		t.Fatalf("%q was stored", v)
	}
}

// A Delete that has returned is not undone by a load that ran meanwhile, whatever the interleaving.
func TestDeleteRacesLoads(t *testing.T) {
	clk, _ := virtual()
	var source atomic.Int64
	c := opened(t, Options[int64]{Load: func(context.Context, string) (int64, error) { return source.Load(), nil }}, clk)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5000 {
				c.Get(context.Background(), "k")
			}
		})
	}
	for i := range int64(5000) {
		source.Store(i)
		c.Delete("k")
		if v, err := c.Get(t.Context(), "k"); v < i || err != nil {
			t.Fatalf("%d after %d was deleted, %v", v, i, err)
		}
	}
	wg.Wait()
}

func TestAtMost256LoadsAtOnce(t *testing.T) {
	clk, _ := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load}, clk)
	var all []chan result
	for i := range maxLoads + 10 {
		all = append(all, async(t.Context(), c, strconv.Itoa(i)))
	}
	for range maxLoads {
		<-g.begun
	}
	eventually(t, "all are on their way", func() bool { return c.loads.flying.Load() == maxLoads+10 })
	ctx, cancel := context.WithCancel(t.Context())
	late := async(ctx, c, "late")
	waiting(t, c, "late", 1)
	cancel()
	if r := <-late; !errors.Is(r.err, context.Canceled) {
		t.Fatalf("who waits for a slot does not follow its context: %+v", r)
	}
	if n := g.calls.Load(); n != maxLoads {
		t.Fatalf("%d loads at once", n)
	}
	close(g.open)
	for _, ch := range all {
		if r := <-ch; r.err != nil {
			t.Fatal(r.err)
		}
	}
}

func TestNotFoundIsRememberedForAWhile(t *testing.T) {
	clk, advance := virtual()
	var loads atomic.Int64
	c := opened(t, Options[string]{Capacity: 20, Load: func(context.Context, string) (string, error) {
		loads.Add(1)
		return "", fmt.Errorf("no such row: %w", ErrNotFound)
	}}, clk)
	get := func(key string, want int64) {
		t.Helper()
		if _, err := c.Get(t.Context(), key); !errors.Is(err, ErrNotFound) || loads.Load() != want {
			t.Fatalf("%v, %d loads, want %d", err, loads.Load(), want)
		}
	}
	get("a", 1)
	get("a", 1)
	advance(absentFor - time.Millisecond)
	get("a", 1)
	advance(time.Millisecond)
	get("a", 2)
	c.Set("a", "x")
	c.Delete("a")
	get("a", 3)
	get("b", 4)
	get("a", 4)
	get("c", 5) // only capacity/10 = 2 keys are remembered
	get("b", 6)
	c.Clear()
	get("b", 7)
	if got, err := c.GetMany(t.Context(), []string{"b", "b"}); len(got) != 0 || err != nil || loads.Load() != 7 {
		t.Fatalf("%v, %v, %d loads", got, err, loads.Load())
	}
}

// TestWeightTellsNothingOfHowManyKeysAreAbsent: misses alone must not fill the memory of a cache that weighs.
func TestWeightTellsNothingOfHowManyKeysAreAbsent(t *testing.T) {
	c := opened(t, Options[[]byte]{
		Capacity: 1 << 30, Weigh: func(_ string, v []byte) int { return len(v) },
		Load: func(context.Context, string) ([]byte, error) { return nil, ErrNotFound },
	}, wall)
	keys := make([]string, 2*defaultCapacity/10)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
	}
	if _, err := c.GetMany(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	if n := c.loads.absent.keys.Counts().Entries; n != defaultCapacity/10 {
		t.Fatalf("%d keys are remembered", n)
	}
}

func TestGetMany(t *testing.T) {
	clk, _ := virtual()
	down := errors.New("down")
	var loads atomic.Int64
	c := opened(t, Options[string]{Load: func(_ context.Context, key string) (string, error) {
		loads.Add(1)
		switch key {
		case "bad":
			return "", down
		case "none":
			return "", ErrNotFound
		}
		return "loaded " + key, nil
	}}, clk)
	c.Set("here", "1")
	got, err := c.GetMany(t.Context(), []string{"here", "a", "b", "a", "none", "here"})
	if err != nil || len(got) != 3 || got["here"] != "1" || got["a"] != "loaded a" || got["b"] != "loaded b" {
		t.Fatalf("got %v, %v", got, err)
	}
	if n := loads.Load(); n != 3 {
		t.Fatalf("%d loads", n)
	}
	got, err = c.GetMany(t.Context(), []string{"bad", "c", "here"})
	if err != down || len(got) != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
	if got, err = c.GetMany(t.Context(), nil); got == nil || len(got) != 0 || err != nil {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestRefresh(t *testing.T) {
	clk, advance := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load, Refresh: time.Minute, TTL: time.Hour}, clk)
	c.Set("k", "old")
	advance(time.Minute - time.Millisecond)
	c.Get(t.Context(), "k")
	advance(time.Millisecond)
	c.GetIfPresent("k") // asks nobody
	if n := g.calls.Load(); n != 0 {
		t.Fatalf("%d loads of what is young", n)
	}
	for range 100 {
		if v, err := c.Get(t.Context(), "k"); v != "old" || err != nil {
			t.Fatalf("got %q, %v", v, err)
		}
	}
	g.open <- struct{}{}
	eventually(t, "the refreshed value is here", func() bool { return has(c, "k", "k loaded 1") })
	c.Get(t.Context(), "k")
	if n := g.calls.Load(); n != 1 {
		t.Fatalf("%d loads", n)
	}
}

func TestFailingRefreshKeepsTheOldValue(t *testing.T) {
	clk, advance := virtual()
	var loads atomic.Int64
	c := opened(t, Options[string]{Refresh: time.Minute, TTL: time.Hour, Load: func(context.Context, string) (string, error) {
		loads.Add(1)
		return "", errors.New("down")
	}}, clk)
	c.Set("k", "old")
	advance(time.Minute)
	for range 3 {
		if v, err := c.Get(t.Context(), "k"); v != "old" || err != nil {
			t.Fatalf("got %q, %v", v, err)
		}
		eventually(t, "the refresh failed", func() bool { return c.loads.flying.Load() == 0 && loads.Load() == 1 })
	}
	advance(absentFor)
	c.Get(t.Context(), "k")
	eventually(t, "it is tried again", func() bool { return loads.Load() == 2 })
	advance(time.Hour)
	if _, err := c.Get(t.Context(), "k"); err == nil || errors.Is(err, ErrNotFound) {
		t.Fatalf("past its deadline: %v", err)
	}
}

// TestEachFailingRefreshIsTriedOnce: with the database down, reads that go round all entries load none of them twice.
func TestEachFailingRefreshIsTriedOnce(t *testing.T) {
	clk, advance := virtual()
	var loads atomic.Int64
	c := opened(t, Options[string]{Capacity: 9, Refresh: time.Minute, TTL: time.Hour, Load: func(context.Context, string) (string, error) {
		loads.Add(1)
		return "", errors.New("down")
	}}, clk)
	for i := range 9 {
		c.Set(fmt.Sprint("k", i), "old")
	}
	advance(time.Minute)
	for i := range 45 {
		c.Get(t.Context(), fmt.Sprint("k", i%9))
		eventually(t, "the refresh ended", func() bool { return c.loads.flying.Load() == 0 })
	}
	if n := loads.Load(); n != 9 {
		t.Fatalf("%d loads of 9 keys", n)
	}
	c.Set("k1", "new")
	advance(time.Minute)
	if c.Get(t.Context(), "k1"); c.Stats().Entries != 9 {
		t.Fatal("an entry went")
	}
	eventually(t, "what was written since is refreshed", func() bool { return loads.Load() == 10 })
}

func TestRefreshLosesToADelete(t *testing.T) {
	clk, advance := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load, Refresh: time.Minute, TTL: time.Hour}, clk)
	c.Set("k", "old")
	advance(time.Minute)
	c.Get(t.Context(), "k")
	<-g.begun
	c.Delete("k")
	close(g.open)
	eventually(t, "the refresh landed", func() bool { return c.loads.flying.Load() == 0 })
	if v, ok := c.GetIfPresent("k"); ok {
		t.Fatalf("%q came back", v)
	}
}

func TestCloseEndsLoads(t *testing.T) {
	clk, _ := virtual()
	g := newGate()
	c := opened(t, Options[string]{Load: g.load}, clk)
	got := async(t.Context(), c, "k")
	<-g.begun
	c.Close()
	if r := <-got; !errors.Is(r.err, ErrClosed) {
		t.Fatalf("got %+v", r)
	}
}
