package main

import (
	"fmt"
	"io"
	"os"
)

// screen shows lines as they come, and on a terminal a line of progress below them. It must be made by newScreen, and
// one goroutine uses it.
type screen struct {
	out      io.Writer
	terminal bool // progress can be written over
	shown    bool // there is progress to write over
}

// newScreen; a quiet one shows nothing.
func newScreen(out io.Writer, quiet bool) *screen {
	if quiet {
		return &screen{out: io.Discard}
	}
	return &screen{out: out, terminal: isTerminal(out)}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	stat, err := f.Stat()
	return err == nil && stat.Mode()&os.ModeCharDevice != 0
}

const eraseLine = "\r\x1b[K"

func (s *screen) line(text string) {
	if s.shown {
		fmt.Fprint(s.out, eraseLine)
		s.shown = false
	}
	fmt.Fprintln(s.out, text)
}

// progress replaces the one before. Without a terminal it is a line like others.
func (s *screen) progress(text string) {
	if !s.terminal {
		fmt.Fprintln(s.out, text)
		return
	}
	fmt.Fprint(s.out, eraseLine+text)
	s.shown = true
}
