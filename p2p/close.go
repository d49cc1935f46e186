package p2p

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// tasks are the goroutines of a host. Its zero value works. Safe for concurrent use.
type tasks struct {
	mu   sync.Mutex
	over bool // no new ones; guarded by mu
	wg   sync.WaitGroup
}

// background runs f on a goroutine that Close waits for; not at all once the host ends.
func (h *Host) background(f func()) {
	t := &h.tasks
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	t.wg.Add(1)
	go func() {
		defer t.wg.Done()
		f()
	}()
}

func (t *tasks) end() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.wg.Wait()
}

// disconnect closes every connection to a peer, in the background: the caller may be one of their streams.
func (h *Host) disconnect(id peer.ID) {
	h.background(func() { h.net.Network().ClosePeer(id) })
}

// Close sends what waits, for at most 2 s, and leaves. When it returns no goroutine of the host is left and no function
// given to Serve will be called again. Further calls return what the first returned.
func (h *Host) Close() error {
	h.close.Do(func() { h.closing = h.shutdown() })
	return h.closing
}

func (h *Host) shutdown() error {
	if h.lan != nil {
		h.lan.close()
	}
	h.drain()
	h.handing.Lock()
	h.closed = true
	h.handing.Unlock()
	h.cancel()
	h.gossip.cancel()
	err := h.net.Close()
	h.tasks.end()
	return err
}

// drain sends what waits in gossip and on all links.
func (h *Host) drain() {
	ctx, cancel := context.WithTimeout(h.ctx, h.cfg.times.drain)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { h.gossip.drain(ctx) })
	for _, l := range h.roster.all() {
		all.Go(func() { l.drain() })
		context.AfterFunc(ctx, l.cut)
	}
	all.Wait()
}

// all returns the links that there are now.
func (r *roster) all() []*link {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []*link
	for _, l := range r.links {
		out = append(out, l)
	}
	return out
}
