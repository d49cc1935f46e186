package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The keys of the cut, and how long and how often both sides write during it.
const (
	contested  = "contested" // written on both sides
	condemned  = "condemned" // deleted on one side, held by the other
	cutLasts   = 3 * time.Second
	cutEvery   = 50 * time.Millisecond
	cutWrites  = int(cutLasts / cutEvery)
	oldValue   = "from before the cut"
	healWithin = 10 * time.Second
)

func nearKey(i int) string { return fmt.Sprintf("near/%d", i) }
func farKey(i int) string  { return fmt.Sprintf("far/%d", i) }

// showCut leaves the world cut, with different contents on the two sides.
func showCut(ctx context.Context, w *world, o *outcome) error {
	if err := prepare(ctx, w); err != nil {
		return err
	}
	n := w.cut()
	if err := until(ctx, "the far region is connected to nobody", w.split); err != nil {
		return err
	}
	o.say("%s is cut off: %d connections ended, no new one gets through", w.far.region, n)
	if n == 0 {
		return errors.New("there was no connection to cut")
	}
	for i := range cutWrites {
		if err := errors.Join(
			w.near[0].cache.Set(nearKey(i), w.near[0].region), w.far.cache.Set(farKey(i), w.far.region), pause(ctx, cutEvery),
		); err != nil {
			return err
		}
	}
	if err := contest(ctx, w); err != nil {
		return err
	}
	o.say("both sides wrote %d keys of their own, and the key %q on both; %s deleted %q", cutWrites, contested, w.near[0].region, condemned)
	return bothServe(ctx, w, o)
}

// prepare gives all regions the same start.
func prepare(ctx context.Context, w *world) error {
	for _, key := range []string{contested, condemned} {
		if err := w.near[0].cache.Set(key, oldValue); err != nil {
			return err
		}
	}
	return until(ctx, "all regions hold the keys", func() bool {
		return w.everywhere(contested, oldValue) && w.everywhere(condemned, oldValue)
	})
}

// contest writes one key on both sides, the far one later, and deletes one in the near part.
func contest(ctx context.Context, w *world) error {
	near := w.near[0].cache
	if err := errors.Join(near.Set(contested, w.near[0].region), near.Delete(condemned)); err != nil {
		return err
	}
	if err := pause(ctx, 20*time.Millisecond); err != nil {
		return err
	}
	return w.far.cache.Set(contested, w.far.region)
}

// bothServe: each side goes on with what it knows, and nothing has passed.
func bothServe(ctx context.Context, w *world, o *outcome) error {
	last := cutWrites - 1
	err := until(ctx, "the near regions serve what was written in one of them", func() bool {
		return w.near[1].holds(contested, w.near[0].region) && w.near[1].holds(nearKey(last), w.near[0].region) &&
			w.near[1].lacks(condemned)
	})
	switch {
	case err != nil:
		return err
	case !w.far.holds(contested, w.far.region) || !w.far.holds(farKey(last), w.far.region) || !w.far.holds(condemned, oldValue):
		return fmt.Errorf("%s does not serve what it had and wrote", w.far.region)
	case !w.far.lacks(nearKey(last)) || !w.near[1].lacks(farKey(last)):
		return errors.New("something passed the cut")
	case !w.split():
		return errors.New("a connection passed the cut")
	}
	o.say("%s and %s serve %q = %q, %s serves %q and still has %q", w.near[0].region, w.near[1].region, contested,
		w.near[0].region, w.far.region, w.far.region, condemned)
	o.say("%d attempts to connect were turned away meanwhile", w.turnedAway())
	return nil
}

// holds tells whether a read here, of what is here, gives this value.
func (p *place) holds(key, value string) bool {
	v, ok := p.cache.GetIfPresent(key)
	return ok && v == value
}

func (p *place) lacks(key string) bool {
	_, ok := p.cache.GetIfPresent(key)
	return !ok
}

func (w *world) everywhere(key, value string) bool {
	for _, p := range w.all() {
		if !p.holds(key, value) {
			return false
		}
	}
	return true
}

func (w *world) nowhere(key string) bool {
	for _, p := range w.all() {
		if !p.lacks(key) {
			return false
		}
	}
	return true
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
