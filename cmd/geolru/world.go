package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/geolru/geolru"
)

// place is one region of the demo: a node with the cache, behind a gate.
type place struct {
	region string
	node   *geolru.Node
	cache  *geolru.Cache[string]
	gate   *gate
}

// world is the three regions of the demo. far is the one that is cut off; near holds the other two, which stay
// connected with each other. It is made by newWorld.
type world struct {
	near [2]*place
	far  *place
}

func (w *world) all() []*place { return []*place{w.near[0], w.near[1], w.far} }

// patience is how long the demo waits for what takes milliseconds when all is well.
const patience = 10 * time.Second

// newWorld starts the regions one after the other. The order is what makes the cut exact: the near two are connected
// before the far one starts, so whoever comes through their gates after that is the far one.
func newWorld(ctx context.Context) (_ *world, err error) {
	w, secret := &world{}, rand.Text()
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.near[0], err = newPlace(ctx, "eu-west", secret); err != nil {
		return nil, err
	}
	if w.near[1], err = newPlace(ctx, "us-east", secret, w.near[0]); err != nil {
		return nil, err
	}
	if err = until(ctx, "the first two regions connect", func() bool { return w.linked(w.near[0], w.near[1]) }); err != nil {
		return nil, err
	}
	w.near[0].gate.mark()
	w.near[1].gate.mark()
	if w.far, err = newPlace(ctx, "ap-south", secret, w.near[:]...); err != nil {
		return nil, err
	}
	w.far.gate.mark()
	return w, until(ctx, "all regions connect", w.whole)
}

// newPlace joins a node that listens on a port of its own, but announces its gate; known are the places it is told of.
func newPlace(ctx context.Context, region, secret string, known ...*place) (*place, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &place{region: region}
	if p.gate, err = newGate(port.String()); err != nil {
		return nil, err
	}
	mesh := geolru.Mesh{
		Cluster: "demo", Region: region, Secret: secret,
		Listen: []string{multiaddr(port)}, Announce: []string{multiaddr(p.gate.ln.Addr())},
	}
	for _, k := range known {
		mesh.Bootstrap = append(mesh.Bootstrap, k.node.Addrs()...)
	}
	if p.node, err = geolru.Join(ctx, mesh); err == nil {
		p.cache, err = geolru.Open(geolru.Options[string]{Name: "demo", Node: p.node})
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("start region %s: %w", region, err)
	}
	return p, nil
}

// close may be called on what was started in part.
func (w *world) close() {
	for _, p := range w.all() {
		if p != nil {
			p.close()
		}
	}
}

func (p *place) close() {
	if p.node != nil {
		p.node.Close()
	}
	p.gate.Close()
}

// sees tells whether p is connected to o.
func (p *place) sees(o *place) bool {
	for _, peer := range p.node.Peers() {
		if peer.ID == o.node.ID() {
			return peer.Connected
		}
	}
	return false
}

func (w *world) linked(a, b *place) bool { return a.sees(b) && b.sees(a) }

// whole: everybody is connected to everybody.
func (w *world) whole() bool {
	return w.linked(w.near[0], w.near[1]) && w.linked(w.near[0], w.far) && w.linked(w.near[1], w.far)
}

// split: the far one is connected to nobody, and the near ones still to each other.
func (w *world) split() bool {
	return w.linked(w.near[0], w.near[1]) &&
		!w.far.sees(w.near[0]) && !w.far.sees(w.near[1]) && !w.near[0].sees(w.far) && !w.near[1].sees(w.far)
}

// cut ends every connection between near and far; it tells how many there were.
func (w *world) cut() int {
	n := 0
	for _, p := range w.all() {
		n += p.gate.cut()
	}
	return n
}

func (w *world) heal() {
	for _, p := range w.all() {
		p.gate.heal()
	}
}

// turnedAway is how many attempts to connect the cut has refused so far.
func (w *world) turnedAway() int {
	n := 0
	for _, p := range w.all() {
		n += p.gate.turnedAway()
	}
	return n
}

// regionOf is the region of a node.
func (w *world) regionOf(id string) string {
	for _, p := range w.all() {
		if p.node.ID() == id {
			return p.region
		}
	}
	return "another node"
}

// until waits for what must become true within patience; what names it.
func until(ctx context.Context, what string, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
	return nil
}
