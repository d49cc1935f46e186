package p2p

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// inlets lets one stream at a time in per member and lane, by whichever of the member's connections: the engine is promised
// the frames of one peer and lane in order and one at a time. The newest stream wins, for after a reconnect the old one may
// linger until its connection times out. Use newInlets. Safe for concurrent use.
type inlets struct {
	mu  sync.Mutex
	all map[source]*inlet // those with streams; guarded by mu
}

func newInlets() *inlets { return &inlets{all: map[source]*inlet{}} }

// source is where frames come from that must stay in order.
type source struct {
	peer peer.ID
	lane uint8
}

// inlet is the way in of one source.
type inlet struct {
	turn chan struct{} // holds one while a stream is read

	// guarded by inlets.mu
	newest *inbound
	users  int // streams read or waiting: two at most, apart from the ousted that are about to leave
}

// inbound is a stream that is read or waits for its turn.
type inbound struct {
	network.Stream
	from source
	in   *inlet
	ctx  context.Context // done: the stream is reset, by another goroutine: a stalled connection would hold the caller up
	oust context.CancelFunc
	done func() bool // once read to its end, the stream is not to be reset any more
}

// enter ousts the source's stream before s and waits until its reader has left, which may be busy in the engine. Nil: a
// newer one than s came meanwhile, or ctx is done, and s is reset. Else the caller reads s until it is ousted, and leaves.
func (t *inlets) enter(ctx context.Context, from source, s network.Stream) *inbound {
	b := &inbound{Stream: s, from: from}
	b.ctx, b.oust = context.WithCancel(ctx)
	b.done = context.AfterFunc(b.ctx, func() { s.Reset() })
	if old := t.renew(b); old != nil {
		old.oust()
	}
	select {
	case b.in.turn <- struct{}{}:
		return b
	case <-b.ctx.Done():
		t.forget(b)
		return nil
	}
}

// renew makes b the newest stream of its source and returns the one before, nil if there is none.
func (t *inlets) renew(b *inbound) *inbound {
	t.mu.Lock()
	defer t.mu.Unlock()
	in := t.all[b.from]
	if in == nil {
		in = &inlet{turn: make(chan struct{}, 1)}
		t.all[b.from] = in
	}
	old := in.newest
	b.in, in.newest = in, b
	in.users++
	return old
}

// leave ends b's turn.
func (t *inlets) leave(b *inbound) {
	b.done()
	b.oust()
	<-b.in.turn
	t.forget(b)
}

func (t *inlets) forget(b *inbound) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b.in.newest == b {
		b.in.newest = nil
	}
	if b.in.users--; b.in.users == 0 {
		delete(t.all, b.from)
	}
}

// ousted says that a newer stream has come, or the host closes: then not even what is buffered of this one counts.
func (b *inbound) ousted() bool { return b.ctx.Err() != nil }
