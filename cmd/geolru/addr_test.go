package main

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestCheckAddr(t *testing.T) {
	for addr, can := range map[string]struct{ listen, dial bool }{
		"/ip4/127.0.0.1/tcp/0":              {true, true},
		"/ip6/::/tcp/4380":                  {true, true},
		"/ip4/0.0.0.0/udp/4380/quic-v1":     {true, true},
		"/ip4/127.0.0.1/tcp/1/":             {true, true},
		"/ip4/192.0.2.1/tcp/1/p2p/x":        {false, true},
		"/dns4/eu.cache.example.com/tcp/43": {false, true},
		"/dnsaddr/example.com":              {false, true},
		"/dnsaddr/example.com/p2p/x":        {false, true},
		"":                                  {}, "notaddr": {}, "127.0.0.1:80": {}, "/": {}, "//": {}, "/ip4": {}, "/ip4/": {},
		"/ip4/127.0.0.1": {}, "/ip4/::1/tcp/1": {}, "/ip6/127.0.0.1/tcp/1": {}, "/ip6/fe80::1%eth0/tcp/1": {},
		"/ip4/127.0.0.1/tcp": {}, "/ip4/127.0.0.1/tcp/x": {}, "/ip4/127.0.0.1/tcp/65536": {}, "/ip4/127.0.0.1/tcp/-1": {},
		"/ip4/127.0.0.1/udp/1": {}, "/ip4/127.0.0.1/tcp/1/ws": {}, "/dns4//tcp/1": {},
		"/dns4/example.com": {}, "/unix/socket": {},
	} {
		if err := checkAddr(addr, false); (err == nil) != can.listen {
			t.Errorf("listen on %q: %v", addr, err)
		}
		if err := checkAddr(addr, true); (err == nil) != can.dial {
			t.Errorf("dial %q: %v", addr, err)
		}
	}
}

// oneConn is a listener with one client.
type oneConn struct {
	net.Listener
	conns chan net.Conn
}

func (l oneConn) Close() error { return nil }
func (l oneConn) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

// A client of the HTTP port that is silent, stops in the middle, or does not read, is closed in time.
func TestWebServerIsPatientForSoLong(t *testing.T) {
	for sent, want := range map[string]time.Duration{
		"":                   5 * time.Second,
		"GET / HTTP/1.1\r\n": 5 * time.Second,
		"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n": 30 * time.Second,
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n":                      30 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := webServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20)) }))
			closed := make(chan struct{})
			s.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateClosed {
					close(closed)
				}
			}
			near, far := net.Pipe()
			conns := make(chan net.Conn, 1)
			conns <- near
			go s.Serve(oneConn{conns: conns})
			began := time.Now()
			far.Write([]byte(sent))
			<-closed
			if took := time.Since(began); took != want {
				t.Errorf("%q: closed after %v, want %v", sent, took, want)
			}
			far.Close()
			close(conns)
			s.Close()
		})
	}
}
