package p2p

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/packetnet"
	"github.com/geolru/geolru/internal/sim"
)

var gossipNodes = flag.Int("nodes", 12, "nodes whose gossip is compared with the simulator's, at least 10")

// What both worlds go through: all are connected, for how that comes about is not gossip; they open a cache one after the
// other, meshes settle, then some publish.
const (
	rumours    = 100
	worlds     = 10 // simulated: one mesh is a little faster than the next
	reals      = 3  // real: now and then the slowest hundredth is a third slower
	connecting = 5 * time.Second
	opening    = 370 * time.Millisecond // between two nodes: the others have heard of it by then
	settling   = 20 * time.Second
	regions    = 3
	between    = 130 * time.Millisecond // two rumours: at all phases of the heartbeat
)

// hearsay is how far rumours have got. Safe for concurrent use.
type hearsay struct {
	mu     sync.Mutex
	sent   map[string]time.Duration // since the world began
	delays []time.Duration          // of every rumour to every node
	copies float64                  // that arrived anywhere
}

func (s *hearsay) say(i int, now time.Duration) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("%0200d", i)
	s.sent[name] = now
	return []byte(name)
}

func (s *hearsay) heard(b []byte, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delays = append(s.delays, now-s.sent[string(b)])
}

// at is the delay that so many of the deliveries do not exceed.
func (s *hearsay) at(part float64) time.Duration {
	slices.Sort(s.delays)
	return s.delays[int(part*float64(len(s.delays)-1))]
}

// TestGossipIsAsSimulated compares gossip as the real stack does it, in virtual time, with that of the simulator: when a
// rumour is where, and how many copies of it travel. The ways are drawn, so that over a third node is often shorter.
func TestGossipIsAsSimulated(t *testing.T) {
	n := *gossipNodes
	rnd := rand.New(rand.NewPCG(7, uint64(n)))
	ways := make([][]time.Duration, n)
	for i := range ways {
		ways[i] = make([]time.Duration, n)
		for j := range i {
			ways[i][j] = time.Duration(5+rnd.IntN(145)) * time.Millisecond
			ways[j][i] = ways[i][j]
		}
	}
	authors := make([]int, rumours)
	for i := range authors {
		authors[i] = rnd.IntN(n)
	}
	way := func(a, b int) time.Duration { return ways[a][b] }
	var is, as hearsay
	for range reals {
		synctest.Test(t, func(t *testing.T) { is.real(t, n, regions, way, authors) })
	}
	is.copies /= reals
	as.sent = map[string]time.Duration{}
	for seed := range uint64(worlds) {
		as.simulated(seed, n, regions, way, authors)
	}
	as.copies /= worlds
	t.Logf("%d nodes   real: p50 %v, p99 %v, %.1f copies   simulated: p50 %v, p99 %v, %.1f copies", n,
		is.at(.5), is.at(.99), is.copies/rumours, as.at(.5), as.at(.99), as.copies/rumours)
	for what, pair := range map[string][2]float64{
		"median delay":  {float64(is.at(.5)), float64(as.at(.5))},
		"delay at 99 %": {float64(is.at(.99)), float64(as.at(.99))},
		"copies":        {is.copies, as.copies},
		"deliveries":    {float64(len(is.delays)) / reals, float64(len(as.delays)) / worlds},
	} {
		if pair[1] < 0.9*pair[0] || pair[1] > 1.1*pair[0] {
			t.Errorf("%s: simulated %.4g, real %.4g", what, pair[1], pair[0])
		}
	}
}

func (s *hearsay) real(t *testing.T, n, regions int, way func(a, b int) time.Duration, authors []int) {
	s.sent = map[string]time.Duration{}
	began, world := time.Now(), packetnet.New(way)
	var hosts []*Host
	for i := range n {
		h, err := New(Config{
			Listen: []string{"/ip4/0.0.0.0/udp/4001/quic-v1"}, Announce: []string{world.Addr(i)}, Bootstrap: []string{world.Addr(0)}, Secret: secret,
			Region:    fmt.Sprint(i % regions),
			ListenUDP: func(string, *net.UDPAddr) (net.PacketConn, error) { return world.Listen(i) },
		})
		if err != nil {
			t.Fatal(err)
		}
		h.Serve(func(_ geo.ID, _ uint8, _ string, b []byte) bool { s.heard(b, time.Since(began)); return true }, func(geo.Peer) {}, func(geo.Drop) {})
		hosts = append(hosts, h)
	}
	time.Sleep(connecting)
	for _, h := range hosts {
		if err := h.Open("c"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(opening)
	}
	time.Sleep(settling)
	for i, a := range authors {
		hosts[a].Publish("c", s.say(i, time.Since(began)))
		time.Sleep(between)
	}
	time.Sleep(2 * time.Second)
	var all sync.WaitGroup
	for _, h := range hosts {
		s.copies += value(h.count.again) + value(h.count.frames.WithLabelValues("gossip", "in"))
		all.Go(func() { h.Close() })
	}
	all.Wait()
	time.Sleep(time.Second)
	world.Close()
}

func (s *hearsay) simulated(seed uint64, n, regions int, way func(a, b int) time.Duration, authors []int) {
	w := sim.New(seed)
	w.Links = sim.Links{Way: way, Gossip: true}
	var nodes []*sim.Node
	for i := range n {
		node := w.Add(fmt.Sprint(i % regions))
		node.Serve(func(_ geo.ID, lane uint8, _ string, b []byte) bool {
			if lane == 0 {
				s.heard(b, w.Now())
			}
			return true
		}, func(geo.Peer) {}, func(geo.Drop) {})
		nodes = append(nodes, node)
	}
	w.Run(connecting)
	for _, node := range nodes {
		node.Open("c")
		w.Run(opening)
	}
	w.Run(settling)
	for i, a := range authors {
		nodes[a].Publish("c", s.say(i, w.Now()))
		w.Run(between)
	}
	w.Run(2 * time.Second)
	s.copies += float64(w.Tally.Copies)
}
