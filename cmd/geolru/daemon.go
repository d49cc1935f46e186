package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/geolru/geolru"
	"github.com/geolru/geolru/internal/resp"
)

// daemon is a node with one cache, and the ports through which it is used. It is made by startDaemon.
type daemon struct {
	settings
	node   *geolru.Node
	store  *geolru.Cache[[]byte]
	failed chan error     // from a port that stopped serving
	ends   []func() error // undo the start, last first
}

// startDaemon opens the ports, joins, and serves. The ports come first: that one is taken is the likeliest failure.
func startDaemon(ctx context.Context, s settings) (*daemon, error) {
	d := &daemon{settings: s, failed: make(chan error, 2)}
	if err := d.start(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *daemon) start(ctx context.Context) error {
	redisPort, err := d.listen("resp", d.resp)
	if err != nil {
		return err
	}
	webPort, err := d.listen("http", d.http)
	if err != nil {
		return err
	}
	if d.node, err = geolru.Join(ctx, d.mesh); err != nil {
		return err
	}
	d.atEnd(d.node.Close)
	options := d.cache
	options.Node = d.node
	if d.store, err = geolru.Open(options); err != nil {
		return err
	}
	d.serveRedis(redisPort)
	d.serveWeb(ctx, webPort)
	return nil
}

// listen opens a port; none for an empty address.
func (d *daemon) listen(name, addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve --%s: %w", name, err)
	}
	d.atEnd(func() error { ln.Close(); return nil })
	d.mesh.Log.Info("port open", "port", name, "addr", ln.Addr().String())
	return ln, nil
}

func (d *daemon) serveRedis(ln net.Listener) {
	if ln == nil {
		return
	}
	s := resp.New(resp.Config{Cache: d.store, TTL: d.cache.TTL, Node: d.node, Password: d.password, Log: d.mesh.Log})
	d.atEnd(s.Close)
	go func() { d.failed <- s.Serve(ln) }()
}

func (d *daemon) serveWeb(ctx context.Context, ln net.Listener) {
	if ln == nil {
		return
	}
	s := webServer(newWeb(ctx, d.node, d.http, d.password))
	d.atEnd(func() error { return finish(s) })
	go func() {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			d.failed <- err
		}
	}()
}

// webServer has a bound for all that a client can be slow at. The answers are a page of text.
func webServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
	}
}

// finish lets answers under way leave for half a second.
func finish(s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		return s.Close()
	}
	return nil
}

func (d *daemon) atEnd(f func() error) { d.ends = append(d.ends, f) }

// wait returns when ctx ends, or with the failure of a port.
func (d *daemon) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		d.mesh.Log.Info("leaving")
		return nil
	case err := <-d.failed:
		return err
	}
}

// close ends the ports before the node: nobody can write what would not be sent any more.
func (d *daemon) close() error {
	var all []error
	for _, end := range slices.Backward(d.ends) {
		all = append(all, end())
	}
	return errors.Join(all...)
}
