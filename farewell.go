package geolru

import "sync"

// farewell tells Options.OnEvict of the values that left. It may be called under no lock, for it may call the cache;
// so what leaves while a lock is held waits, until whoever holds it lets go. A nil farewell tells nobody.
// Safe for goroutines.
type farewell[V any] struct {
	tell func(key string, value V, cause Cause)

	mu    sync.Mutex // guards all below
	held  int
	queue []goner[V]
}

// goner is a value that left.
type goner[V any] struct {
	key   string
	value V
	cause Cause
}

// say tells of a value that left, now or at the next release.
func (w *farewell[V]) say(g goner[V]) {
	w.mu.Lock()
	if w.held > 0 {
		w.queue = append(w.queue, g)
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	w.tell(g.key, g.value, g.cause)
}

// hold lets everything wait that is said from now on.
func (w *farewell[V]) hold() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held++
}

// release undoes a hold and tells what waits, also what waits for the hold of another: it is under no lock here.
func (w *farewell[V]) release() {
	if w == nil {
		return
	}
	w.mu.Lock()
	queue := w.queue
	w.queue = nil
	w.held--
	w.mu.Unlock()
	for _, g := range queue {
		w.tell(g.key, g.value, g.cause)
	}
}
