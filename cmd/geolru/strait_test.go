package main

import (
	"net"
	"sync"
	"time"
)

// weather is what a strait does to those who pass. The zero value is fair: all is carried at once.
type weather struct {
	cut   bool          // connections end, and none are made
	hole  bool          // bytes go in and do not come out; the connections end when it is over
	delay time.Duration // of each piece of up to 16 KiB, one way
	rate  int           // bytes per second of each connection and direction; 0 = any
}

// strait is a TCP proxy in front of a process, with weather. Made by newStrait; safe for concurrent use.
type strait struct {
	ln     net.Listener
	target string
	pumps  sync.WaitGroup

	mu    sync.Mutex // guards all below
	now   weather
	conns map[net.Conn]bool
	over  bool
}

func newStrait(target string) (*strait, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &strait{ln: ln, target: target, conns: map[net.Conn]bool{}}
	s.pumps.Go(s.accept)
	return s, nil
}

// set changes the weather.
func (s *strait) set(w weather) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := s.now.hole && !w.hole
	s.now = w
	if w.cut || lost {
		s.endLocked()
	}
}

func (s *strait) endLocked() {
	for c := range s.conns {
		c.Close()
	}
}

// Close ends everything and waits for it.
func (s *strait) Close() {
	s.ln.Close()
	s.mu.Lock()
	s.over = true
	s.endLocked()
	s.mu.Unlock()
	s.pumps.Wait()
}

func (s *strait) accept() {
	for {
		from, err := s.ln.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", s.target)
		if err != nil {
			from.Close()
			continue
		}
		if s.enter(from, to) {
			s.pumps.Go(func() { s.pump(from, to) })
			s.pumps.Go(func() { s.pump(to, from) })
		}
	}
}

func (s *strait) enter(from, to net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.now.cut {
		from.Close()
		to.Close()
		return false
	}
	s.conns[from], s.conns[to] = true, true
	return true
}

func (s *strait) pump(from, to net.Conn) {
	defer func() {
		from.Close()
		to.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, from)
	}()
	piece := make([]byte, 16<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		w := s.weather()
		if w.hole {
			continue
		}
		<-time.After(w.takes(n))
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}

func (s *strait) weather() weather {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (w weather) takes(n int) time.Duration {
	if w.rate == 0 {
		return w.delay
	}
	return w.delay + time.Duration(n)*time.Second/time.Duration(w.rate)
}
