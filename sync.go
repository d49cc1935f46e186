package geolru

import (
	"context"
	"fmt"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
)

// Sync waits until n other nodes have all that was written here before the call, and tells how many have it. With a
// write on one other node it survives the crash of this one. The error is that of ctx, or [ErrClosed]; the number is
// right all the same. A cache without a node has no others: any n above 0 is an error.
func (c *Cache[V]) Sync(ctx context.Context, n int) (int, error) {
	switch {
	case c.closed.Load():
		return 0, ErrClosed
	case c.mesh == nil && n > 0:
		return 0, fmt.Errorf("geolru: sync: cache %q is on no node, it cannot wait for %d others", c.name, n)
	case c.mesh == nil:
		return 0, nil
	}
	return c.await(ctx, n)
}

func (c *Cache[V]) await(ctx context.Context, n int) (int, error) {
	return c.wait(ctx, func(done func(int)) func() int { return c.mesh.Await(n, done) })
}

// wait begins to wait, and ends with ctx or the cache.
func (c *Cache[V]) wait(ctx context.Context, begin func(done func(int)) (cancel func() int)) (int, error) {
	done := make(chan int, 1)
	cancel := begin(func(have int) { done <- have })
	select {
	case have := <-done:
		return have, nil
	case <-ctx.Done():
		return cancel(), ctx.Err()
	case <-c.ctx.Done():
		return cancel(), ErrClosed
	}
}

// settle waits until another node that holds the cache has all that was written here, as long as ctx lets it.
func (c *Cache[V]) settle(ctx context.Context) {
	if s := c.mesh.Store(); s.Seq() > 0 || s.Waiting() > 0 {
		c.wait(ctx, c.mesh.Settle)
	}
}

// Holding is what one node knows of a key.
type Holding struct {
	Node, Region string // empty in a cache without a node
	// State is "value" (it would be served), "ghost" (the version is known, the value is not here: evicted, expired or
	// too large to be sent along), "tombstone" (deleted) or "unknown".
	State    string
	Writer   string    // ID of the node that wrote the version; empty if not known
	Written  time.Time // by the writer's clock; zero if unknown
	Deadline time.Time // zero if it has none
	Err      error     // the node did not answer; then only Node and Region are set, and State is "unknown"
}

// Explain asks every reachable node what it knows of a key, this one first. A node that does not answer within the
// mesh's Timeout is there with its Err. The error is that of ctx, or [ErrClosed], or [ErrTooLarge] for what is no key.
func (c *Cache[V]) Explain(ctx context.Context, key string) ([]Holding, error) {
	if err := c.check("explain", key); err != nil {
		return nil, err
	}
	if c.mesh == nil {
		return []Holding{holding(replica.Holding{Register: c.table.Known(key)})}, nil
	}
	done := make(chan []replica.Holding, 1)
	cancel := c.mesh.Explain(key, func(h []replica.Holding) { done <- h })
	select {
	case found := <-done:
		all := make([]Holding, 0, len(found))
		for _, h := range found {
			all = append(all, holding(h))
		}
		return all, nil
	case <-ctx.Done():
		cancel()
		return nil, ctx.Err()
	case <-c.ctx.Done():
		cancel()
		return nil, ErrClosed
	}
}

var states = map[crdt.Kind]string{crdt.Value: "value", crdt.Ghost: "ghost", crdt.Tombstone: "tombstone"}

func holding(h replica.Holding) Holding {
	r := h.Register
	out := Holding{Node: string(h.Node), Region: h.Region, State: states[r.Kind], Writer: string(h.Writer), Err: h.Err}
	if out.State == "" {
		out.State = "unknown"
	}
	if r.Version.Time != 0 {
		out.Written = time.UnixMilli(r.Version.Time.Milli())
	}
	if r.Deadline != 0 {
		out.Deadline = time.UnixMilli(r.Deadline)
	}
	return out
}
