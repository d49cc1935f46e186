package main

import (
	"context"
	"fmt"
	"time"

	"github.com/geolru/geolru"
)

// showHealing heals the cut and waits until all regions hold the same.
func showHealing(ctx context.Context, w *world, o *outcome) error {
	lost, err := w.written(ctx, w.near[0])
	if err != nil {
		return err
	}
	healed := time.Now()
	w.heal()
	if err := until(ctx, "all regions hold the same", w.converged); err != nil {
		return err
	}
	took := time.Since(healed)
	o.figure("converged", took)
	o.say("after %s all three hold all %d keys of both sides", ms(took), 2*cutWrites)
	if took > healWithin {
		return fmt.Errorf("that is more than %v", healWithin)
	}
	won, err := w.written(ctx, w.near[0])
	if err != nil {
		return err
	}
	return o.winner(w, won, lost)
}

// converged: the later write everywhere, the deleted key nowhere, and the keys of both sides everywhere.
func (w *world) converged() bool {
	if !w.everywhere(contested, w.far.region) || !w.nowhere(condemned) {
		return false
	}
	for i := range cutWrites {
		if !w.everywhere(nearKey(i), w.near[0].region) || !w.everywhere(farKey(i), w.far.region) {
			return false
		}
	}
	return true
}

// written is what a region knows of the contested key: who wrote it, and when.
func (w *world) written(ctx context.Context, p *place) (geolru.Holding, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all, err := p.cache.Explain(ctx, contested)
	if err != nil {
		return geolru.Holding{}, err
	}
	for _, h := range all {
		if h.Node == p.node.ID() {
			return h, h.Err
		}
	}
	return geolru.Holding{}, fmt.Errorf("%s does not explain what it holds itself", p.region)
}

// winner says which write of the contested key won, and why.
func (o *outcome) winner(w *world, won, lost geolru.Holding) error {
	region := w.regionOf(won.Writer)
	o.say("%q = %q won everywhere: %s wrote it at %s, %s after %s did", contested, region, region,
		won.Written.Format("15:04:05.000"), won.Written.Sub(lost.Written), w.regionOf(lost.Writer))
	if won.Writer != w.far.node.ID() || !won.Written.After(lost.Written) {
		return fmt.Errorf("the winner is not the later write, of %s", w.far.region)
	}
	return nil
}

// staysAway is how long a deleted key is looked for. A sync runs every 5 s with a near peer, give or take a fifth.
const staysAway = 6 * time.Second

// showDeleted looks for the key that one side deleted while the other held it.
func showDeleted(ctx context.Context, w *world, o *outcome) error {
	began := time.Now()
	for time.Since(began) < staysAway {
		if !w.nowhere(condemned) {
			return fmt.Errorf("%q came back after %v", condemned, time.Since(began).Round(time.Millisecond))
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	o.say("%q, deleted in %s while %s held it, was nowhere for %v", condemned, w.near[0].region, w.far.region, staysAway)
	return nil
}
