package links

import (
	"context"
	"fmt"
	"time"

	"github.com/geolru/geolru"
)

const (
	loopback = "/ip4/127.0.0.1/tcp/0"
	room     = 8_000_000 // entries: nothing is evicted while it is measured
	cacheTTL = time.Hour
	meetIn   = 20 * time.Second
)

// replica is a node with one cache.
type replica struct {
	alone
	node  *geolru.Node
	cache *geolru.Cache[[]byte]
	ctx   context.Context // until Close
	end   context.CancelFunc
}

func openReplica(bootstrap ...string) (*replica, error) {
	ctx, cancel := context.WithCancel(context.Background())
	n, err := geolru.Join(ctx, geolru.Mesh{Listen: []string{loopback}, Bootstrap: bootstrap})
	if err != nil {
		cancel()
		return nil, err
	}
	c, err := geolru.Open(geolru.Options[[]byte]{Node: n, Capacity: room, TTL: cacheTTL})
	if err != nil {
		cancel()
		n.Close()
		return nil, err
	}
	return &replica{node: n, cache: c, ctx: ctx, end: cancel}, nil
}

// Close leaves the mesh.
func (r *replica) Close() error {
	r.end()
	return r.node.Close()
}

// Addr is where the node is dialled.
func (r *replica) Addr() string { return r.node.Addrs()[0] }

// Watch follows the cache's own changes.
func (r *replica) Watch(visible func(string)) error {
	changes := r.cache.Watch(r.ctx, "")
	go func() {
		for e := range changes {
			visible(e.Key)
		}
	}()
	return nil
}

// Count is the entries of the cache.
func (r *replica) Count() (int, error) { return r.cache.Len(), nil }

func readGeolru(string) (Reader, error) { return openReplica() }

// geolruWriter is a node that has met the reader.
type geolruWriter struct{ *replica }

// Write is a Set: it never waits.
func (w geolruWriter) Write(key string, value []byte) error { return w.cache.Set(key, value) }

// Flush has nothing to do: nobody asks a cache to send.
func (w geolruWriter) Flush() error { return nil }

// writeGeolru joins, and writes until a write is acknowledged: then gossip flows.
func writeGeolru(_, addr string) (Writer, error) {
	r, err := openReplica(addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.ctx, meetIn)
	defer cancel()
	if err := r.meet(ctx); err != nil {
		r.Close()
		return nil, fmt.Errorf("meet the reader: %w", err)
	}
	return geolruWriter{r}, nil
}

func (r *replica) meet(ctx context.Context) error {
	if err := r.node.Ready(ctx); err != nil {
		return err
	}
	if err := r.cache.Set("meeting", nil); err != nil {
		return err
	}
	if _, err := r.cache.Sync(ctx, 1); err != nil {
		return err
	}
	r.cache.Delete("meeting")
	_, err := r.cache.Sync(ctx, 1)
	return err
}
