package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var kills = flag.Int("kills", 2, "how often TestKilledDuringASnapshot kills a node that writes one")

// killed is a node with a directory, beside one that lives on, that is killed and started again.
type killed struct {
	t    *testing.T
	dir  string
	peer *process
	node *process
}

func (k *killed) start() {
	k.t.Helper()
	k.node = serveProcess(k.t, "--dir", k.dir, "--bootstrap", k.peer.addrs()[0], "--listen", "")
	wait(k.t, "it has had everything", func() bool {
		a, err := http.Get("http://" + k.node.web + "/readyz")
		if err != nil {
			return false
		}
		a.Body.Close()
		return a.StatusCode == http.StatusOK
	})
}

// size is that of the file in the directory whose name ends so; 0 if there is none.
func (k *killed) size(suffix string) int64 {
	found, _ := filepath.Glob(filepath.Join(k.dir, "*"+suffix))
	for _, name := range found {
		if stat, err := os.Stat(name); err == nil {
			return stat.Size()
		}
	}
	return 0
}

// killWriting has the node write a snapshot and kills it when a part of it is written; false if it was done before.
func (k *killed) killWriting(part float64) (during bool) {
	k.t.Helper()
	least := max(int64(part*float64(k.size(".snapshot"))), 1)
	k.node.cmd.Process.Signal(syscall.SIGTERM)
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for {
		select {
		case err := <-k.node.ended:
			k.node.ended <- err
			return false
		case <-tick.C:
			if k.size(".tmp") >= least {
				k.node.kill()
				return k.size(".tmp") > 0
			}
		}
	}
}

// A node that is killed while it writes a snapshot starts again from the one before, and what was deleted since does not
// come back, neither there nor on its peer.
func TestKilledDuringASnapshot(t *testing.T) {
	k := &killed{t: t, dir: t.TempDir(), peer: serveProcess(t)}
	there := k.peer.redis()
	k.start()
	here := k.node.redis()
	filler := strings.Repeat("x", 2000)
	for i := range 10_000 {
		k.node.must(here, "SET", fmt.Sprint("filler", i), filler)
	}
	k.node.must(here, "SET", "victim0", "v")
	k.node.end() // a whole snapshot, to be killed over
	rnd := rand.New(rand.NewPCG(1, 2))
	during := 0
	for i := 1; during < *kills; i++ {
		k.start()
		here = k.node.redis()
		for j := range i {
			for name, ask := range map[string]func() any{
				"it":       func() any { return k.node.must(here, "GET", fmt.Sprint("victim", j)) },
				"its peer": func() any { return k.peer.must(there, "GET", fmt.Sprint("victim", j)) },
			} {
				if deleted := j < i-1; (ask() == nil) != deleted {
					t.Fatalf("after %d starts victim%d, deleted: %v, is %v at %s", i-1, j, deleted, ask(), name)
				}
			}
		}
		k.node.must(here, "SET", fmt.Sprint("victim", i), "v")
		k.node.must(here, "DEL", fmt.Sprint("victim", i-1))
		k.node.must(here, "WAIT", "1", "5000")
		if i%3 == 0 { // so that the snapshots grow old, and grow new
			k.node.end()
		} else if k.killWriting(rnd.Float64()) {
			during++
		}
	}
	bad, err := filepath.Glob(filepath.Join(k.dir, "*.bad"))
	if err != nil || len(bad) > 0 {
		t.Fatalf("set aside: %q, %v", bad, err)
	}
	k.start()
	t.Logf("killed %d times while a snapshot was written", during)
}

// figure is a metric of a process, 0 if it is not there.
func (p *process) figure(name string) float64 {
	p.t.Helper()
	a, err := http.Get("http://" + p.web + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(b)
	if m == nil {
		return 0
	}
	f, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

const (
	filled = `geolru_bootstrap_ratio{cache="default"}`
	synced = `geolru_p2p_frame_bytes_total{direction="out",lane="sync"}`
)

// fill has a node filled through a slow way from a peer, until so much is there, and tells what the peer has sent for that.
func fill(t *testing.T, peer *process, way string, part float64, args ...string) (n *process, sent func() float64) {
	t.Helper()
	before := peer.figure(synced)
	n = serveProcess(t, append(args, "--capacity", "300000", "--bootstrap", way, "--listen", "")...)
	wait(t, fmt.Sprintf("%.0f %% is there", 100*part), func() bool { return n.figure(filled) >= part })
	return n, func() float64 { return peer.figure(synced) - before }
}

// A node that is killed at half of its bootstrap and started again is sent hardly anything twice.
func TestKilledDuringABootstrap(t *testing.T) {
	const entries, page = 100_000, 1000
	peer := serveProcess(t, "--capacity", "300000")
	there := peer.redis()
	value := strings.Repeat("x", 100)
	for i := 0; i < entries; i += page {
		words := []string{"MSET"}
		for k := range page {
			words = append(words, fmt.Sprintf("key-%08d", i+k), value)
		}
		peer.must(there, words...)
	}
	s, err := newStrait(strings.Split(peer.addrs()[0], "/")[2] + ":" + strings.Split(peer.addrs()[0], "/")[4])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	way := multiaddr(s.ln.Addr())
	n, sent := fill(t, peer, way, 1)
	all := sent()
	n.kill()

	s.set(weather{rate: 20 << 20})
	dir := t.TempDir()
	n, sent = fill(t, peer, way, 0.5, "--dir", dir)
	n.kill()
	wait(t, "the peer knows", func() bool { return peer.connected(there) == 0 })
	first := sent()
	s.set(weather{})
	n, again := fill(t, peer, way, 1, "--dir", dir)
	here := n.redis()
	if got := n.must(here, "DBSIZE"); got != int64(entries) {
		t.Errorf("%v of %d are there", got, entries)
	}
	second := again()
	twice := (first+second)/all - 1
	t.Logf("%.1f MB at once; %.1f MB until the kill, %.1f MB after it: %.1f %% twice", all/1e6, first/1e6, second/1e6, 100*twice)
	if first < 0.4*all || first > 0.8*all {
		t.Errorf("killed when %.0f %% was sent", 100*first/all)
	}
	if twice > 0.10 {
		t.Errorf("%.1f %% was sent twice", 100*twice)
	}
}
