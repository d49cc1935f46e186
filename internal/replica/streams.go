package replica

import (
	"slices"
	"time"
)

// What a lying member can do with a large value: keep its readers waiting for as long as 8 MiB take at a part every partWait,
// and have memory held for what it has really sent, maxStreams at the most.
const (
	// partWait is how long a holder may send nothing of what it was asked for: 64 KiB a second are a way that carries one
	// part at a time.
	partWait = 2 * time.Second

	// maxStreams is the bytes of values that come at once, whatever their caches and holders; a single one may always come.
	// More wait for their turn. It is less than may wait for one peer on a lane (32 MiB), so a holder drops no part.
	maxStreams = 16 << 20
)

// streams is the transfers of an engine. Guarded by engine.mu.
type streams struct {
	awaited map[uint64]*transfer // those that run
	queue   []*transfer          // those that wait for room, in their order
	room    int                  // bytes held by all that have begun
	active  int64                // when a part last came, Unix nanoseconds
}

// admitStreams runs those that wait, as far as there is room. mu is held.
func (e *Engine) admitStreams() {
	s := &e.streams
	for len(s.queue) > 0 {
		t := s.queue[0]
		size := int(t.what.Size)
		if others := s.room - t.room; others > 0 && others+size > maxStreams {
			return
		}
		s.queue = s.queue[1:]
		s.room += size - t.room
		t.room = size
		e.run(t)
	}
}

// beginNext runs who waits for the room that has become free.
func (e *Engine) beginNext() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.admitStreams()
}

// enqueue has a transfer wait; one that has begun, before all others.
func (s *streams) enqueue(t *transfer) {
	if t.room > 0 {
		s.queue = slices.Insert(s.queue, 0, t)
	} else {
		s.queue = append(s.queue, t)
	}
}

func (s *streams) dequeue(t *transfer) {
	s.queue = slices.DeleteFunc(s.queue, func(o *transfer) bool { return o == t })
}

// release gives the room of a transfer back.
func (s *streams) release(t *transfer) {
	s.room -= t.room
	t.room = 0
}

// partWait is partWait, or less where asks have hardly more time than that.
func (e *Engine) partWait() time.Duration { return min(partWait, e.timeout/2) }

// watch looks after a while whether parts of a holder come. mu is held.
func (e *Engine) watch(id uint64, after time.Duration) {
	e.clock.After(after, func() {
		e.mu.Lock()
		due := e.stalls(id)
		e.mu.Unlock()
		runAll(due)
	})
}

// stalls goes on with another holder if this one has sent nothing for too long. mu is held; the caller runs the
// continuations without it.
func (e *Engine) stalls(id uint64) (due []func()) {
	t := e.streams.awaited[id]
	if t == nil {
		return nil
	}
	now := e.clock.Now()
	if rest := e.partWait() - nanos(now-t.active); rest > 0 {
		e.watch(id, rest)
		return nil
	}
	e.rank.Fail(t.offers[0].from, now)
	return e.goOn(t)
}

// moved is when something last came for an ask: it began, or a part of what it waits for came, or, while it waits for room,
// any part. mu is held.
func (e *Engine) moved(a *ask) int64 {
	at := a.started
	for _, t := range a.joined {
		at = max(at, t.active)
		if t.state == transferWaits {
			at = max(at, e.streams.active)
		}
	}
	return at
}
