package p2p

import (
	"context"
	"sync"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/network"
)

// followed is an outbound stream of gossipsub's that counts what is written and tells when the other side has closed it.
type followed struct {
	*stream
	t    *tracer
	once sync.Once
	read chan struct{} // closed when the other side has read all and closed
}

// follow wraps a stream before gossipsub gets it.
func (g *gossip) follow(s *stream) network.Stream {
	f := &followed{stream: s, t: g.tracer, read: make(chan struct{})}
	g.streams.Store(f, nil)
	return f
}

// Write is called once per message.
func (f *followed) Write(b []byte) (int, error) {
	n, err := f.stream.Write(b)
	if err == nil {
		f.t.queued(f.Conn().RemotePeer(), -1)
	}
	return n, err
}

// Read is called once, by gossipsub's watch for the stream's end: nothing ever comes.
func (f *followed) Read(b []byte) (int, error) {
	n, err := f.stream.Read(b)
	f.once.Do(func() {
		f.t.g.streams.Delete(f)
		close(f.read)
	})
	return n, err
}

// drain publishes what is queued and returns when all members have read it, or ctx is done.
func (g *gossip) drain(ctx context.Context) {
	g.mu.Lock()
	g.shut = true
	close(g.queue)
	g.mu.Unlock()
	if !g.written(ctx) {
		return
	}
	g.streams.Range(func(key, _ any) bool {
		f := key.(*followed)
		f.CloseWrite()
		select {
		case <-f.read:
		case <-ctx.Done():
		}
		return ctx.Err() == nil
	})
}

// written waits until every batch has gone through gossipsub's own queues onto the streams; false: ctx was done first.
func (g *gossip) written(ctx context.Context) bool {
	select {
	case <-g.published:
	case <-ctx.Done():
		return false
	}
	if g.flush(ctx) != nil {
		return false
	}
	for !g.tracer.idle() {
		select {
		case <-g.tracer.wrote:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// flush waits until gossipsub has given all that was published to its outbound queues: what is published goes through one
// queue, so a message to this node alone comes out behind the rest.
func (g *gossip) flush(ctx context.Context) error {
	t, err := g.ps.Join(topicPrefix+"flush", pubsub.FanoutOnly())
	if err != nil {
		return err
	}
	sub, err := t.Subscribe()
	if err != nil {
		return err
	}
	if err := t.Publish(ctx, nil, pubsub.WithLocalPublication(true)); err != nil {
		return err
	}
	_, err = sub.Next(ctx)
	return err
}
