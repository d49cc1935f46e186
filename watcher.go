package geolru

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
)

// hub gives the changes of a table to those who watch. Needs table; safe for goroutines.
type hub[V any] struct {
	table table[V]

	mu       sync.Mutex // serialises add, remove and close
	closed   bool
	watchers atomic.Pointer[[]*watcher[V]] // replaced, never changed: it is read under the locks of the table
}

func (h *hub[V]) add(prefix string) *watcher[V] {
	w := &watcher[V]{prefix: prefix, pending: map[string]change[V]{}, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(w.ended)
		return w
	}
	all := append(slices.Clone(h.all()), w)
	h.watchers.Store(&all)
	if len(all) == 1 {
		h.table.Observe(h.publish)
	}
	return w
}

func (h *hub[V]) all() []*watcher[V] {
	if all := h.watchers.Load(); all != nil {
		return *all
	}
	return nil
}

// remove ends w, if that has not been done.
func (h *hub[V]) remove(w *watcher[V]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.Index(h.all(), w)
	if i < 0 {
		return
	}
	rest := slices.Delete(slices.Clone(h.all()), i, i+1)
	h.watchers.Store(&rest)
	if len(rest) == 0 {
		h.table.Observe(nil)
	}
	close(w.ended)
}

// close ends all who watch, and those who will.
func (h *hub[V]) close() {
	h.mu.Lock()
	h.closed = true
	all := h.all()
	h.mu.Unlock()
	for _, w := range all {
		h.remove(w)
	}
}

// publish queues a change. It runs under a lock of the table.
func (h *hub[V]) publish(ch change[V]) {
	for _, w := range h.all() {
		if ch.kind == store.ChangeClear || strings.HasPrefix(ch.key, w.prefix) {
			w.push(ch)
		}
	}
}

// watcher is one who watches: the last change of each key that it has not seen. A Clear has the empty key.
type watcher[V any] struct {
	prefix string
	wake   chan struct{} // holds a token if something may have come
	ended  chan struct{}

	mu      sync.Mutex // guards all below; a leaf, taken under the locks of the table
	pending map[string]change[V]
	order   []string // the keys of pending, in the order in which they came
}

// push queues a change. It runs under a lock of the table.
func (w *watcher[V]) push(ch change[V]) {
	w.mu.Lock()
	_, waits := w.pending[ch.key]
	switch {
	case ch.kind == store.ChangeClear:
		w.clear(ch)
	case !waits:
		w.order = append(w.order, ch.key)
	}
	w.pending[ch.key] = ch
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// clear drops what a Clear takes with it, and puts it before the rest. Where a Clear has no version, without a node,
// that is everything. mu is held.
func (w *watcher[V]) clear(by change[V]) {
	order := []string{by.key}
	for _, key := range w.order {
		if by.reg.Version != (crdt.Version{}) && by.reg.Version.Less(w.pending[key].reg.Version) {
			order = append(order, key)
		} else {
			delete(w.pending, key)
		}
	}
	w.order = order
}

// next waits for a change and takes it.
func (w *watcher[V]) next(ctx context.Context) (change[V], bool) {
	for {
		if ch, ok := w.pop(); ok {
			return ch, ctx.Err() == nil
		}
		select {
		case <-w.wake:
		case <-w.ended:
			return change[V]{}, false
		case <-ctx.Done():
			return change[V]{}, false
		}
	}
}

func (w *watcher[V]) pop() (ch change[V], ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.order) == 0 {
		return ch, false
	}
	key := w.order[0]
	ch = w.pending[key]
	delete(w.pending, key)
	if w.order = w.order[1:]; len(w.order) == 0 {
		w.order = nil
	}
	return ch, true
}

// waits tells whether a change of the key waits.
func (w *watcher[V]) waits(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.pending[key]
	return ok
}
