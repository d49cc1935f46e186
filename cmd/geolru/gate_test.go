package main

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"
)

// echoServer sends back what it gets, until the test ends.
func echoServer(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); io.Copy(conn, conn) }()
		}
	}()
	return ln.Addr().String()
}

// echoes tells whether a line comes back.
func echoes(t *testing.T, conn net.Conn) bool {
	t.Helper()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && line == "hello\n"
}

func TestGate(t *testing.T) {
	g, err := newGate(echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", g.ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	near := dial()
	if !echoes(t, near) {
		t.Fatal("a connection does not pass")
	}
	g.mark()
	far := dial()
	if !echoes(t, far) {
		t.Fatal("a connection of the far side does not pass")
	}
	if n := g.cut(); n != 1 {
		t.Errorf("the cut ended %d connections", n)
	}
	if echoes(t, far) || !echoes(t, near) {
		t.Error("the cut ended the wrong connection")
	}
	if echoes(t, dial()) || g.turnedAway() != 1 {
		t.Error("a new connection passes the cut")
	}
	g.heal()
	if !echoes(t, dial()) {
		t.Error("no connection passes after the healing")
	}
}
