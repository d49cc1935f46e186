package resp

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What Redis 7.0.15 answers to bytes that are not commands, and whether it keeps the connection.
func TestProtocolErrors(t *testing.T) {
	long := strings.Repeat("1", 70_000)
	for _, c := range []struct {
		send, want string
		kept       bool
	}{
		{"*1\r\n$9223372036854775807\r\nab\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
		{"*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
		{"*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
		{"*1\r\n$16777217\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
		{"*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
		{"*\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
		{"*+1\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
		{"*01\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
		{"*99999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
		{"*1\r\nPING\r\n", "-ERR Protocol error: expected '$', got 'P'\r\n", false},
		{"*1\r\n:4\r\nPING\r\n", "-ERR Protocol error: expected '$', got ':'\r\n", false},
		{"ping \"a\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", false},
		{"ping \"a\"b\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", false},
		{long, "-ERR Protocol error: too big inline request\r\n", false},
		{"*" + long, "-ERR Protocol error: too big mbulk count string\r\n", false},
		{"*1\r\n$" + long, "-ERR Protocol error: too big bulk count string\r\n", false},
		{"POST / HTTP/1.1\r\nHost: x\r\n\r\nPING\r\n", "", false},
		{"host: x\r\nPING\r\n", "", false},
		{"*0\r\nPING\r\n", "+PONG\r\n", true},
		{"*-5\r\nPING\r\n", "+PONG\r\n", true},
		{"\r\n\n PING \n", "+PONG\r\n", true},
		{"PING\n", "+PONG\r\n", true},
		{`ping a"b"` + "\r\n", "$2\r\nab\r\n", true},
		{`ping 'it\'s' ` + "\r\n", "$4\r\nit's\r\n", true},
		{`  ping   "a b\x41\n"  ` + "\r\n", "$5\r\na bA\n\r\n", true},
		{"*1\r\n$4\r\nPINGxxPING\r\n", "+PONG\r\n+PONG\r\n", true},
		{"PING\r\n*1\r\n$x\r\n", "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n", false},
		{"quit\r\nping\r\n", "+OK\r\n", false},
	} {
		t.Run(fmt.Sprintf("%.20q", c.send), func(t *testing.T) {
			_, addr := start(t, Config{})
			w := dial(t, addr)
			w.send(c.send)
			if got := w.answers(len(answered.FindAllString(c.want, -1))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.kept {
				w.want("echo still", "$5\r\nstill\r\n")
			} else if !w.closed() {
				t.Error("the connection is still open")
			}
		})
	}
}

// answered finds the starts of answers.
var answered = regexp.MustCompile(`(?m)^[-+:]|^\$\d`)

func TestPassword(t *testing.T) {
	const refused = "-NOAUTH Authentication required.\r\n"
	_, addr := start(t, Config{Password: "pw"})
	w := dial(t, addr)
	for _, l := range (talk{
		{"get a", refused},
		{"ping", refused},
		{"geolru peers", refused},
		{"foo", "-ERR unknown command 'foo', with args beginning with: \r\n"},
		{"get", "-ERR wrong number of arguments for 'get' command\r\n"},
		{"auth x", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
		{"auth admin pw", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
		{"hello 3 auth default x", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
		{"get a", refused},
		{"auth pw", ok},
		{"get a", null},
	}) {
		w.want(l[0], l[1])
	}
	if got := dial(t, addr).ask("hello 3"); !strings.HasPrefix(got, "-NOAUTH HELLO must be called") {
		t.Errorf("hello: %q", got)
	}
	if got := dial(t, addr).ask("hello 3 auth default pw"); !strings.HasPrefix(got, "%7\r\n") {
		t.Errorf("hello with password: %q", got)
	}
	for send, want := range map[string]string{
		"*11\r\n":              "-ERR Protocol error: unauthenticated multibulk length\r\n",
		"*1\r\n$16385\r\n":     "-ERR Protocol error: unauthenticated bulk length\r\n",
		"quit\r\n":             ok,
		"*1\r\n$4\r\nquit\r\n": ok,
	} {
		w := dial(t, addr)
		w.send(send)
		if got := w.answer(); got != want || !w.closed() {
			t.Errorf("%q: got %q", send, got)
		}
	}
}

func TestTenThousandPipelined(t *testing.T) {
	_, addr := start(t, Config{})
	w := dial(t, addr)
	const n = 10_000
	var sets, gets strings.Builder
	for i := range n {
		sets.WriteString(bulks("SET", fmt.Sprint("key", i), fmt.Sprint("value", i)))
		gets.WriteString(bulks("GET", fmt.Sprint("key", i)))
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(w.conn, sets.String()+gets.String())
		sent <- err
	}()
	for range n {
		if got := w.answer(); got != ok {
			t.Fatalf("set: %q", got)
		}
	}
	for i := range n {
		v := fmt.Sprint("value", i)
		if got := w.answer(); got != fmt.Sprintf("$%d\r\n%s\r\n", len(v), v) {
			t.Fatalf("get %d: %q", i, got)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

// A whole command is answered though the next one is still on its way, and a half one hinders nobody.
func TestHalfACommand(t *testing.T) {
	_, addr := start(t, Config{})
	w := dial(t, addr)
	w.send(bulks("SET", "a", "1") + "*2\r\n$3\r\nGE")
	if got := w.answer(); got != ok {
		t.Errorf("got %q", got)
	}
	dial(t, addr).want("get a", "$1\r\n1\r\n")
	w.send("T\r\n$1\r\na\r\n")
	if got := w.answer(); got != "$1\r\n1\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestCloseEndsClients(t *testing.T) {
	s, addr := start(t, Config{})
	w := dial(t, addr)
	w.want("ping", "+PONG\r\n")
	s.Close()
	if !w.closed() {
		t.Error("the connection is still open")
	}
}

// What is announced and never sent must not be allocated.
func TestReaderAllocatesWhatArrives(t *testing.T) {
	for _, head := range []string{"*131072\r\n", "*1\r\n$16777216\r\n", "*131072\r\n$16777216\r\n"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			if _, err := newReader(strings.NewReader(head)).next(); err == nil {
				t.Fatalf("%q is a command", head)
			}
		}
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / 100; per > 128<<10 {
			t.Errorf("%q: %d bytes", head, per)
		}
	}
}

// However a command is cut into packets, and whatever is in it, it comes out as it went in.
func TestReaderGivesBackWhatWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOfN(rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 1, 5), 1, 5).Draw(t, "commands")
		var raw bytes.Buffer
		for _, words := range sent {
			raw.WriteString(bulks(texts(words)...))
		}
		r := newReader(&dribble{raw.Bytes(), rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))})
		for i, words := range sent {
			got, err := r.next()
			if err != nil || fmt.Sprint(texts(got)) != fmt.Sprint(texts(words)) {
				t.Fatalf("command %d: got %q, %v; want %q", i, got, err, words)
			}
		}
	})
}

// dribble gives a few bytes at a time.
type dribble struct {
	rest   []byte
	random *rand.Rand
}

func (d *dribble) Read(p []byte) (int, error) {
	n := copy(p, d.rest[:min(len(d.rest), 1+d.random.IntN(7))])
	d.rest = d.rest[n:]
	return n, nil
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{"PING\r\n", "*1\r\n$4\r\nPING\r\n", "*2\r\n$9223372036854775807\r\n", "'a\\'b' \"\\x4\\n", "*-1\r\n*0\r\n$"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newReader(bytes.NewReader(data))
		total := 0
		for {
			args, err := r.next()
			if err != nil {
				break
			}
			if len(args) == 0 {
				t.Fatal("an empty command")
			}
			for _, a := range args {
				total += len(a)
			}
		}
		if total > len(data) {
			t.Fatalf("%d bytes of arguments from %d", total, len(data))
		}
	})
}
