package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/cmd/geobench/internal/links"
)

// A side is a process of its own that does one part of a link: it answers orders on stdin, a line of JSON each, with a
// line of JSON each on stdout, and ends with stdin.

// order is what a side is to do.
type order struct {
	Do      string  `json:"do"`
	Records int     `json:"records,omitempty"`
	Rate    float64 `json:"rate,omitempty"`     // records a second, paced evenly
	Expect  int     `json:"expect,omitempty"`   // keys in all
	Seconds float64 `json:"patience,omitempty"` // to wait for them
}

// result is what a side has to say. Times are Unix nanoseconds: both sides are on one machine.
type result struct {
	Err   string         `json:"err,omitempty"`
	Addr  string         `json:"addr,omitempty"`
	Began int64          `json:"began,omitempty"`
	Ended int64          `json:"ended,omitempty"`
	Count int            `json:"count,omitempty"`
	Delay *latencyFigure `json:"delay,omitempty"`
	CPU   time.Duration  `json:"cpu,omitempty"`   // so far, helpers included
	Bytes int64          `json:"bytes,omitempty"` // read and written so far by whoever has the connection
}

// latencyFigure is how long records took to be visible, milliseconds.
type latencyFigure struct {
	Seen int     `json:"seen"`
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
	Max  float64 `json:"max_ms"`
}

// side is one side of a link.
type side struct {
	reader links.Reader // nil in a writer
	writer links.Writer // nil in a reader
	seed   uint64
	sent   uint64

	mu    sync.Mutex
	delay *histogram // of what is watched; guarded by mu
	seen  int        // guarded by mu
}

func sideCommand() *cli.Command {
	return &cli.Command{
		Name: "replicate-side", Hidden: true, Usage: "one side of a link, for replicate itself",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "link"}, &cli.StringFlag{Name: "addr"}, &cli.StringFlag{Name: "dir"},
		},
		Action: func(_ context.Context, cmd *cli.Command) error { return runSide(cmd, os.Stdin) },
	}
}

// runSide is a writer if an address is given, else a reader.
func runSide(cmd *cli.Command, in io.Reader) error {
	s, say := &side{seed: rand.Uint64()}, json.NewEncoder(cmd.Root().Writer)
	if err := s.open(cmd.String("link"), cmd.String("dir"), cmd.String("addr")); err != nil {
		return say.Encode(result{Err: err.Error()})
	}
	defer s.close()
	if err := say.Encode(s.hello()); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		r, err := s.obey(o)
		if err != nil {
			r.Err = err.Error()
		}
		if err := say.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (s *side) open(name, dir, addr string) (err error) {
	all := links.All()
	i := slices.IndexFunc(all, func(l links.Link) bool { return l.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no link %q", name)
	}
	if addr == "" {
		s.reader, err = all[i].Read(dir)
	} else {
		s.writer, err = all[i].Write(dir, addr)
	}
	return err
}

func (s *side) close() {
	if s.reader != nil {
		s.reader.Close()
	} else {
		s.writer.Close()
	}
}

func (s *side) hello() result {
	if s.reader == nil {
		return result{}
	}
	return result{Addr: s.reader.Addr()}
}

func (s *side) obey(o order) (result, error) {
	switch o.Do {
	case "watch":
		return result{}, s.reader.Watch(s.visible)
	case "begin":
		s.mu.Lock()
		s.delay, s.seen = &histogram{}, 0
		s.mu.Unlock()
		return result{}, nil
	case "delays":
		return s.delays(o), nil
	case "count":
		return s.count(o)
	case "write":
		return s.write(o)
	case "usage":
		return s.usage()
	}
	return result{}, fmt.Errorf("unknown order %q", o.Do)
}

// visible takes the time of a key that has come: it is the time at which it was written, in hexadecimal.
func (s *side) visible(key string) {
	now := time.Now().UnixNano()
	var at int64
	if _, err := fmt.Sscanf(key, "%x", &at); err != nil || len(key) != keyBytes {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.delay != nil {
		s.delay.add(time.Duration(now - at))
		s.seen++
	}
}

// look is how often the reader looks whether all is there.
const look = time.Millisecond

// wait looks until done, at most for so many seconds.
func wait(seconds float64, done func() bool) {
	for end := time.Now().Add(time.Duration(seconds * 1e9)); !done() && time.Now().Before(end); {
		time.Sleep(look)
	}
}

// delays waits until all have come.
func (s *side) delays(o order) result {
	count := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.seen
	}
	wait(o.Seconds, func() bool { return count() >= o.Expect })
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	f := &latencyFigure{s.seen, ms(s.delay.quantile(.5)), ms(s.delay.quantile(.99)), ms(s.delay.most)}
	s.delay = nil
	return result{Delay: f}
}

// count waits until so many keys are there, and tells when that was.
func (s *side) count(o order) (r result, err error) {
	wait(o.Seconds, func() bool {
		r.Count, err = s.reader.Count()
		return err != nil || r.Count >= o.Expect
	})
	r.Ended = time.Now().UnixNano()
	return r, err
}

// write writes records: all at once as fast as it can, or at a pace, each with the time in its key.
func (s *side) write(o order) (result, error) {
	r := result{Began: time.Now().UnixNano()}
	start := time.Now()
	last := int64(0)
	for i := range o.Records {
		var stamp int64
		if o.Rate > 0 {
			s.keepPace(start, time.Duration(float64(i)/o.Rate*1e9))
			stamp = max(time.Now().UnixNano(), last+1) // keys differ
			last = stamp
		} else {
			s.sent++
			stamp = int64(s.sent)
		}
		if err := s.writer.Write(fmt.Sprintf("%016x", stamp), s.value()); err != nil {
			return r, err
		}
	}
	r.Ended = time.Now().UnixNano()
	return r, s.writer.Flush()
}

// keepPace flushes before it waits: who has the time has no use for company. Writes that are late travel together.
func (s *side) keepPace(start time.Time, due time.Duration) {
	ahead := due - time.Since(start)
	if ahead <= 0 {
		return
	}
	s.writer.Flush()
	time.Sleep(ahead)
}

// value is new bytes, that nothing can press together.
func (s *side) value() []byte {
	b := make([]byte, valueBytes)
	for i := range b {
		s.seed = s.seed*6364136223846793005 + 1442695040888963407
		b[i] = byte(s.seed >> 56)
	}
	return b
}

// usage adds up what this process and its helpers have used.
func (s *side) usage() (result, error) {
	r := result{CPU: cpuTime()}
	pid := os.Getpid()
	for _, p := range s.helpers() {
		cpu, err := cpuOf(p.Pid)
		if err != nil {
			return r, err
		}
		r.CPU += cpu
		pid = p.Pid
	}
	r.Bytes = movedBy(pid)
	return r, nil
}

func (s *side) helpers() []*os.Process {
	if s.reader != nil {
		return s.reader.Helpers()
	}
	return s.writer.Helpers()
}
