package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"
)

// bar is the last line of a log on a terminal: how far the cache is filled from a peer. What is written to it stands
// above. Without a share it passes on what is written and nothing else. It must be made by newBar. Safe for concurrent
// use.
type bar struct {
	mu    sync.Mutex // guards all
	out   io.Writer
	shown string
}

func newBar(out io.Writer) *bar { return &bar{out: out} }

func (b *bar) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown == "" {
		return b.out.Write(p)
	}
	io.WriteString(b.out, eraseLine)
	n, err := b.out.Write(p)
	io.WriteString(b.out, b.shown)
	return n, err
}

const barWidth = 30

// show draws a share above 0 and below 1; of another there is nothing to show.
func (b *bar) show(share float64) {
	text := ""
	if share > 0 && share < 1 {
		full := int(share * barWidth)
		text = fmt.Sprintf("filling the cache [%s%s] %d %%", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), int(math.Floor(share*100)))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if text != b.shown {
		io.WriteString(b.out, eraseLine+text)
		b.shown = text
	}
}

// follow shows the share until it is 1, or ctx ends.
func (b *bar) follow(ctx context.Context, share func() float64) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	defer b.show(0)
	for s := share(); s < 1; s = share() {
		b.show(s)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
