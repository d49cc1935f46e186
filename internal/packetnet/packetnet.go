// Package packetnet is a network of UDP in memory, for tests that run the real stack in virtual time: within a bubble of
// testing/synctest an hour of it takes as long as the machine needs to compute it, and nothing leaves the process.
//
// The life of a packet: a node writes it to the socket that Listen gave it; a cut drops it there, without a word, as the
// real one would; else it waits for its turn on the node's link, for the delay of the way, and is read by the other node.
package packetnet

import (
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/marcopolo/simnet"
)

const (
	port = 4001
	// What a link carries is more than any test sends: delays are those of the ways.
	bitsPerSecond = 10_000_000_000
)

// Net is a network of nodes, which are numbers from 0 to 65,535. Make one with New; its zero value does not work. Its
// methods are safe for concurrent use, but for Listen, which is to be called for one node at a time.
type Net struct {
	sim simnet.Simnet

	mu    sync.Mutex
	group map[int]int // nodes of different groups do not hear each other; guarded by mu
}

// New returns a network. delay tells how long a packet takes one way; it is called by one goroutine.
func New(delay func(from, to int) time.Duration) *Net {
	n := &Net{group: map[int]int{}}
	n.sim.Logger = slog.New(slog.DiscardHandler)
	n.sim.LatencyFunc = func(p *simnet.Packet) time.Duration { return delay(number(p.From), number(p.To)) }
	n.sim.Start()
	return n
}

// Close ends all traffic. The sockets are to be closed before.
func (n *Net) Close() { n.sim.Close() }

// Addr is where a node is dialled, as a multiaddr without an ID.
func (n *Net) Addr(node int) string { return fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", ip(node), port) }

// Listen opens the socket of a node, whatever the address. A later one of the same node takes the place of the earlier.
func (n *Net) Listen(node int) (net.PacketConn, error) {
	link := simnet.LinkSettings{BitsPerSecond: bitsPerSecond}
	conn := n.sim.NewEndpoint(addr(node), simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link})
	conn.SetLocalAddr(&net.UDPAddr{IP: net.IPv4zero, Port: port}) // on every interface, so that all ways lead out of it
	return &socket{conn, n, node}, nil
}

// Cut divides the network: the nodes given hear each other only, and so do the others. It takes the place of an earlier
// cut; with no nodes it heals. Packets under way arrive.
func (n *Net) Cut(nodes ...int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.group)
	for _, node := range nodes {
		n.group[node] = 1
	}
}

func (n *Net) parted(a, b int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.group[a] != n.group[b]
}

// socket drops what would cross a cut.
type socket struct {
	*simnet.SimConn
	net  *Net
	node int
}

func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	there := number(to)
	if s.net.parted(s.node, there) {
		return len(b), nil
	}
	return s.SimConn.WriteTo(b, addr(there)) // in one form: simnet tells an IPv4 of 4 bytes from one of 16
}

func addr(node int) *net.UDPAddr { return &net.UDPAddr{IP: ip(node), Port: port} }

// ip is a public address: strangers without a secret are not admitted from there.
func ip(node int) net.IP { return net.IPv4(1, 0, byte(node>>8), byte(node)).To4() }

func number(a net.Addr) int {
	b := a.(*net.UDPAddr).IP.To4()
	return int(b[2])<<8 | int(b[3])
}
