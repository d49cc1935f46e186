package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is geolru, built once for all tests that need a real process.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "geolru-test")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "geolru")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build geolru: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// wait waits for what must become true.
func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := until(t.Context(), what, holds); err != nil {
		t.Fatal(err)
	}
}

// log collects what a process writes. Safe for concurrent use.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// find returns what the group of a pattern matched, "" if nothing yet.
func (l *log) find(pattern string) string {
	m := regexp.MustCompile(pattern).FindStringSubmatch(l.String())
	if m == nil {
		return ""
	}
	return m[len(m)-1]
}

// process is a running geolru serve.
type process struct {
	t         *testing.T
	cmd       *exec.Cmd
	out, errs log
	ended     chan error
	resp, web string // addresses
}

// serveProcess starts a node on free ports and waits until it says that it is ready.
func serveProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, ended: make(chan error, 1)}
	p.cmd = exec.Command(binary, append([]string{"serve", "--resp", "127.0.0.1:0", "--http", "127.0.0.1:0"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	p.cmd.Env = append(os.Environ(), "GEOLRU_SECRET=")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("%v\n%s", args, &p.errs)
		}
	})
	wait(t, fmt.Sprintf("%v is ready", args), func() bool { return strings.HasSuffix(p.out.String(), "ready\n") })
	p.resp = p.errs.find(`port=resp addr=(\S+)`)
	p.web = p.errs.find(`port=http addr=(\S+)`)
	return p
}

// addrs are the multiaddrs that it printed.
func (p *process) addrs() []string {
	lines := strings.Fields(p.out.String())
	return lines[:len(lines)-1]
}

// end sends SIGTERM, and fails if it does not exit with 0 in time.
func (p *process) end() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(5 * time.Second):
		p.t.Error("did not exit within 5 s of SIGTERM")
	}
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// redis connects to it.
func (p *process) redis() *redis {
	p.t.Helper()
	r, err := dialRedis(p.t.Context(), p.resp, "")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { r.Close() })
	return r
}

// must asks and expects an answer.
func (p *process) must(r *redis, words ...string) any {
	p.t.Helper()
	a, err := r.do(words...)
	if err != nil {
		p.t.Fatalf("%v: %v", words, err)
	}
	return a
}

// connected is how many peers it is connected to.
func (p *process) connected(r *redis) int {
	n := 0
	for _, peer := range list(p.must(r, "GEOLRU", "PEERS")) {
		if fields(peer)["connected"] == int64(1) {
			n++
		}
	}
	return n
}

// contents is everything that a node holds.
func (p *process) contents(r *redis) map[string]string {
	p.t.Helper()
	all := map[string]string{}
	keys := list(p.must(r, "KEYS", "*"))
	for len(keys) > 0 {
		page := keys[:min(len(keys), 1000)]
		keys = keys[len(page):]
		words := []string{"MGET"}
		for _, k := range page {
			words = append(words, text(k))
		}
		for i, v := range list(p.must(r, words...)) {
			all[text(page[i])] = text(v)
		}
	}
	return all
}

// runBinary runs a command to its end.
func runBinary(t *testing.T, in string, args ...string) (out, errs string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &o, &e
	cmd.Env = append(os.Environ(), "GEOLRU_SECRET=")
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// file makes a file with a secret or a password.
func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// unreachable is a multiaddr that nobody listens on.
func unreachable(t *testing.T) string {
	t.Helper()
	a, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return multiaddr(a.(*net.TCPAddr))
}
