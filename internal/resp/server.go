package resp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru"
)

// maxClients is Redis's default for its maxclients.
const maxClients = 10_000

// Config is what a Server serves. Cache and TTL are required.
type Config struct {
	Cache    *geolru.Cache[[]byte]
	TTL      time.Duration // the cache's Options.TTL: the longest life of an entry
	Node     *geolru.Node  // for GEOLRU PEERS and ADDRS; nil: no peers
	Password string        // asked for by AUTH; "" = none
	Log      *slog.Logger  // nil = silent
}

// Server answers Redis clients. It is made by New; its methods are safe for concurrent use.
type Server struct {
	Config
	ctx     context.Context // ends with Close; commands that wait, wait within it
	cancel  context.CancelFunc
	started time.Time
	nextID  atomic.Int64
	served  atomic.Int64 // commands
	clients sync.WaitGroup

	// mu guards what follows.
	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[net.Conn]struct{}
}

// New returns a server without listeners.
func New(c Config) *Server {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		Config:    c,
		started:   time.Now(),
		listeners: map[net.Listener]struct{}{},
		conns:     map[net.Conn]struct{}{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Serve answers the clients of ln until Close, and then returns nil. It closes ln.
func (s *Server) Serve(ln net.Listener) error {
	defer ln.Close()
	if !s.addListener(ln) {
		return nil
	}
	for {
		conn, err := ln.Accept()
		switch {
		case s.ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("resp: accept client: %w", err)
		case err != nil:
			s.rest(err)
		default:
			s.welcome(conn)
		}
	}
}

// rest waits after a failed accept: such as "too many open files" passes when a client leaves.
func (s *Server) rest(err error) {
	s.Log.Warn("accept client", "err", err)
	select {
	case <-s.ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}

// Close closes every listener and connection and waits for the commands under way. The cache stays open.
func (s *Server) Close() error {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	for ln := range s.listeners {
		ln.Close()
	}
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.clients.Wait()
	return nil
}

func (s *Server) addListener(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[ln] = struct{}{}
	return !s.closed
}

// welcome starts the life of a connection, or ends it when there are too many.
func (s *Server) welcome(conn net.Conn) {
	if s.addConn(conn) {
		go s.serve(conn)
		return
	}
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	conn.Write([]byte("-ERR max number of clients reached\r\n"))
	conn.Close()
}

func (s *Server) addConn(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= maxClients {
		return false
	}
	s.conns[conn] = struct{}{}
	s.clients.Add(1)
	return true
}

func (s *Server) serve(conn net.Conn) {
	defer s.clients.Done()
	defer s.dropConn(conn)
	defer func() { // a fault in one command must not end the node
		if p := recover(); p != nil {
			s.Log.Error("command panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	newClient(s, conn).run()
}

func (s *Server) dropConn(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// connected is how many clients there are.
func (s *Server) connected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
