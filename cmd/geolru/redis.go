package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// redis is a connection to the RESP port of a node, for one question at a time. It reads RESP2, the part that a node
// answers: a library for all of Redis would be the largest dependency of this command.
type redis struct {
	conn net.Conn
	in   *bufio.Reader
}

const (
	dialTimeout = 3 * time.Second
	maxAnswer   = 64 << 20 // bytes or elements: what is larger is no answer of a node
)

// dialRedis connects, and gives the password if there is one.
func dialRedis(ctx context.Context, addr, password string) (*redis, error) {
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("no node answers at %s: %w", addr, err)
	}
	r := &redis{conn, bufio.NewReader(conn)}
	if password != "" {
		if _, err := r.do("AUTH", password); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return r, nil
}

func (r *redis) Close() error { return r.conn.Close() }

// do asks. The answer is a string, an int64, a []any of answers, or nil.
func (r *redis) do(words ...string) (any, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(r.conn, b.String()); err != nil {
		return nil, fmt.Errorf("ask node: %w", err)
	}
	return r.answer(0)
}

// answer reads one; depth is how many arrays it is in.
func (r *redis) answer(depth int) (any, error) {
	line, err := r.in.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("read answer of node: %w", noEOF(err))
	}
	kind, rest := line[0], strings.TrimSuffix(line[1:], "\r\n")
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return nil, errors.New(rest)
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	switch {
	case err == nil && kind == ':':
		return n, nil
	case err == nil && n == -1:
		return nil, nil
	case err == nil && kind == '$' && 0 <= n && n <= maxAnswer:
		return r.bulk(int(n))
	case err == nil && kind == '*' && 0 <= n && n <= maxAnswer && depth < 4:
		return r.array(int(n), depth)
	}
	return nil, fmt.Errorf("read answer of node: not RESP: %.40q", line)
}

func (r *redis) bulk(n int) (any, error) {
	b := make([]byte, n+2)
	if _, err := io.ReadFull(r.in, b); err != nil {
		return nil, fmt.Errorf("read answer of node: %w", noEOF(err))
	}
	return string(b[:n]), nil
}

func (r *redis) array(n, depth int) (any, error) {
	all := make([]any, 0, min(n, 1024))
	for range n {
		a, err := r.answer(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// noEOF: an end in the middle of an answer is not an orderly one.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
