package geolru

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// TestWeighThatPanicsOnWhatAPeerWrote ends no process: the value is not kept here, and is said to be elsewhere. On what is
// written here it panics for its writer.
func TestWeighThatPanicsOnWhatAPeerWrote(t *testing.T) {
	log := &safeBuffer{}
	nodes := meshed(t, 2)
	nodes[0].log = slog.New(slog.NewTextHandler(log, nil))
	picky := Options[string]{Capacity: 100, Weigh: func(_, v string) int { return map[string]int{"one": 1, "two": 2}[v[:3]] / (len(v) - 3) }}
	c := on(t, nodes[0], picky)
	other := on(t, nodes[1], Options[string]{})
	ready(t, nodes...)
	for range 2 {
		other.Set("k", "one")
		other.Set("fine", "two!")
		eventually(t, "both came", func() bool { return c.table.Known("k").Kind != 0 && has(c, "fine", "two!") })
		if _, err := c.Get(soon(t), "k"); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "Weigh panics"); n != 1 || c.undecodable() < 2 || c.Stats().Weight != 2 {
		t.Fatalf("%d lines, %d counted, %+v", n, c.undecodable(), c.Stats())
	}
	defer func() {
		if recover() == nil {
			t.Error("a write here did not panic")
		}
		if err := c.Set("k", "one!"); err != nil || !has(c, "k", "one!") {
			t.Error(err)
		}
	}()
	c.Set("k", "one")
}

// TestWeighThatPanicsLeavesRoomForTheLoader: what cannot be weighed is loaded.
func TestWeighThatPanicsLeavesRoomForTheLoader(t *testing.T) {
	nodes := meshed(t, 2)
	c := on(t, nodes[0], Options[string]{
		Weigh: func(_, v string) int { return 6 / (6 - len(v)) },
		Load:  func(context.Context, string) (string, error) { return "loaded anew", nil },
	})
	other := on(t, nodes[1], Options[string]{})
	ready(t, nodes...)
	other.Set("k", "sixsix")
	eventually(t, "it came", func() bool { return c.table.Known("k").Kind != 0 })
	if v, err := c.Get(soon(t), "k"); err != nil || v != "loaded anew" {
		t.Fatal(v, err)
	}
}
