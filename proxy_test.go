package geolru

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is a way of TCP to a node that can be cut, and throttled. Its node announces it as its only address, so that
// peers know no other way.
type proxy struct {
	ln    net.Listener
	to    atomic.Pointer[string] // where the node listens; nil = nowhere
	bytes atomic.Int64           // that went through, both ways
	rate  atomic.Int64           // bytes a second, each way of each connection; 0 = as they come

	mu    sync.Mutex
	down  bool
	conns map[net.Conn]struct{}
}

func newProxy(t testing.TB) *proxy {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln, conns: map[net.Conn]struct{}{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.carry(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		p.cut()
		all.Wait()
	})
	return p
}

// addr is the multiaddr of the proxy.
func (p *proxy) addr() string { return multiaddr(p.ln.Addr()) }

func multiaddr(a net.Addr) string {
	host, port, _ := net.SplitHostPort(a.String())
	return "/ip4/" + host + "/tcp/" + port
}

// behind is a node that is reached through the proxy alone.
func (p *proxy) behind(t testing.TB, m Mesh) *Node {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := free.Addr().String()
	m.Listen, m.Announce = []string{multiaddr(free.Addr())}, []string{p.addr()}
	free.Close()
	p.to.Store(&to)
	return joined(t, m)
}

func (p *proxy) carry(c net.Conn) {
	defer c.Close()
	to := p.to.Load()
	if to == nil {
		return
	}
	d, err := net.Dial("tcp", *to)
	if err != nil {
		return
	}
	defer d.Close()
	if !p.enter(c, d) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(c, d) })
	both.Go(func() { p.copy(d, c) })
	both.Wait()
	p.leave(c, d)
}

func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		if rate := p.rate.Load(); rate > 0 {
			time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
		}
		p.bytes.Add(int64(n))
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (p *proxy) enter(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		p.conns[c] = struct{}{}
	}
	return !p.down
}

func (p *proxy) leave(cs ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		delete(p.conns, c)
	}
}

// cut ends all connections, and lets none through.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}
