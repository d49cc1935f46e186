package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
)

const (
	early    = 100 * time.Millisecond // how long before the deadline callers are watched
	inUse    = 4096                   // entries that callers use meanwhile, which live on
	longFuse = time.Minute            // a machine that cannot fill a cache in that time will not tell much
	pollEach = 5 * time.Millisecond
)

// expiryPlan is how expiry is measured. The zero value measures nothing.
type expiryPlan struct {
	Entries  int           `json:"entries"`
	Fuse     time.Duration `json:"fuse_ns"`     // from the first entry's writing to the deadline of all
	Window   time.Duration `json:"window_ns"`   // how long callers are watched from the deadline on
	Patience time.Duration `json:"patience_ns"` // how long at most until all are gone
}

// expiryRow is what callers feel of many entries that expire at once.
type expiryRow struct {
	Cache   string `json:"cache"`
	Expires bool   `json:"expires"` // false: it shows what the machine adds
	Calm    spread `json:"calm"`    // of as long a time before
	Storm   spread `json:"storm"`   // around the deadline
	// Gone is how long after the deadline the last of them left memory, in milliseconds; -1 = not within the patience.
	Gone float64 `json:"gone_ms"`
	Left float64 `json:"left_bytes_per_entry"` // of memory, at the end
}

// expiry measures contenders one after another, and the one that has neither lifetimes nor a bound.
func expiry(all []caches.Contender[[]byte], plan expiryPlan, p *progress) ([]expiryRow, error) {
	p.begin("expiry", len(all))
	var rows []expiryRow
	for _, c := range all {
		p.step(fmt.Sprintf("%d entries at once, %s", plan.Entries, c.Name))
		if !c.Expires && c.Bounded {
			continue
		}
		row, err := expiryOf(c, plan)
		if err != nil {
			return nil, fmt.Errorf("expiry of %s: %w", c.Name, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// expiryOf tries again with a longer fuse if the deadline comes before all is ready.
func expiryOf(c caches.Contender[[]byte], plan expiryPlan) (expiryRow, error) {
	for ; plan.Fuse < longFuse; plan.Fuse *= 2 {
		row, err := explode(c, plan)
		if !errors.Is(err, errLate) {
			return row, err
		}
	}
	return expiryRow{}, errLate
}

var errLate = errors.New("filling took too long")

func explode(c caches.Contender[[]byte], plan expiryPlan) (expiryRow, error) {
	before := liveHeap()
	b := &bomb{plan: plan, keys: keysFrom(plan.Entries, inUse), value: newBytes(0)}
	if err := b.open(c); err != nil {
		return expiryRow{}, err
	}
	defer b.cache.Close()
	fill(b.cache, b.keys, b.value)
	b.light()
	if time.Until(b.first) < plan.Window+2*early {
		return expiryRow{}, errLate
	}
	row := expiryRow{Cache: c.Name, Expires: c.Expires}
	row.Calm = b.watch(time.Now().Add(plan.Window))
	time.Sleep(time.Until(b.first.Add(-early)))
	gone := make(chan time.Duration, 1)
	go func() { gone <- b.gone() }()
	row.Storm = b.watch(b.last.Add(plan.Window))
	row.Gone = -1
	if after := <-gone; after >= 0 {
		row.Gone = float64(after) / 1e6
	}
	row.Left = max(0, float64(liveHeap())-float64(before)) / float64(plan.Entries)
	return row, nil
}

// bomb is a cache full of entries with one deadline.
type bomb struct {
	plan  expiryPlan
	cache caches.Cache[[]byte]
	keys  []string // in use
	value []byte

	first, last time.Time // deadlines: the same, unless the cache knows but one lifetime for all
}

// open has room to spare: what goes must go by its deadline. A cache with one lifetime for all gets the fuse as that.
func (b *bomb) open(c caches.Contender[[]byte]) (err error) {
	room := (b.plan.Entries + inUse) * 5 / 4
	if b.cache, err = c.Open(room, lifetime); err != nil || !c.Expires {
		return err
	}
	if _, timed := b.cache.(caches.Timed[[]byte]); !timed {
		b.cache.Close()
		b.cache, err = c.Open(room, b.plan.Fuse)
	}
	return err
}

// light fills the cache.
func (b *bomb) light() {
	b.first = time.Now().Add(b.plan.Fuse)
	b.last = b.first
	timed, ok := b.cache.(caches.Timed[[]byte])
	for i := range b.plan.Entries {
		if ok {
			timed.SetTTL(newKey(i), newBytes(i), max(time.Until(b.first), time.Millisecond))
		} else {
			b.cache.Set(newKey(i), newBytes(i))
		}
		if i%settleEvery == 0 {
			b.cache.Settle()
		}
	}
	b.cache.Settle()
	if !ok {
		b.last = time.Now().Add(b.plan.Fuse)
	}
}

// watch is a caller who reads and writes what is in use, three to one, until a time, and looks at the clock after
// each operation.
func (b *bomb) watch(until time.Time) spread {
	d := newDice(1)
	var h histogram
	for at := time.Now(); at.Before(until); {
		key := b.keys[d.below(len(b.keys))]
		if h.count%4 == 3 {
			b.cache.Set(key, b.value)
		} else {
			b.cache.Get(key)
		}
		now := time.Now()
		h.add(now.Sub(at))
		at = now
	}
	return h.spread()
}

// gone waits until the expired have left, and tells how long after the deadline that was; -1 if it gave up.
func (b *bomb) gone() time.Duration {
	tick := time.NewTicker(pollEach)
	defer tick.Stop()
	for {
		now := <-tick.C
		switch after := now.Sub(b.last); {
		case b.cache.Held() <= inUse:
			return max(after, 0)
		case after > b.plan.Patience:
			return -1
		}
	}
}
