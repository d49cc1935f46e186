package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What a person types against a running node, and what the node's ports refuse.
func TestAskARunningNode(t *testing.T) {
	t.Parallel()
	password := file(t, "pw\n")
	p := serveProcess(t, "--listen", loopbackPort, "--region", "eu", "--ttl", "1h", "--password-file", password)
	for _, c := range []struct {
		line, in, out, errs string
		code                int
	}{
		{line: "set a 1"},
		{line: "get a", out: "^1\n$"},
		{line: "set --ttl 90s b 2"},
		{line: "ttl b", out: `^1m(29|30)[.0-9]*s\n$`},
		{line: "set c -", in: "from\nstdin"},
		{line: "get c", out: "^from\nstdin\n$"},
		{line: "set help 1"},
		{line: "get help", out: "^1\n$"},
		{line: "set -- -x -y"},
		{line: "get -- -x", out: "^-y\n$"},
		{line: "keys", out: `^(?m:^(-x|a|b|c|help)\n){5}$`},
		{line: "keys [ab]", out: `^[ab]\n[ab]\n$`},
		{line: "del a b nope", out: "^2\n$"},
		{line: "get a", errs: `"a": not found`, code: 1},
		{line: "ttl a", errs: `"a": not found`, code: 1},
		{line: "set --ttl 2h a 1", errs: "nothing longer than 1h0m0s", code: 1},
		{line: "peers", out: "^ID +REGION"},
		{line: "explain c", out: `(?s)^NODE.*12D3KooW.* eu +value +20`},
		{line: "stats", out: `(?s)hits +\d+.*entries +3\n`},
		{line: "get", errs: "get: wants KEY", code: 2},
		{line: "get a b", errs: `unexpected argument "b"`, code: 2},
		{line: "get --foo", errs: "not defined: -foo", code: 2},
	} {
		words := strings.Fields(c.line)
		args := append([]string{words[0], "--addr", p.resp, "--password-file", password}, words[1:]...)
		out, errs, code := runBinary(t, c.in, args...)
		if !regexp.MustCompile(c.out).MatchString(out) || !strings.Contains(errs, c.errs) || code != c.code ||
			(c.out == "") != (out == "") || (c.errs == "") != (errs == "") {
			t.Errorf("%s: exit %d, wrote %q and %q", c.line, code, out, errs)
		}
	}
	if _, errs, code := runBinary(t, "", "get", "--addr", p.resp, "a"); code != 1 || !strings.Contains(errs, "NOAUTH") {
		t.Errorf("without password: exit %d, %q", code, errs)
	}
	if _, errs, code := runBinary(t, "", "get", "--addr", p.resp, "--password-file", file(t, "no"), "a"); code != 1 || !strings.Contains(errs, "WRONGPASS") {
		t.Errorf("wrong password: exit %d, %q", code, errs)
	}
	p.checkWeb()
	p.end()
	if _, errs, code := runBinary(t, "", "get", "--addr", p.resp, "a"); code != 1 || !strings.Contains(errs, "no node answers at "+p.resp) {
		t.Errorf("no node: exit %d, %q", code, errs)
	}
}

// checkWeb asks the HTTP port of a node that has the password pw.
func (p *process) checkWeb() {
	p.t.Helper()
	known := func(r *http.Request) { r.SetBasicAuth("", "pw") }
	for _, c := range []struct {
		path   string
		change func(*http.Request)
		code   int
		body   string
	}{
		{"/healthz", known, 200, "alive"},
		{"/readyz", known, 200, "ready"},
		{"/metrics", known, 200, `geolru_entries{cache="default"} 3`},
		{"/metrics", known, 200, `geolru_outbox{cache="default"} `},
		{"/nothing", known, 404, ""},
		{"/metrics", nil, 401, "password"},
		{"/metrics", func(r *http.Request) { r.SetBasicAuth("", "no") }, 401, "password"},
		{"/metrics", func(r *http.Request) { known(r); r.Host = "evil.example" }, 421, "Host"},
		{"/metrics", func(r *http.Request) { known(r); r.Host = "localhost:80" }, 200, ""},
		{"/metrics", func(r *http.Request) { known(r); r.Host = "[::1]" }, 200, ""},
	} {
		if code, body := p.fetch(c.path, c.change); code != c.code || !strings.Contains(body, c.body) {
			p.t.Errorf("%s: %d %.80q, want %d %q", c.path, code, body, c.code, c.body)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		line, errs string
		code       int
	}{
		{"foo", `unknown command "foo"`, 2},
		{"serve --foo", "not defined: -foo", 2},
		{"serve extra", `unexpected argument "extra"`, 2},
		{"serve --capacity 0", "--capacity 0", 2},
		{"serve --capacity x", `"x"`, 2},
		{"serve --ttl 0s", "--ttl 0s", 2},
		{"serve --ttl -5s", "--ttl -5s", 2},
		{"serve --ttl 1441h", "--ttl 1441h0m0s: want 1ms to 1440h", 2},
		{"serve --ttl 99999h", "--ttl 99999h0m0s", 2},
		{"serve --ttl 1us", "--ttl 1µs", 2},
		{"serve --ttl soon", `"soon"`, 2},
		{"serve --resp 0.0.0.0:0", "--resp 0.0.0.0:0: not a loopback address", 2},
		{"serve --resp :0", "--resp :0: not a loopback address", 2},
		{"serve --http [::]:0", "--http [::]:0: not a loopback address", 2},
		{"serve --http nonsense", "nonsense", 2},
		{"serve --secret-file /nonexistent", "/nonexistent", 2},
		{"serve --password-file " + os.DevNull, "is empty", 2},
		{"serve --secret-file " + file(t, "short"), "16", 1},
		{"serve --announce notaddr", `--announce "notaddr": want a multiaddr`, 2},
		{"serve --listen notaddr", `--listen "notaddr": want a multiaddr`, 2},
		{"serve --listen /dns4/localhost/tcp/0", `--listen "/dns4/localhost/tcp/0"`, 2},
		{"serve --bootstrap 127.0.0.1:80", `--bootstrap "127.0.0.1:80": want a multiaddr`, 2},
		{"serve --bootstrap /ip4/127.0.0.1/tcp/1/p2p/nonsense", "nonsense", 1},
		{"serve --dir " + file(t, "a file, not a directory"), "secret", 1},
		{"serve --resp " + taken.Addr().String(), "serve --resp: listen tcp " + taken.Addr().String(), 1},
		{"secret extra", `unexpected argument "extra"`, 2},
		{"demo extra", `unexpected argument "extra"`, 2},
		{"set a", "set: wants KEY VALUE", 2},
		{"get --addr nonsense a", "nonsense", 1},
	} {
		args := strings.Fields(c.line)
		if args[0] == "serve" && !strings.Contains(c.line, "--http") {
			args = append(args, "--http", "")
		}
		if args[0] == "serve" && !strings.Contains(c.line, "--resp") {
			args = append(args, "--resp", "")
		}
		out, errs, code := runBinary(t, "", args...)
		if strings.Contains(errs, "geolru: geolru:") || c.code == 2 && strings.Contains(errs, "port open") {
			t.Errorf("%s: wrote %q", c.line, errs)
		}
		if code != c.code || !strings.Contains(errs, c.errs) || out != "" {
			t.Errorf("%s: exit %d, wrote %q and %q; want %d, %q", c.line, code, out, errs, c.code, c.errs)
		}
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	one, _, code := runBinary(t, "", "secret")
	two, _, _ := runBinary(t, "", "secret")
	if code != 0 || one == two || !regexp.MustCompile(`^[-_A-Za-z0-9]{43}\n$`).MatchString(one) {
		t.Errorf("exit %d, %q and %q", code, one, two)
	}
}

func TestHelpIsNoError(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "--help", "serve --help", "help"} {
		if out, errs, code := runBinary(t, "", strings.Fields(line)...); code != 0 || errs != "" || !strings.Contains(out, "USAGE") {
			t.Errorf("%q: exit %d, %q, %q", line, code, out, errs)
		}
	}
	if out, _, code := runBinary(t, "", "--version"); code != 0 || !strings.HasPrefix(out, "geolru version ") {
		t.Errorf("--version: exit %d, %q", code, out)
	}
}

// The program of the README is one that compiles, against this very module, and does what it says.
func TestReadmeProgram(t *testing.T) {
	t.Parallel()
	program := regexp.MustCompile("(?s)```go\n(.*?)```").FindStringSubmatch(read(t, "../..", "README.md"))
	if program == nil {
		t.Fatal("README.md has no Go program")
	}
	name := buildElsewhere(t, []byte(program[1]))
	first := startProgram(t, name)
	addr := first.out.find(`^Ada <nil> (/ip4/127\.0\.0\.1/tcp/\S+)`)
	if addr == "" {
		t.Fatalf("the first copy prints %q", &first.out)
	}
	wait(t, "a second copy shows the entry of the first", func() bool {
		second := startProgram(t, name, addr)
		defer second.interrupt()
		return strings.HasPrefix(second.out.String(), "Ada <nil> ")
	})
	first.interrupt()
}

// startProgram starts a program, and waits for its first line.
func startProgram(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { p.cmd.Process.Kill() })
	wait(t, "the program prints a line", func() bool { return strings.Contains(p.out.String(), "\n") })
	return p
}

// interrupt is Ctrl-C.
func (p *process) interrupt() {
	p.t.Helper()
	p.cmd.Process.Signal(os.Interrupt)
	if err := <-p.ended; err != nil {
		p.t.Errorf("after Ctrl-C: %v, %s", err, &p.errs)
	}
}

// buildElsewhere builds a program in a module of its own that uses this one.
func buildElsewhere(t *testing.T, program []byte) (name string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(read(t, root, "go.mod"), "module github.com/geolru/geolru", "module example.com/program", 1) +
		"\nrequire github.com/geolru/geolru v0.0.0\nreplace github.com/geolru/geolru => " + root + "\n"
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": own, "go.sum": read(t, root, "go.sum"), "main.go": string(program)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	name = filepath.Join(dir, "program")
	cmd := exec.Command("go", "build", "-mod=mod", "-o", name, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return name
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
