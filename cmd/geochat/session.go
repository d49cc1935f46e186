package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// session is a conversation in lines.
type session struct {
	*room
	out *lines
	met bool // there is nobody to be met first
}

// lines writes whole lines, for the view and the session write at the same time.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) print(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

// talk returns when the input ends, /quit was typed or ctx ended, and this participant has left.
func (s *session) talk(ctx context.Context, in io.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	events := s.cache.Watch(ctx, s.said)
	v := &view{room: s.room, out: s.out, shown: map[string]struct{}{}}
	wait.Go(func() { v.follow(ctx, events, s.met) })
	wait.Go(func() { s.stay(ctx) })
	s.listen(ctx, in)
	if ctx.Err() == nil && !s.met {
		s.node.Ready(ctx) // one who was told of others meets them before leaving, or what was said is lost
	}
	s.leave()
	cancel()
	wait.Wait()
	v.show(s.backlog()) // what came in the last moment
}

// listen answers each line of the input.
func (s *session) listen(ctx context.Context, in io.Reader) {
	typed := make(chan string)
	go scan(ctx, in, typed)
	for {
		select {
		case <-ctx.Done():
			return
		case line, ok := <-typed:
			if !ok || !s.take(line) {
				return
			}
		}
	}
}

// scan gives the lines of the input until it or ctx ends. A read of a terminal cannot be interrupted, so it may stay
// behind in its read when ctx ends; the process is about to end then.
func scan(ctx context.Context, in io.Reader, typed chan<- string) {
	defer close(typed)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		select {
		case typed <- lines.Text():
		case <-ctx.Done():
			return
		}
	}
}

// take does what a line says; false: leave.
func (s *session) take(line string) bool {
	switch line = strings.TrimSpace(line); {
	case line == "":
	case line == "/quit":
		return false
	case line == "/who":
		s.note("here: " + escape(strings.Join(s.names(), ", ")))
	case line == "/peers":
		s.peers()
	case strings.HasPrefix(line, "/"):
		s.note(escape(line) + " is not known; /who /peers /quit are")
	default:
		if err := s.say(line); err != nil {
			s.note("not sent: " + err.Error())
		}
	}
	return true
}

// note prints a line that is not a message.
func (s *session) note(text string) { s.out.print("* " + text) }

// peers lists the other nodes, nearest first.
func (s *session) peers() {
	all := s.node.Peers()
	if len(all) == 0 {
		s.note("no peers")
	}
	for _, p := range all {
		state := "not connected"
		if p.Connected {
			state = "rtt " + p.RTT.Round(10*time.Microsecond).String()
		}
		s.note(fmt.Sprintf("%s %s %s", p.ID, escape(p.Region), state))
	}
}
