package resp

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// deaf is a connection whose client has asked and is gone.
type deaf struct {
	net.Conn
	asked io.Reader
}

func (d *deaf) Read(p []byte) (int, error)       { return d.asked.Read(p) }
func (d *deaf) Write([]byte) (int, error)        { return 0, errors.New("connection reset by peer") }
func (d *deaf) SetWriteDeadline(time.Time) error { return nil }

func TestNothingIsDoneForAClientThatIsGone(t *testing.T) {
	s, addr := start(t, Config{})
	w := dial(t, addr)
	w.send(bulks("set", "b", strings.Repeat("v", 1<<20)))
	if got := w.answer(); got != ok {
		t.Fatal(got)
	}
	before := s.served.Load()
	c := newClient(s, &deaf{asked: strings.NewReader(strings.Repeat("GET b\r\n", 2300))})
	c.run()
	if n := s.served.Load() - before; n != 1 || cap(c.out.buf) != 0 {
		t.Errorf("%d commands answered, %d bytes kept", n, cap(c.out.buf))
	}
}

// A reply holds no copy of a large value, and nothing that could not be sent.
func TestReplyIsBounded(t *testing.T) {
	r := &reply{to: io.Discard, proto: 2}
	for range 10 {
		r.bulk(make([]byte, 8<<20))
		r.text("between")
	}
	if cap(r.buf) > 2*spill {
		t.Errorf("%d bytes kept", cap(r.buf))
	}
	r.err = io.ErrClosedPipe
	for range 1000 {
		r.text(strings.Repeat("x", 1024))
	}
	if cap(r.buf) != 0 {
		t.Errorf("%d bytes kept after an error", cap(r.buf))
	}
}

// piped runs a client whose other end is returned, in the bubble of the test. ended is closed when it is gone.
func piped(t *testing.T, password string) (far net.Conn, ended chan struct{}) {
	t.Helper()
	s := New(Config{Password: password})
	near, far := net.Pipe()
	ended = make(chan struct{})
	s.addConn(near)
	go func() {
		defer close(ended)
		s.serve(near)
	}()
	t.Cleanup(func() {
		far.Close()
		s.Close()
	})
	return far, ended
}

func TestAClientThatDoesNotReadIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, ended := piped(t, "")
		began := time.Now()
		io.WriteString(far, "PING\r\n")
		<-ended
		if took := time.Since(began); took != stall {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestASlowReaderGetsItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, _ := piped(t, "")
		word := strings.Repeat("v", 10*piece)
		go io.WriteString(far, bulks("ECHO", word))
		var got strings.Builder
		for b := make([]byte, piece); got.Len() < len(word); {
			<-time.After(stall - time.Second)
			n, err := far.Read(b)
			if err != nil {
				t.Fatalf("after %d bytes: %v", got.Len(), err)
			}
			got.Write(b[:n])
		}
		if !strings.HasSuffix(got.String(), "vvvv") {
			t.Errorf("got %.20q", got.String())
		}
	})
}

func TestAStrangerHasTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ended := piped(t, "pw")
		began := time.Now()
		<-ended
		if took := time.Since(began); took != strangerTime {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestWhoKnowsThePasswordMayStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, ended := piped(t, "pw")
		io.WriteString(far, "AUTH pw\r\n")
		answer := make([]byte, len(ok))
		if _, err := io.ReadFull(far, answer); err != nil || string(answer) != ok {
			t.Fatal(string(answer), err)
		}
		select {
		case <-ended:
			t.Error("closed")
		case <-time.After(time.Hour):
		}
	})
}

func TestTenWrongPasswords(t *testing.T) {
	_, addr := start(t, Config{Password: "pw"})
	w := dial(t, addr)
	for range maxWrong {
		w.want("auth x", "-"+errPassword+"\r\n")
	}
	if !w.closed() {
		t.Error("the connection is still open")
	}
}

// What an unfinished command takes is bounded, however small its arguments are.
func TestCommandsAreBounded(t *testing.T) {
	for _, c := range []struct {
		what     string
		stranger bool
		sent     string
		refused  bool
	}{
		{"as many letters as may be", false, "*131072\r\n" + strings.Repeat("$1\r\nx\r\n", 131072), false},
		{"one more", false, "*131073\r\n", true},
		{"as many words", false, "*131072\r\n" + strings.Repeat("$500\r\n"+strings.Repeat("x", 500)+"\r\n", 131072), true},
		{"five large values", false, "*5\r\n" + strings.Repeat("$16000000\r\n"+strings.Repeat("x", 16_000_000)+"\r\n", 5), true},
		{"a stranger's password", true, bulks("AUTH", strings.Repeat("x", 16<<10)), false},
		{"a stranger's many", true, "*3\r\n" + strings.Repeat("$16000\r\n"+strings.Repeat("x", 16000)+"\r\n", 3), true},
		{"a stranger's line", true, strings.Repeat("x", 20<<10) + "\r\n", true},
	} {
		r := newReader(strings.NewReader(c.sent))
		r.stranger = c.stranger
		_, err := r.next()
		var bad protocolError
		if errors.As(err, &bad) != c.refused || !c.refused && err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
