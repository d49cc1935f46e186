package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
)

const loopbackPort = "/ip4/127.0.0.1/tcp/0"

// The life of a small mesh of real processes: they find each other by one address, have each other's writes, one is
// killed and comes back to what the others know, and all leave in good order.
func TestThreeProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := serveProcess(t, "--region", "eu", "--listen", loopbackPort)
	others := []string{"--listen", loopbackPort, "--bootstrap", a.addrs()[0]}
	b := serveProcess(t, append(others, "--region", "us")...)
	c := serveProcess(t, append(others, "--region", "ap", "--dir", dir)...)
	ra, rb, rc := a.redis(), b.redis(), c.redis()
	wait(t, "all list each other", func() bool {
		return a.connected(ra) == 2 && b.connected(rb) == 2 && c.connected(rc) == 2
	})

	const n = 10_000
	want := map[string]string{}
	for i := range n {
		want[fmt.Sprint("key", i)] = fmt.Sprint("value", i)
	}
	pipeline(t, ra, want)
	for _, p := range []*process{b, c} {
		wait(t, "the others have 10,000 keys", func() bool { return p.must(p.redis(), "DBSIZE") == int64(n) })
		if !maps.Equal(p.contents(p.redis()), want) {
			t.Error("a peer has other values than were written")
		}
	}

	c.kill()
	changed := map[string]string{"new": "1", "key1": "changed"}
	pipeline(t, rb, changed)
	maps.Copy(want, changed)
	a.must(ra, "DEL", "key2")
	delete(want, "key2")
	c = serveProcess(t, append(others, "--region", "ap", "--dir", dir)...)
	rc = c.redis()
	wait(t, "the one that was killed has what the others have", func() bool {
		return c.must(rc, "DBSIZE") == int64(len(want)) && maps.Equal(c.contents(rc), want)
	})
	for _, p := range []*process{a, b} {
		if !maps.Equal(p.contents(p.redis()), want) {
			t.Error("one that was not killed has something else")
		}
	}
	for _, p := range []*process{c, b, a} {
		p.end()
	}
}

// pipeline sends all before it reads the first answer.
func pipeline(t *testing.T, r *redis, all map[string]string) {
	t.Helper()
	var b bytes.Buffer
	for k, v := range all {
		fmt.Fprintf(&b, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(k), k, len(v), v)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := r.conn.Write(b.Bytes())
		sent <- err
	}()
	for range all {
		if a, err := r.answer(0); a != "OK" || err != nil {
			t.Fatalf("pipelined SET: %v, %v", a, err)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

func TestUnreachableBootstrap(t *testing.T) {
	t.Parallel()
	p := serveProcess(t, "--listen", loopbackPort, "--bootstrap", unreachable(t))
	r := p.redis()
	p.must(r, "SET", "a", "1")
	if got := p.must(r, "GET", "a"); got != "1" {
		t.Errorf("GET: %v", got)
	}
	if code, _ := p.fetch("/readyz", nil); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz at first: %d", code)
	}
	wait(t, "it is ready though there is no peer", func() bool {
		code, _ := p.fetch("/readyz", nil)
		return code == http.StatusOK
	})
	p.end()
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	ours := file(t, "the secret of this mesh")
	a := serveProcess(t, "--listen", loopbackPort, "--secret-file", ours)
	for reason, args := range map[string][]string{
		"wrong secret":    {"--secret-file", file(t, "the secret of another mesh")},
		"another cluster": {"--secret-file", ours, "--cluster", "other"},
	} {
		b := serveProcess(t, append(args, "--bootstrap", a.addrs()[0])...)
		for _, p := range []*process{a, b} {
			wait(t, "the log tells of "+reason, func() bool { return p.errs.find(`not admitted.*(`+reason+`)`) != "" })
		}
		if n := a.connected(a.redis()); n != 0 {
			t.Errorf("%s: connected to %d peers", reason, n)
		}
		b.end()
	}
}

// fetch gets a path of the HTTP port; change may change the request.
func (p *process) fetch(path string, change func(*http.Request)) (code int, body string) {
	p.t.Helper()
	q, err := http.NewRequest("GET", "http://"+p.web+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if change != nil {
		change(q)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return r.StatusCode, string(b)
}
