package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// child is a side in a process of its own.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// program is what a child runs: this program. A test runs itself.
var program = func(args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.Command(self, args...), nil
}

// newChild starts a side and waits for its first word.
func newChild(args ...string) (*child, result, error) {
	cmd, err := program(append([]string{"replicate-side"}, args...)...)
	if err != nil {
		return nil, result{}, err
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, result{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, result{}, err
	}
	if err := cmd.Start(); err != nil {
		return nil, result{}, err
	}
	c := &child{cmd, in, bufio.NewScanner(out)}
	r, err := c.hear()
	if err != nil {
		c.end()
	}
	return c, r, err
}

// end closes stdin, which ends the child, and waits for it.
func (c *child) end() {
	c.in.Close()
	c.cmd.Wait()
}

func (c *child) do(o order) (result, error) {
	if err := json.NewEncoder(c.in).Encode(o); err != nil {
		return result{}, err
	}
	return c.hear()
}

func (c *child) hear() (r result, err error) {
	if !c.out.Scan() {
		return r, errors.Join(errors.New("a side has ended"), c.out.Err())
	}
	if err := json.Unmarshal(c.out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("read what a side says: %w", err)
	}
	if r.Err != "" {
		err = errors.New(r.Err)
	}
	return r, err
}

// linkPair is both sides of a link.
type linkPair struct{ reader, writer *child }

// newLinkPair starts the reader, then the writer, each with a directory of its own.
func newLinkPair(link, dir string) (*linkPair, error) {
	dirs := []string{filepath.Join(dir, "reader"), filepath.Join(dir, "writer")}
	for _, d := range dirs {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	reader, r, err := newChild("--link", link, "--dir", dirs[0])
	if err != nil {
		return nil, fmt.Errorf("start the reader: %w", err)
	}
	writer, _, err := newChild("--link", link, "--dir", dirs[1], "--addr", r.Addr)
	if err != nil {
		reader.end()
		return nil, fmt.Errorf("start the writer: %w", err)
	}
	return &linkPair{reader, writer}, nil
}

func (p *linkPair) end() {
	p.writer.end()
	p.reader.end()
}

// usage is what both sides have used, and what has gone over the wire as the reader's side counts it.
func (p *linkPair) usage() (both result, err error) {
	w, err := p.writer.do(order{Do: "usage"})
	if err != nil {
		return both, err
	}
	r, err := p.reader.do(order{Do: "usage"})
	return result{CPU: w.CPU + r.CPU, Bytes: r.Bytes}, err
}

// burst writes as fast as the writer takes it, and waits until all are visible.
func (p *linkPair) burst(n int, patience float64) (burstSample, error) {
	var s burstSample
	before, err := p.reader.do(order{Do: "count"})
	if err != nil {
		return s, err
	}
	used, err := p.usage()
	if err != nil {
		return s, err
	}
	w, err := p.writer.do(order{Do: "write", Records: n})
	if err != nil {
		return s, err
	}
	r, err := p.reader.do(order{Do: "count", Expect: before.Count + n, Seconds: patience})
	if err != nil {
		return s, err
	}
	now, err := p.usage()
	each := 1 / float64(n)
	s = burstSample{
		Rate: float64(r.Count-before.Count) / (float64(r.Ended-w.Began) / 1e9), Lost: before.Count + n - r.Count,
		CPU: (now.CPU - used.CPU).Seconds() * each * 1e6, Bytes: float64(now.Bytes-used.Bytes) * each,
		Drain: float64(r.Ended-w.Ended) / 1e9,
	}
	return s, err
}

// steady writes at a pace, and tells what is not there in time.
func (p *linkPair) steady(rate, seconds, patience float64) (steadySample, error) {
	n := int(rate * seconds)
	before, err := p.reader.do(order{Do: "count"})
	if err != nil {
		return steadySample{}, err
	}
	w, err := p.writer.do(order{Do: "write", Records: n, Rate: rate})
	if err != nil {
		return steadySample{}, err
	}
	r, err := p.reader.do(order{Do: "count", Expect: before.Count + n, Seconds: patience})
	return steadySample{Rate: float64(n) / (float64(w.Ended-w.Began) / 1e9), Missing: before.Count + n - r.Count}, err
}

// delays writes at a pace and takes the time of each record. What has not come in time counts as lost.
func (p *linkPair) delays(rate, seconds, patience float64) (*latencyFigure, error) {
	n := max(int(rate*seconds), 1)
	if _, err := p.reader.do(order{Do: "begin"}); err != nil {
		return nil, err
	}
	if _, err := p.writer.do(order{Do: "write", Records: n, Rate: rate}); err != nil {
		return nil, err
	}
	r, err := p.reader.do(order{Do: "delays", Expect: n, Seconds: patience})
	if err != nil {
		return nil, err
	}
	if r.Delay.Seen == 0 {
		return nil, fmt.Errorf("none of %d records came", n)
	}
	return r.Delay, nil
}
