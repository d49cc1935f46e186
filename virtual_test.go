package geolru

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/geolru/geolru/internal/packetnet"
	"github.com/geolru/geolru/p2p"
)

var virtualNodes = flag.Int("nodes", 5, "nodes of the real stack in virtual time, at least 4")

// realm is a mesh of real nodes, with all that libp2p brings, in virtual time: only the sockets are simulated. Made
// within a bubble of synctest, by newRealm.
type realm struct {
	*ledger
	t     *testing.T
	net   *packetnet.Net
	clock *clock
	dirs  []string
	nodes []*Node
	cache []*Cache[string]
	rnd   *rand.Rand
}

// ways are one-way delays: three regions, node i in region i mod 3.
var ways = [3][3]time.Duration{
	{time.Millisecond, 45 * time.Millisecond, 90 * time.Millisecond},
	{45 * time.Millisecond, 2 * time.Millisecond, 120 * time.Millisecond},
	{90 * time.Millisecond, 120 * time.Millisecond, 3 * time.Millisecond},
}

func newRealm(t *testing.T, n int) *realm {
	w := &realm{
		ledger: newLedger(t, n), t: t, rnd: rand.New(rand.NewPCG(1, 2)),
		net:   packetnet.New(func(a, b int) time.Duration { return ways[a%3][b%3] }),
		clock: &clock{exact: func() int64 { return time.Now().UnixMilli() }},
		nodes: make([]*Node, n), cache: make([]*Cache[string], n),
	}
	t.Cleanup(func() {
		for i := range n {
			w.leave(i)
		}
		time.Sleep(time.Second) // what is under way arrives nowhere
		w.net.Close()
	})
	for i := range n {
		w.dirs = append(w.dirs, t.TempDir())
		w.enter(i)
	}
	return w
}

// enter starts node i, where it left off if it was there before.
func (w *realm) enter(i int) {
	w.t.Helper()
	m := Mesh{
		Listen: []string{"/ip4/0.0.0.0/udp/4001/quic-v1"}, Announce: []string{w.net.Addr(i)}, Bootstrap: []string{w.net.Addr(0), w.net.Addr(1)},
		Region: fmt.Sprint("r", i%3), Secret: "a secret of more than sixteen characters", Dir: w.dirs[i],
	}
	var err error
	w.nodes[i], err = join(w.t.Context(), m, func(c p2p.Config) (*p2p.Host, error) {
		c.ListenUDP = func(string, *net.UDPAddr) (net.PacketConn, error) { return w.net.Listen(i) }
		return p2p.New(c)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if w.cache[i], err = open(Options[string]{Node: w.nodes[i], TTL: time.Hour}, w.clock); err != nil {
		w.t.Fatal(err)
	}
}

func (w *realm) leave(i int) {
	if err := w.nodes[i].Close(); err != nil {
		w.t.Error(err)
	}
}

// use does for so long what applications do, on every node in turn: what each sees is judged at once.
func (w *realm) use(d time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Duration(w.rnd.IntN(40)) * time.Millisecond) {
		w.step(w.rnd.IntN(len(w.nodes)))
	}
}

func (w *realm) step(i int) {
	w.t.Helper()
	c, key := w.cache[i], fmt.Sprint("key", w.rnd.IntN(500))
	switch w.rnd.IntN(8) {
	case 0, 1, 2:
		w.put(i, c, key, time.Hour)
	case 3:
		w.put(i, c, key, time.Duration(1+w.rnd.IntN(60))*time.Second)
	case 4:
		w.remove(i, c, key)
	case 5:
		if _, err := c.Get(w.t.Context(), key); err != nil && !errors.Is(err, ErrNotFound) {
			w.t.Errorf("Get on node %d: %v", i, err)
		}
		w.look(i, c, key)
	default:
		w.look(i, c, key)
	}
}

// within waits until cond holds, and fails the test if it does not within so long of virtual time.
func (w *realm) within(d time.Duration, what string, cond func() bool) {
	w.t.Helper()
	for end := time.Now().Add(d); !cond(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not within %v: %s", d, what)
		}
	}
}

func (w *realm) whole() bool {
	return !slices.ContainsFunc(w.nodes, func(n *Node) bool { return up(n) != len(w.nodes)-1 })
}

func up(n *Node) (up int) {
	for _, p := range n.Peers() {
		if p.Connected {
			up++
		}
	}
	return up
}

// TestVirtualTime has the real stack live through some minutes: nodes of three regions meet, write, are cut in two and go on,
// one restarts meanwhile, and they heal. Every read is judged; at the end each node has the winner of every key and nothing else.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := *virtualNodes
		w := newRealm(t, n)
		w.within(5*time.Second, "all are connected", w.whole)
		w.use(20 * time.Second)
		w.within(5*time.Second, "all have what was written", func() bool { return w.settled(w.cache) })

		w.net.Cut(0, n-1) // each side has one whom the others know how to find
		w.use(40 * time.Second)
		if w.settled(w.cache) {
			t.Fatal("the cut cuts nothing")
		}
		w.leave(n - 1)
		w.enter(n - 1)
		w.use(20 * time.Second)
		w.net.Cut()
		w.use(10 * time.Second)
		w.within(90*time.Second, "all are connected again", w.whole) // those who dialled in vain wait for a minute
		w.within(10*time.Second, "all have the winner of every key", func() bool { return w.settled(w.cache) })
		t.Logf("%d nodes: %d writes and %d reads in %v", n, w.writes, w.reads, time.Since(w.began))
	})
}
