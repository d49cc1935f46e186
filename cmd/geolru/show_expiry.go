package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	brief        = "brief"
	briefLife    = 1500 * time.Millisecond
	readFrom     = 10 * time.Millisecond // before the deadline
	servedAtMost = time.Millisecond      // after it
)

// last is what a region saw of an entry's end. Times are taken so that they accuse nobody falsely: the last read that
// got it is dated at its start, the first that did not at its end.
type last struct {
	served, gone time.Time
}

// showExpiry reads an entry without pause in all regions around its deadline.
func showExpiry(ctx context.Context, w *world, o *outcome) error {
	deadline, err := w.brief(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Until(deadline)-readFrom); err != nil {
		return err
	}
	var all []error
	for i, l := range w.watchEnd(deadline) {
		all = append(all, o.end(w.all()[i].region, deadline, l))
	}
	return errors.Join(all...)
}

// brief writes an entry that all regions hold, and agree on the end of.
func (w *world) brief(ctx context.Context) (time.Time, error) {
	if err := w.near[0].cache.SetTTL(brief, brief, briefLife); err != nil {
		return time.Time{}, err
	}
	if err := until(ctx, "all regions hold the entry", func() bool { return w.everywhere(brief, brief) }); err != nil {
		return time.Time{}, err
	}
	deadline, _ := w.near[0].cache.Deadline(brief)
	for _, p := range w.all() {
		if d, _ := p.cache.Deadline(brief); !d.Equal(deadline) {
			return deadline, fmt.Errorf("%s has it end at %v, %s at %v", p.region, d, w.near[0].region, deadline)
		}
	}
	return deadline, nil
}

// watchEnd reads in all regions in turn until the entry is gone everywhere, or should long have been. One goroutine
// does it, so that no region waits for a processor while another one reads.
func (w *world) watchEnd(deadline time.Time) []last {
	all := w.all()
	seen := make([]last, len(all))
	for left := len(all); left > 0 && time.Since(deadline) < time.Second; {
		for i, p := range all {
			if l := &seen[i]; l.gone.IsZero() && l.read(p) {
				left--
			}
		}
	}
	return seen
}

// read reads once, and tells whether the entry is gone.
func (l *last) read(p *place) bool {
	began := time.Now()
	if p.holds(brief, brief) {
		l.served = began
		return false
	}
	l.gone = time.Now()
	return true
}

// end says what a region saw, and judges it.
func (o *outcome) end(region string, deadline time.Time, l last) error {
	switch {
	case l.served.IsZero():
		return fmt.Errorf("%s did not serve it right before its deadline", region)
	case l.served.Sub(deadline) > servedAtMost:
		return fmt.Errorf("%s served it %s after its deadline", region, ms(l.served.Sub(deadline)))
	case l.gone.Before(deadline):
		return fmt.Errorf("%s had dropped it %s before its deadline", region, ms(deadline.Sub(l.gone)))
	}
	o.say("%-9s last served %s before the deadline, first refused %s after it", region, ms(deadline.Sub(l.served)), ms(l.gone.Sub(deadline)))
	o.figure(region+"_served_before", deadline.Sub(l.served))
	return nil
}
