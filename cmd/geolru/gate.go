package main

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// gate is a TCP proxy in front of a node of the demo, the address that the node announces: so whoever dials the node
// comes through here, and can be cut off. A connection that came after mark is from the far side; a cut ends those and
// refuses new ones until it is healed. It must be made by newGate; its methods are safe for concurrent use.
type gate struct {
	ln     net.Listener
	target string // host:port of the node
	pumps  sync.WaitGroup

	// mu guards what follows.
	mu      sync.Mutex
	marked  bool
	cutOff  bool
	open    map[net.Conn]bool // both ends of each connection, and whether it is from the far side
	refused int               // connections since the gate was made
}

// newGate proxies to a port that the node is yet to listen on.
func newGate(target string) (*gate, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{ln: ln, target: target, open: map[net.Conn]bool{}}
	g.pumps.Go(g.accept)
	return g, nil
}

// mark says that who comes from now on is from the far side.
func (g *gate) mark() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.marked = true
}

// cut ends the connections of the far side, tells how many, and lets no new ones in.
func (g *gate) cut() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cutOff = true
	ends := 0
	for conn, far := range g.open {
		if far {
			conn.Close()
			ends++
		}
	}
	return ends / 2
}

func (g *gate) heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cutOff = false
}

// turnedAway is how many connections a cut has refused.
func (g *gate) turnedAway() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

// Close ends everything and waits for it.
func (g *gate) Close() {
	g.ln.Close()
	g.mu.Lock()
	for conn := range g.open {
		conn.Close()
	}
	g.mu.Unlock()
	g.pumps.Wait()
}

func (g *gate) accept() {
	for {
		conn, err := g.ln.Accept()
		if err != nil {
			return
		}
		g.pumps.Go(func() { g.carry(conn) })
	}
}

// carry joins a connection with one to the node, until either ends.
func (g *gate) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer to.Close()
	if !g.admit(from, to) {
		return
	}
	defer g.forget(from, to)
	var half sync.WaitGroup
	half.Go(func() { pump(to, from) })
	half.Go(func() { pump(from, to) })
	half.Wait()
}

// pump copies until the source ends, and ends the other way too.
func pump(to, from net.Conn) {
	io.Copy(to, from)
	to.Close()
	from.Close()
}

func (g *gate) admit(from, to net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.marked && g.cutOff {
		g.refused++
		return false
	}
	g.open[from], g.open[to] = g.marked, g.marked
	return true
}

func (g *gate) forget(from, to net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, from)
	delete(g.open, to)
}

// multiaddr is a host:port as libp2p writes it.
func multiaddr(addr net.Addr) string {
	tcp := addr.(*net.TCPAddr)
	return fmt.Sprintf("/ip4/%s/tcp/%d", tcp.IP, tcp.Port)
}

// freePort is an address that nobody listens on at this moment.
func freePort() (net.Addr, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	return ln.Addr(), nil
}
