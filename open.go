package geolru

import (
	"context"
	"errors"
	"fmt"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// Open makes a cache. It never waits for the network: on a node the cache works at once, and fills from the peers in
// the background; [Node.Ready] waits for that. With a Mesh.Dir it first reads what the cache's snapshot holds, two seconds
// or so for a million entries. Close it when it is no longer needed.
//
// Errors name what is wrong in o; on a node also a second cache of one name, until the first one's Close has returned,
// or the 1,025th. [ErrClosed] if the node is closed.
func Open[V any](o Options[V]) (*Cache[V], error) { return open(o, wall) }

func open[V any](o Options[V], clk *clock) (*Cache[V], error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	c := &Cache[V]{name: o.Name, ttl: o.TTL.Milliseconds(), clock: clk, node: o.Node}
	if o.Refresh > 0 {
		c.refreshed = max(o.Refresh.Milliseconds(), 1)
	}
	gone, say := newFarewell(o.OnEvict)
	if o.Node == nil {
		t := openLocal(o, clk, say)
		c.table, c.local, c.swept = t, t.Store, t
	} else if err := c.replicate(o, say); err != nil {
		return nil, err
	}
	c.begin(o, gone)
	if c.node != nil && !c.node.add(c) {
		c.shut()
		return nil, ErrClosed
	}
	return c, nil
}

// begin readies everything around the table.
func (c *Cache[V]) begin(o Options[V], gone *farewell[V]) {
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.hub.table = c.table
	l := &c.loads
	l.table, l.clock, l.load, l.ttl, l.ctx, l.gone = c.table, c.clock, o.Load, c.ttl, c.ctx, gone
	l.slots = make(chan struct{}, maxLoads)
	l.flights = map[string]*flight[V]{}
	l.unfit = c.unfit
	if c.mesh != nil {
		l.ask, l.turn = c.ask, c.turn
	}
	if o.Load != nil {
		l.absent.init(c.table, c.clock, o.entries(), c.ttl, o.Refresh > 0)
	}
	c.clock.join(c.swept)
}

// newFarewell makes the farewell of a cache, and what its table calls; both nil if nobody wants to hear.
func newFarewell[V any](tell func(string, V, Cause)) (*farewell[V], func(string, V, store.Cause)) {
	if tell == nil {
		return nil, nil
	}
	w := &farewell[V]{tell: tell}
	return w, func(key string, v V, why store.Cause) { w.say(goner[V]{key, v, Cause(why)}) }
}

// replicate makes the cache a replica on its node.
func (c *Cache[V]) replicate(o Options[V], say func(string, V, store.Cause)) error {
	f, err := newForm(o, o.Node.log)
	if err != nil {
		return fmt.Errorf("geolru: open %q: %w", o.Name, err)
	}
	r := replica.Options{
		Name: o.Name, Capacity: o.Capacity, TTL: o.TTL, Weigh: f.weigh(o.weigh()), Unweighed: f.strange.noteUnweighed, Evicted: f.tell(say), Loads: o.Load != nil,
	}
	if d := o.Node.disk; d != nil {
		c.journal = d.keep(&r)
	}
	c.mesh, err = o.Node.engine.Open(r)
	switch {
	case errors.Is(err, replica.ErrClosed):
		return ErrClosed
	case err != nil:
		return fmt.Errorf("geolru: open %q: %w", o.Name, err)
	}
	c.form = f
	c.table = &coded[V]{c.mesh.Store(), f}
	if f.view != nil {
		c.viewed = c.mesh.Store()
	}
	return nil
}

// ask asks peers, as long as ctx lets it. What they lend is in the table afterwards, as far as there is room.
func (c *Cache[V]) ask(ctx context.Context, keys []string) map[string]loan[V] {
	done := make(chan map[string]replica.Blob, 1)
	cancel := c.mesh.Ask(keys, func(found map[string]replica.Blob) { done <- found })
	select {
	case found := <-done:
		return c.form.lent(found)
	case <-ctx.Done():
		cancel()
		return nil
	}
}

// turn waits until this node is to load a key, or somebody else's load has come.
func (c *Cache[V]) turn(ctx context.Context, key string) (load bool, over func(loaded bool)) {
	turn := make(chan bool, 1)
	over = c.mesh.Bid(key, func(load bool) { turn <- load })
	select {
	case load = <-turn:
	case <-ctx.Done():
	}
	return load, over
}

// unfit logs, once, that a loaded value cannot be stored.
func (c *Cache[V]) unfit(key string, err error) {
	if c.node != nil {
		c.form.strange.unfit.Do(func() {
			c.node.log.Warn("geolru: a loaded value cannot be stored, and will be loaded at every read. Said once per cache",
				"cache", c.name, "key", key, "err", err)
		})
	}
}

// Close ends the cache on this node: other nodes keep what they have. Loads that run are cancelled, those who wait for
// one get [ErrClosed], and so does every later call that has an error to answer with. On a node it first waits, for at
// most 2 s, until another node has what was written here, if one that holds the cache is connected. It always returns
// nil; a second Close does nothing.
func (c *Cache[V]) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		if c.node != nil {
			c.node.flush(c)
			c.node.remove(c)
		}
		c.end()
	}
	return nil
}

// shut closes without a last look at what waits to be sent: the node has seen to it, or nothing was written.
func (c *Cache[V]) shut() {
	if c.closed.CompareAndSwap(false, true) {
		c.end()
	}
}

func (c *Cache[V]) end() {
	c.cancel()
	c.hub.close()
	c.clock.leave(c.swept)
	if c.mesh != nil {
		c.mesh.Close() // which writes the last snapshot
	}
}
