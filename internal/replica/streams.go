package replica

import (
	"slices"
	"time"

	"github.com/geolru/geolru/geo"
)

// What a lying member can do with a large value that nobody else has: keep its readers waiting for as long as 8 MiB take at a
// part every partWait, and have memory held for what it has really sent, maxFrom at the most. Who has a value that another one
// sends slowly is found in partWait and takes over, and slow holders leave room for others.
const (
	// partWait is how long a holder may send nothing of what it was asked for: 64 KiB a second are a way that carries one
	// part at a time.
	partWait = 2 * time.Second

	// leastPace is the bytes a second, of all that a holder sends here in parts, below which it is slow: others are asked
	// beside it, and the first who offers is gone on with. A holder that nobody can replace may be slow.
	leastPace = 256 << 10

	// maxFrom is the bytes of values that come from one holder at once, maxStreams from all, whatever their caches; a single
	// one may always come. More wait for their turn. What comes from one is less than may wait for one peer on a lane
	// (32 MiB), so a holder drops no part.
	maxFrom    = 16 << 20
	maxStreams = 24 << 20
)

// streams is the transfers of an engine. Guarded by engine.mu.
type streams struct {
	awaited map[uint64]*transfer // those that run
	queue   []*transfer          // those that wait for room, in their order
	room    int                  // bytes held by all that have begun
	active  int64                // when a part last came of a holder that is not slow, Unix nanoseconds
	came    map[geo.ID]uint64    // bytes of parts that came from each holder that is connected
}

// note counts a part.
func (s *streams) note(t *transfer, size int) {
	s.came[t.offers[0].from] += uint64(size)
	if !t.poor {
		s.active = t.active
	}
}

// admitStreams runs those that wait, as far as there is room. Who waits for room of its holder lets others pass. mu is held.
func (e *Engine) admitStreams() {
	s := &e.streams
	if len(s.queue) == 0 {
		return
	}
	held := map[geo.ID]int{}
	for _, t := range s.awaited {
		held[t.offers[0].from] += t.room
	}
	for i := 0; i < len(s.queue); {
		t := s.queue[i]
		from, size := t.offers[0].from, int(t.what.Size)
		if others := s.room - t.room; others > 0 && others+size > maxStreams {
			return
		}
		if held[from] > 0 && held[from]+size > maxFrom {
			i++
			continue
		}
		s.queue = slices.Delete(s.queue, i, i+1)
		s.room += size - t.room
		t.room = size
		held[from] += size
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

// watchPace looks at the pace of a transfer's holder after a while. mu is held.
func (e *Engine) watchPace(t *transfer) {
	id := t.id
	t.came = e.streams.came[t.offers[0].from]
	e.clock.After(e.partWait(), func() {
		e.mu.Lock()
		due := e.paced(id)
		e.mu.Unlock()
		runAll(due)
	})
}

// paced has others asked beside a holder whose pace is below the least. mu is held; the caller runs the continuations without
// it.
func (e *Engine) paced(id uint64) (due []func()) {
	t := e.streams.awaited[id]
	if t == nil {
		return nil
	}
	from := t.offers[0].from
	came := e.streams.came[from] - t.came
	t.poor = time.Duration(came)*time.Second < leastPace*e.partWait()
	e.watchPace(t)
	if t.poor {
		return e.slow(from)
	}
	return nil
}

// watchWait has others asked beside a holder of whom a transfer waits for long to have room. mu is held.
func (e *Engine) watchWait(t *transfer) {
	since := t.active
	e.clock.After(e.partWait(), func() {
		e.mu.Lock()
		var due []func()
		if t.state == transferWaits && t.active == since && len(t.asks) > 0 {
			due = e.slow(t.offers[0].from)
		}
		e.mu.Unlock()
		runAll(due)
	})
}

// slow goes on with other holders, or asks for some, where one sends or where it is waited for. mu is held; the caller runs
// the continuations without it.
func (e *Engine) slow(from geo.ID) (due []func()) {
	var asks []*ask // each once, for all that it waits for
	for _, t := range e.streams.of(from) {
		waited := e.clock.Now()-t.active >= int64(e.partWait())
		if t.offers[0].slow || t.state == transferWaits && !waited {
			continue
		}
		if t.offers[0].slow = true; e.hasten(t) {
			continue
		}
		for _, a := range t.asks {
			if !slices.Contains(asks, a) {
				asks = append(asks, a)
			}
		}
	}
	e.admitStreams()
	for _, a := range asks {
		due = append(due, e.askNext(a))
	}
	return due
}

// of is the transfers that run or wait with a holder.
func (s *streams) of(from geo.ID) (all []*transfer) {
	for _, id := range slices.Sorted(keys(s.awaited)) {
		all = append(all, s.awaited[id])
	}
	return slices.DeleteFunc(append(all, s.queue...), func(t *transfer) bool { return t.offers[0].from != from })
}

// hasten goes on with a holder that is not slow; false if none is known. mu is held.
func (e *Engine) hasten(t *transfer) bool {
	if !slices.ContainsFunc(t.offers, func(o offered) bool { return !o.slow }) {
		return false
	}
	delete(e.streams.awaited, t.id)
	e.streams.dequeue(t)
	e.resume(t)
	return true
}

// moved is when something last came for an ask: it began, or a part of what it waits for came, or, while it waits for room,
// any part of a holder that is not slow. mu is held.
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
