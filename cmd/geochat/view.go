package main

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/geolru/geolru"
)

// settle is how long a message is held before it is shown: two that were said one right after the other may come in
// either order, for a cache promises none between keys, and then the earlier one can still go first.
const settle = 50 * time.Millisecond

// view shows messages, each once. One goroutine uses it.
type view struct {
	room  *room
	out   *lines
	shown map[string]struct{} // keys; those that have expired are taken out, so it is as large as the cache
}

// follow shows what was said before, in order, then what is said. events is a watch from before the first of it: what
// comes while the backlog is gathered is in both, and shown once.
func (v *view) follow(ctx context.Context, events iter.Seq[geolru.Event[entry]], met bool) {
	if !met { // else there is nobody to have the backlog from
		v.room.node.Ready(ctx)
	}
	v.show(v.room.backlog())
	v.live(events)
}

// live shows what comes, until events ends.
func (v *view) live(events iter.Seq[geolru.Event[entry]]) {
	var held []message
	var due <-chan time.Time // nil while nothing is held
	for came := channel(events); ; {
		select {
		case e, ok := <-came:
			if !ok {
				v.show(held)
				return
			}
			m, ok := v.take(e)
			if ok && len(held) == 0 {
				due = time.After(settle)
			}
			if ok {
				held = append(held, m)
			}
		case <-due:
			v.show(held)
			held, due = nil, nil
		}
	}
}

// channel gives what a sequence gives, and is closed at its end. It must be read to its end.
func channel[T any](all iter.Seq[T]) <-chan T {
	c := make(chan T)
	go func() {
		defer close(c)
		for e := range all {
			c <- e
		}
	}()
	return c
}

// take tells whether an event is a message, and forgets one that is over.
func (v *view) take(e geolru.Event[entry]) (message, bool) {
	switch e.Kind {
	case geolru.EventPut:
		return message{e.Key, e.Value}, true
	case geolru.EventExpire, geolru.EventDelete:
		delete(v.shown, e.Key)
	}
	return message{}, false
}

// show prints, in the order in which it was said, what was not shown yet.
func (v *view) show(all []message) {
	slices.SortFunc(all, func(a, b message) int { return cmp.Compare(a.key, b.key) })
	for _, m := range all {
		if _, done := v.shown[m.key]; done {
			continue
		}
		v.shown[m.key] = struct{}{}
		v.room.heard(m.key)
		v.out.print(escape(m.Name) + ": " + escape(m.Text))
	}
}
