package geolru

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// follow reads a watch on a goroutine of its own, as text, until it ends.
func follow(t *testing.T, events iter.Seq[Event[int]]) chan string {
	ch := make(chan string)
	go func() {
		defer close(ch)
		for e := range events {
			ch <- fmt.Sprint(e.Kind, " ", e.Key, " ", e.Value)
		}
	}()
	return ch
}

func expect(t *testing.T, got chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case g := <-got:
			if g != w {
				t.Fatalf("got %q, want %q", g, w)
			}
		case <-time.After(patience):
			t.Fatalf("%q never came", w)
		}
	}
}

func TestWatch(t *testing.T) {
	clk, advance := virtual()
	c := opened(t, Options[int]{Capacity: 2}, clk)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := follow(t, c.Watch(ctx, ""))
	only := follow(t, c.Watch(ctx, "b"))
	c.Set("a", 1)
	expect(t, got, "put a 1")
	c.Set("b", 2)
	expect(t, got, "put b 2")
	expect(t, only, "put b 2")
	c.Set("bb", 3)
	expect(t, got, "evict a 1", "put bb 3")
	expect(t, only, "put bb 3")
	c.Delete("b")
	expect(t, got, "delete b 0")
	expect(t, only, "delete b 0")
	c.SetTTL("a", 4, time.Second)
	expect(t, got, "put a 4")
	advance(time.Second)
	expect(t, got, "expire a 4")
	c.Clear()
	expect(t, got, "clear  0")
	expect(t, only, "clear  0")
	cancel()
	for range got {
		t.Fatal("an event after the end")
	}
	for range only {
		t.Fatal("an event after the end")
	}
}

func TestSlowWatcherGetsTheLastState(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{}, clk)
	events := c.Watch(t.Context(), "")
	for i := range 1000 {
		c.Set("a", i)
		c.Set("b", i)
	}
	c.Delete("a")
	var got []string
	for e := range events {
		got = append(got, fmt.Sprint(e.Kind, " ", e.Key, " ", e.Value))
		if len(got) == 2 {
			break
		}
	}
	if want := []string{"delete a 0", "put b 999"}; !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
	for range events {
		t.Fatal("a watch can be ranged over twice")
	}
	if c.hub.all() != nil && len(c.hub.all()) > 0 {
		t.Fatal("who stopped to range still watches")
	}
}

func TestClearGoesBeforeWhatCameAfter(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{}, clk)
	events := c.Watch(t.Context(), "")
	c.Set("a", 1)
	c.Set("b", 1)
	c.Clear()
	c.Set("b", 2)
	var got []string
	for e := range events {
		got = append(got, fmt.Sprint(e.Kind, " ", e.Key, " ", e.Value))
		if len(got) == 2 {
			break
		}
	}
	if want := []string{"clear  0", "put b 2"}; !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
}

func TestWatchThatNobodyRangesOverEnds(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{}, clk)
	ctx, cancel := context.WithCancel(t.Context())
	c.Watch(ctx, "")
	if len(c.hub.all()) != 1 {
		t.Fatal("not subscribed when called")
	}
	cancel()
	eventually(t, "the watch is gone", func() bool { return len(c.hub.all()) == 0 })
}

func TestWatchEndsWithClose(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{}, clk)
	got := follow(t, c.Watch(t.Context(), ""))
	c.Set("a", 1)
	expect(t, got, "put a 1")
	c.Close()
	for range got {
		t.Fatal("an event after the end")
	}
}

// Watch, All, range Watch: who mirrors a cache so has all of it in the end.
func TestWatchAndAllMissNothing(t *testing.T) {
	clk, _ := virtual()
	c := opened(t, Options[int]{Capacity: 10_000}, clk)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				key := strconv.Itoa(i % 500)
				if (i+g)%7 == 0 {
					c.Delete(key)
				} else {
					c.Set(key, i)
				}
			}
		})
	}
	events := c.Watch(t.Context(), "")
	mirror := map[string]int{}
	for k, v := range c.All() {
		mirror[k] = v
	}
	go func() {
		wg.Wait()
		c.Set("end", 1)
	}()
	for e := range events {
		switch e.Kind {
		case EventPut:
			mirror[e.Key] = e.Value
		case EventDelete:
			delete(mirror, e.Key)
		}
		if e.Key == "end" {
			break
		}
	}
	if len(mirror) != c.Len() {
		t.Fatalf("%d mirrored, %d here", len(mirror), c.Len())
	}
	for k, v := range mirror {
		if !has(c, k, v) {
			t.Fatalf("%s is %d in the mirror", k, v)
		}
	}
}
