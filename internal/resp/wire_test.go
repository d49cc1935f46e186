package resp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/geolru/geolru"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds a wait for something that must come; it is never what a test measures.
const patience = 30 * time.Second

// start serves a cache of its own to the test, and returns the server and its address.
func start(t *testing.T, c Config) (*Server, string) {
	t.Helper()
	return startCache(t, c, geolru.Options[[]byte]{TTL: time.Hour, Node: c.Node})
}

func startCache(t *testing.T, c Config, o geolru.Options[[]byte]) (*Server, string) {
	t.Helper()
	cache, err := geolru.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	c.Cache, c.TTL = cache, o.TTL
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(c)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		cache.Close()
	})
	return s, ln.Addr().String()
}

// join is a node that knows these others.
func join(t *testing.T, others ...*geolru.Node) *geolru.Node {
	t.Helper()
	m := geolru.Mesh{Listen: []string{"/ip4/127.0.0.1/tcp/0"}}
	for _, o := range others {
		m.Bootstrap = append(m.Bootstrap, o.Addrs()...)
	}
	node, err := geolru.Join(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	return node
}

// wire is a client that writes bytes and reads answers, and knows nothing of commands.
type wire struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, addr string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &wire{t, conn, bufio.NewReader(conn)}
}

func (w *wire) send(raw string) {
	w.t.Helper()
	if _, err := io.WriteString(w.conn, raw); err != nil {
		w.t.Fatal(err)
	}
}

// answer is one reply, as its bytes.
func (w *wire) answer() string {
	w.t.Helper()
	line, err := w.in.ReadString('\n')
	if err != nil {
		w.t.Fatalf("read answer: %v (%q)", err, line)
	}
	var n int
	fmt.Sscanf(line[1:], "%d", &n)
	switch kind := line[0]; {
	case strings.IndexByte("$=", kind) >= 0 && n >= 0:
		body := make([]byte, n+2)
		if _, err := io.ReadFull(w.in, body); err != nil {
			w.t.Fatalf("read answer: %v", err)
		}
		return line + string(body)
	case kind == '%':
		return line + w.answers(2*n)
	case kind == '*':
		return line + w.answers(n)
	}
	return line
}

func (w *wire) answers(n int) string {
	var all strings.Builder
	for range n {
		all.WriteString(w.answer())
	}
	return all.String()
}

// ask sends a line as a person would type it, and reads one answer.
func (w *wire) ask(line string) string {
	w.t.Helper()
	w.send(line + "\r\n")
	return w.answer()
}

// want asks, and compares.
func (w *wire) want(line, answer string) {
	w.t.Helper()
	if got := w.ask(line); got != answer {
		w.t.Errorf("%s\n got %q\nwant %q", line, got, answer)
	}
}

// number asks for a number.
func (w *wire) number(line string) int64 {
	w.t.Helper()
	var n int64
	if got := w.ask(line); got[0] != ':' {
		w.t.Fatalf("%s: got %q, want a number", line, got)
	} else if _, err := fmt.Sscanf(got, ":%d", &n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// closed tells whether the server ends the connection without another word.
func (w *wire) closed() bool {
	rest, err := io.ReadAll(w.in)
	return len(rest) == 0 && err == nil || strings.Contains(fmt.Sprint(err), "reset")
}

// command is the form in which clients send.
func bulks(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}
