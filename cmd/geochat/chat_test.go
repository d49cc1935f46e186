package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/geolru/geolru"
)

// binary is geochat, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "geochat-test")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "geochat")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build geochat: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// patience bounds a wait for what takes milliseconds when all is well.
const patience = 20 * time.Second

// talker is a participant, driven by a script.
type talker struct {
	t     *testing.T
	in    io.WriteCloser
	ended chan error

	mu  sync.Mutex
	out bytes.Buffer
}

func (k *talker) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.out.Write(p)
}

func (k *talker) said() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.out.String()
}

func join(t *testing.T, args ...string) *talker {
	t.Helper()
	k := &talker{t: t, ended: make(chan error, 1)}
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = k, os.Stderr
	cmd.Env = append(os.Environ(), "GEOLRU_SECRET=")
	var err error
	if k.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { k.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		if t.Failed() {
			t.Logf("%v\n%s", args, k.said())
		}
	})
	return k
}

func (k *talker) enter(lines ...string) {
	k.t.Helper()
	if _, err := io.WriteString(k.in, strings.Join(lines, "\n")+"\n"); err != nil {
		k.t.Fatal(err)
	}
}

// wait waits for what must become true.
func (k *talker) wait(what string, holds func() bool) {
	k.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !holds(); {
		select {
		case <-deadline:
			k.t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// shows waits until the output has a line that matches, and returns the line.
func (k *talker) shows(pattern string) (line string) {
	k.t.Helper()
	whole := regexp.MustCompile("(?m)^" + pattern + "$")
	k.wait(fmt.Sprintf("a line %q", pattern), func() bool {
		line = whole.FindString(k.said())
		return line != ""
	})
	return line
}

// roster asks who is there, and returns the answer.
func (k *talker) roster() string {
	k.t.Helper()
	answers := func() []string { return regexp.MustCompile(`(?m)^\* here: .*$`).FindAllString(k.said(), -1) }
	before := len(answers())
	k.enter("/who")
	k.wait("a roster", func() bool { return len(answers()) > before })
	return answers()[before]
}

// messages are the lines that are messages.
func (k *talker) messages() []string {
	var all []string
	for line := range strings.Lines(k.said()) {
		if !strings.HasPrefix(line, "* ") && !strings.HasPrefix(line, "/") {
			all = append(all, line)
		}
	}
	return all
}

// leaves waits for an orderly end.
func (k *talker) leaves() {
	k.t.Helper()
	k.in.Close()
	select {
	case err := <-k.ended:
		if err != nil {
			k.t.Error(err)
		}
	case <-time.After(patience):
		k.t.Error("does not leave")
	}
}

const port = "/ip4/127.0.0.1/tcp/0"

func TestConversation(t *testing.T) {
	ann := join(t, "--name", "ann", "--listen", port, "--region", "eu")
	addr := ann.shows(`/ip4/127\.0\.0\.1/tcp/\d+/p2p/\S+`)
	bob := join(t, "--name", "bob", "--listen", port, "--bootstrap", addr)
	ann.enter("hello bob")
	bob.shows("ann: hello bob")
	bob.enter("hello ann")
	ann.shows("bob: hello ann")
	bob.enter("\x1b[2J \"quoted\" ✓")
	ann.shows(`bob: \\x1b\[2J "quoted" ✓`)
	ann.enter("goodbye bob", "  ", "/who", "/nonsense")
	ann.shows(`\* here: ann, bob`)
	ann.shows(`\* /nonsense is not known.*`)
	bob.shows("ann: goodbye bob")
	bob.enter("/peers")
	bob.shows(`\* 12D3KooW\S+ eu rtt \S+`)

	// One who comes late sees what was said, in order, and then takes part.
	cy := join(t, "--name", "cy", "--bootstrap", addr)
	cy.shows("ann: goodbye bob")
	cy.enter("I am late")
	for _, k := range []*talker{ann, bob, cy} {
		k.shows("cy: I am late")
	}
	want := []string{"ann: hello bob\n", "bob: hello ann\n", "bob: \\x1b[2J \"quoted\" ✓\n", "ann: goodbye bob\n", "cy: I am late\n"}
	for _, k := range []*talker{ann, bob, cy} {
		if got := k.messages(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}

	cy.enter("/quit")
	cy.leaves()
	bob.wait("cy to be off the roster", func() bool { return bob.roster() == "* here: ann, bob" })
	bob.leaves()
	ann.leaves()
}

// What is said right before the input ends is not lost, though nobody has been met yet when it is said.
func TestLastWordsAreHeard(t *testing.T) {
	ann := join(t, "--name", "ann", "--listen", port)
	addr := ann.shows(`/ip4/127\.0\.0\.1/tcp/\d+/p2p/\S+`)
	bob := join(t, "--name", "bob", "--bootstrap", addr)
	bob.enter("hello and goodbye")
	bob.leaves()
	ann.shows("bob: hello and goodbye")
	ann.leaves()
}

func TestRoomsAreApart(t *testing.T) {
	ann := join(t, "--name", "ann", "--listen", port, "--room", "a/b")
	addr := ann.shows(`/ip4/127\.0\.0\.1/tcp/\d+/p2p/\S+`)
	bob := join(t, "--name", "bob", "--bootstrap", addr, "--room", "a")
	cy := join(t, "--name", "cy", "--bootstrap", addr, "--room", "a/b")
	bob.enter("is anybody there")
	bob.shows("bob: is anybody there")
	cy.enter("in our room")
	ann.shows("cy: in our room")
	if got := ann.messages(); len(got) != 1 {
		t.Errorf("got %q", got)
	}
	for _, k := range []*talker{cy, bob, ann} {
		k.leaves()
	}
}

func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		line, errs string
		code       int
	}{
		{"", "a name is needed", 2},
		{"--name a:b", `--name "a:b"`, 2},
		{"--name \x1b[2J", `--name "\x1b[2J"`, 2},
		{"--name " + strings.Repeat("x", 33), "at most 32", 2},
		{"--name ann extra", `"extra"`, 2},
		{"--name ann --room " + strings.Repeat("r", 501), "--room", 2},
		{"--foo", "-foo", 2},
		{"--name ann --secret-file /nonexistent", "/nonexistent", 2},
		{"--name ann --listen nonsense", "nonsense", 1},
	} {
		var errs bytes.Buffer
		code := run(t.Context(), append([]string{"geochat"}, strings.Fields(c.line)...), strings.NewReader(""), io.Discard, &errs)
		if code != c.code || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("%q: exit %d, %q", c.line, code, &errs)
		}
	}
}

func TestEscape(t *testing.T) {
	for s, want := range map[string]string{
		"plain: \"text\" \\ ✓ 鍵": "plain: \"text\" \\ ✓ 鍵", "a\tb\r\n": `a\tb\r\n`, "\x1b[31m": `\x1b[31m`, "\u202e": `\u202e`,
		"\xff\x00": `\xff\x00`, "\u009b": `\u009b`, "": "", "\ufffd": "\ufffd",
	} {
		if got := escape(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

// What comes together is shown in the order in which it was said, once, and what was shown is forgotten when it is over.
func TestView(t *testing.T) {
	put := func(key, name string) geolru.Event[entry] {
		return geolru.Event[entry]{Kind: geolru.EventPut, Key: "said/" + key, Value: entry{Name: name, Text: "text"}}
	}
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		v := &view{room: &room{said: "said/"}, out: &lines{w: &out}, shown: map[string]struct{}{}}
		v.show([]message{{"said/1", entry{Name: "first", Text: "text"}}})
		v.live(func(yield func(geolru.Event[entry]) bool) {
			for _, e := range []geolru.Event[entry]{put("3", "ann"), put("2", "bob"), put("1", "first"), put("2", "bob")} {
				yield(e)
			}
			<-time.After(2 * settle)
			yield(put("0", "late"))
			yield(geolru.Event[entry]{Kind: geolru.EventExpire, Key: "said/2"})
		})
		if want := "first: text\nbob: text\nann: text\nlate: text\n"; out.String() != want {
			t.Errorf("got %q, want %q", &out, want)
		}
		if len(v.shown) != 3 {
			t.Errorf("remembers %v", v.shown)
		}
	})
}

// A message is later than every one that was said or heard before, whatever the clock says.
func TestTick(t *testing.T) {
	r := &room{said: "lobby/said/"}
	if got := r.tick(100); got != 100 {
		t.Errorf("got %d", got)
	}
	r.heard("lobby/said/00000000000000000500/12D3")
	r.heard("lobby/said/nonsense")
	if got := r.tick(200); got != 501 {
		t.Errorf("behind what was heard: got %d", got)
	}
	if got := r.tick(200); got != 502 {
		t.Errorf("twice: got %d", got)
	}
}
