package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru"
)

const (
	speedWrites = 1000
	speedEvery  = 10 * time.Millisecond
	speedPrefix = "speed/"
)

// race is the same writes, seen from several regions. All times are from one monotonic clock, for it is one process.
type race struct {
	began time.Time
	sent  [speedWrites]atomic.Int64 // ns after began, 0: not yet
}

// showSpeed writes at a steady rate in the first region and takes the time until each write shows in a Watch elsewhere.
func showSpeed(ctx context.Context, w *world, o *outcome) error {
	ctx, cancel := context.WithTimeout(ctx, speedWrites*speedEvery+2*patience)
	defer cancel()
	r := &race{began: time.Now()}
	watchers := []*place{w.near[1], w.far}
	took := make([][]time.Duration, len(watchers))
	var wait sync.WaitGroup
	for i, p := range watchers {
		events := p.cache.Watch(ctx, speedPrefix) // subscribed here, before the first write
		wait.Go(func() {
			for e := range events {
				took[i] = r.arrived(took[i], e)
				if len(took[i]) == speedWrites {
					return
				}
			}
		})
	}
	err := r.write(ctx, w.near[0], o)
	wait.Wait()
	if err != nil {
		return err
	}
	o.say("%d writes in %s, %d a second; from before the write until it is seen:", speedWrites, w.near[0].region, time.Second/speedEvery)
	for i, p := range watchers {
		if err := o.times(p.region, took[i]); err != nil {
			return err
		}
	}
	return nil
}

// write writes at the rate.
func (r *race) write(ctx context.Context, p *place, o *outcome) error {
	tick := time.NewTicker(speedEvery)
	defer tick.Stop()
	for i := range speedWrites {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		r.sent[i].Store(int64(time.Since(r.began)))
		if err := p.cache.Set(speedPrefix+strconv.Itoa(i), "value of "+strconv.Itoa(i)); err != nil {
			return err
		}
		if i%100 == 99 {
			o.screen.progress(fmt.Sprintf("   … %d of %d writes", i+1, speedWrites))
		}
	}
	return nil
}

// arrived adds the time of a write that is seen.
func (r *race) arrived(took []time.Duration, e geolru.Event[string]) []time.Duration {
	now := time.Since(r.began)
	i, err := strconv.Atoi(strings.TrimPrefix(e.Key, speedPrefix))
	if e.Kind != geolru.EventPut || err != nil {
		return took
	}
	return append(took, now-time.Duration(r.sent[i].Load()))
}

// times says what a region saw.
func (o *outcome) times(region string, took []time.Duration) error {
	if len(took) < speedWrites {
		return fmt.Errorf("%s saw %d of %d writes", region, len(took), speedWrites)
	}
	slices.Sort(took)
	p50, p99, most := took[speedWrites/2], took[speedWrites*99/100], took[speedWrites-1]
	o.say("%-9s p50 %s   p99 %s   slowest %s", region, ms(p50), ms(p99), ms(most))
	o.figure(region+"_p50", p50)
	o.figure(region+"_p99", p99)
	return nil
}

// ms is a time in milliseconds, or in seconds if those are many.
func ms(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.3f ms", float64(d.Nanoseconds())/1e6)
}
