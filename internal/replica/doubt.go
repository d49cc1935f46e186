package replica

import (
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/plant"
)

// Gossip that a full queue dropped is a gap, and leaves a hole in nobody's numbers until something comes after it. The
// network tells between whom it was. Soon after, the engine probes that peer, for what it told last is older than the drop,
// and compares: a pull brings what this node lacks, and has the peer pull back what it lacks.

const (
	// doubtFor is the time, ± 20 %, from the first drop between this node and a peer to the probe: drops come in bursts, and
	// what is dropped meanwhile is in the same comparison. While drops go on a peer is compared with so often at the most.
	doubtFor = 500 * time.Millisecond

	// strain is how long after gossip to a peer was dropped batches go by the wide window.
	strain = time.Second
)

// doubt is what between a peer and this node may be missing on one side. Guarded by engine.mu.
type doubt struct {
	armed  bool                // a look at it is scheduled
	caches map[string]struct{} // in which gossip was dropped since the last probe for it
	probe  uint64              // the number of that probe; 0 = none is under way
	probed map[string]struct{} // caches to be compared when it is answered
}

// drop takes in that gossip was dropped.
func (e *Engine) drop(d geo.Drop) {
	c := e.cache(d.Cache)
	if c == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.clock.Now()
	e.counters.Lost += uint64(d.N)
	if !d.Here {
		c.out.strained.Store(now + int64(strain))
	}
	for _, p := range e.parties(d, now) {
		if d.Here {
			c.odd(p.ID)
		}
		e.doubt(p, c)
	}
}

// parties is whom to compare with after a drop: the peer itself, if it is connected; the nearest if nobody got what was
// published, or who sent what is missing here is gone. A peer that missed something and is gone is compared with when it is
// back. mu is held.
func (e *Engine) parties(d geo.Drop, now int64) (all []*peer) {
	if plant.On(plant.DropIgnored) {
		return nil
	}
	if p := e.member(d.Peer); p != nil && p.Connected {
		return []*peer{p}
	}
	if d.Peer != "" && !d.Here {
		return nil
	}
	for _, id := range e.rank.Nearest(nearest, now) {
		all = append(all, e.member(id))
	}
	return all
}

// doubt has a peer looked at soon. mu is held.
func (e *Engine) doubt(p *peer, c *Cache) {
	if p.doubt.caches == nil {
		p.doubt.caches = map[string]struct{}{}
	}
	p.doubt.caches[c.name] = struct{}{}
	e.armDoubt(p)
}

// armDoubt schedules the look. mu is held.
func (e *Engine) armDoubt(p *peer) {
	if !p.doubt.armed {
		p.doubt.armed = true
		id := p.ID
		e.clock.After(nanos(e.jitter(doubtFor)), func() { e.resolveDoubt(id) })
	}
}

// resolveDoubt probes a peer in doubt. A way that is so full that it drops takes its time for a probe: there is one at a time.
func (e *Engine) resolveDoubt(id geo.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.member(id)
	if p == nil {
		return
	}
	d := &p.doubt
	if d.armed = false; !p.Connected || e.closed || len(d.caches) == 0 {
		return
	}
	if _, waits := p.probes[d.probe]; waits {
		e.armDoubt(p)
		return
	}
	if n := e.probeOne(p, e.clock.Now()); n != 0 {
		d.probe, d.probed, d.caches = n, d.caches, nil
		e.counters.Doubts++
	} else {
		e.armDoubt(p)
	}
}

// verify compares what was in doubt with what the peer has told now. A pull that is under way may have begun too early: its
// peer is compared with once more after it. A peer that settles is compared with at each probe anyhow, but in a rush. mu is held.
func (e *Engine) verify(p *peer, settles bool) {
	probed := p.doubt.probed
	p.doubt.probe, p.doubt.probed = 0, nil
	for _, c := range e.caches {
		if _, ok := probed[c.name]; !ok || settles && !c.rushes(e.clock.Now()) {
			continue // or was compared at this very probe
		}
		if c.pulling(p.ID) {
			c.turns.await(p.ID, false)
		} else {
			c.compare(p, false)
		}
	}
}
