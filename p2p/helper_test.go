package p2p

import (
	"bytes"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// brisk are timings for tests: nothing waits longer than a test should.
func brisk() timings {
	t := usual
	t.exchange, t.retry, t.retryMax, t.mend, t.linger = 200*time.Millisecond, 20*time.Millisecond, 200*time.Millisecond, 50*time.Millisecond, 0
	return t
}

const patience = 20 * time.Second

// until polls a condition and fails the test if it does not come true.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(patience)
	defer end.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// got is one frame as handed over.
type got struct {
	from  geo.ID
	lane  uint8
	cache string
	data  string
}

// node is a host and what it was handed.
type node struct {
	*Host
	log *logBuffer

	mu     sync.Mutex
	frames []got
	peers  []geo.Peer
	drops  []geo.Drop
	refuse bool // frames are malformed
	hold   chan struct{}
	inside map[way]int // frames being handled
	crowd  bool        // two frames of one peer and lane were, at once
}

// way is what frames are to come by one at a time.
type way struct {
	from geo.ID
	lane uint8
}

func (n *node) frame(from geo.ID, lane uint8, cache string, b []byte) bool {
	if hold := n.begin(way{from, lane}); hold != nil {
		<-hold
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inside[way{from, lane}]--
	n.frames = append(n.frames, got{from, lane, cache, string(b)})
	return !n.refuse
}

func (n *node) begin(w way) chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inside[w]++
	n.crowd = n.crowd || w.lane != 0 && n.inside[w] > 1
	return n.hold
}

// stop makes the handler of frames wait until the channel is closed.
func (n *node) stop() chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hold = make(chan struct{})
	return n.hold
}

// atWork says how many frames that came so are being handled.
func (n *node) atWork(w way) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.inside[w]
}

func (n *node) crowded() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.crowd
}

func (n *node) event(p geo.Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.peers = append(n.peers, p)
}

func (n *node) lost(d geo.Drop) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drops = append(n.drops, d)
}

func (n *node) dropped() []geo.Drop {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.drops)
}

func (n *node) has(g got) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range n.frames {
		if f == g {
			return true
		}
	}
	return false
}

func (n *node) received() []got {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]got(nil), n.frames...)
}

func (n *node) events() []geo.Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]geo.Peer(nil), n.peers...)
}

// knows says whether n is connected to every one of the others.
func (n *node) knows(others ...*node) bool {
	up := map[geo.ID]bool{}
	for _, p := range n.Peers() {
		up[p.ID] = p.Connected
	}
	for _, o := range others {
		if !up[o.Self()] {
			return false
		}
	}
	return true
}

// logBuffer collects log lines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBuffer) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.b.Bytes(), []byte(s))
}

var (
	overTCP  = []string{"/ip4/127.0.0.1/tcp/0"}
	overQUIC = []string{"/ip4/127.0.0.1/udp/0/quic-v1"}
)

const secret = "a secret of more than sixteen characters"

// quietNode makes a node that does not serve yet.
func quietNode(t testing.TB, c Config, times timings) *node {
	t.Helper()
	n := &node{log: &logBuffer{}, inside: map[way]int{}}
	c.Log = slog.New(slog.NewTextHandler(n.log, nil))
	h, err := newHost(c, times)
	if err != nil {
		t.Fatal(err)
	}
	n.Host = h
	t.Cleanup(func() { h.Close() })
	return n
}

func start(t testing.TB, c Config) *node {
	t.Helper()
	n := quietNode(t, c, brisk())
	n.Serve(n.frame, n.event, n.lost)
	return n
}

// pair returns two nodes that have admitted each other; the second dialled.
func pair(t testing.TB, listen []string) (a, b *node) {
	t.Helper()
	a = start(t, Config{Listen: listen, Secret: secret, Region: "eu"})
	b = start(t, Config{Listen: listen, Secret: secret, Region: "us", Bootstrap: a.Addrs()})
	meet(t, a, b)
	return a, b
}

// meet waits until all are connected to each other.
func meet(t testing.TB, all ...*node) {
	t.Helper()
	for i, n := range all {
		until(t, "all are connected", func() bool { return n.knows(all[:i]...) && n.knows(all[i+1:]...) })
	}
}

// value reads a counter.
func value(c prometheus.Counter) float64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		panic(err)
	}
	return m.GetCounter().GetValue()
}
