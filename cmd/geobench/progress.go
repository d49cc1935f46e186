package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

const (
	patience      = 2 * time.Second // what ends sooner needs no word
	betweenLines  = 5 * time.Second // where each is to stay
	betweenWrites = 100 * time.Millisecond
)

// progress tells how far a long run is: on a terminal in one line that is written over, elsewhere in a line now and
// then. It must be made by newProgress, and one goroutine uses it.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	phase       string
	done, all   int
	began, said time.Time
	shown       bool // there is a line to write over
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, terminal: isTerminal(out), now: time.Now}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	stat, err := f.Stat()
	return err == nil && stat.Mode()&os.ModeCharDevice != 0
}

// begin starts a phase of so many steps.
func (p *progress) begin(phase string, steps int) {
	p.phase, p.done, p.all, p.began = phase, 0, steps, p.now()
}

// step says, if it is time to, what the next step is.
func (p *progress) step(what string) {
	p.done++
	now, between := p.now(), betweenLines
	if p.terminal {
		between = betweenWrites
	}
	if now.Sub(p.began) < patience || now.Sub(p.said) < between {
		return
	}
	p.said = now
	text := fmt.Sprintf("%s: %d of %d, %s", p.phase, p.done, p.all, what)
	if !p.terminal {
		fmt.Fprintln(p.out, text)
		return
	}
	fmt.Fprint(p.out, eraseLine, text)
	p.shown = true
}

// end takes away what is shown.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.out, eraseLine)
		p.shown = false
	}
}

const eraseLine = "\r\x1b[K"
