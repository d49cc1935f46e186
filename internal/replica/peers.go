package replica

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

const (
	greetAfter = 2 * time.Millisecond // between the opening of a cache and the probe that tells of it
	probeLost  = 10 * time.Second     // after which the answer to a probe is not waited for any more
	// settling is how long after it connected a peer is compared with at every probe: gossip needs some heartbeats until
	// a new peer is in its mesh, and what is published meanwhile may miss it without leaving a gap.
	// A rush puts it off.
	settling = 10 * time.Second
)

// peer is a member of the mesh. Guarded by engine.mu.
type peer struct {
	geo.Peer
	came   int64                      // when it connected, Unix nanoseconds
	left   int64                      // when its connection went
	probes map[uint64]int64           // under way: number and when sent
	states map[string]wire.CacheState // of its caches, as last told; nil before the first probe
	skew   time.Duration              // of its clock to ours, at the least
	note   string                     // why it is not synced with, for people
	acks   map[string]*progress       // of our records, by cache
	even   map[string]even            // by cache: of those in which nothing is missing here that it has
	doubt  doubt

	loans    []*loan // to it, that wait for the way to have room
	owed     int     // bytes that those take here
	repaying bool    // a look at them is scheduled
}

// PeerInfo is what is known of a member.
type PeerInfo struct {
	geo.Peer
	RTT  time.Duration // 0 = not measured
	Lag  time.Duration // for how long it has lacked something that was written here
	Note string        // what is wrong with it, or that a cache is filled from it; empty if nothing
}

// peer takes in that a member is connected, or no more.
func (e *Engine) peer(g geo.Peer) {
	if g.ID == e.self {
		return
	}
	if g.Connected {
		e.joined(g)
	} else {
		e.gone(g)
	}
}

func (e *Engine) joined(g geo.Peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.clock.Now()
	p := e.member(g.ID)
	if p == nil {
		p = &peer{}
		i, _ := slices.BinarySearchFunc(e.peers, g.ID, byID)
		e.peers = slices.Insert(e.peers, i, p)
	}
	again := p.Connected
	p.Peer = g
	if again {
		return // new addresses, no new connection
	}
	p.came, e.arrived = now, now
	p.probes, p.states, p.acks, p.even = map[uint64]int64{}, nil, map[string]*progress{}, map[string]even{}
	p.doubt = doubt{armed: p.doubt.armed} // it is compared with anyhow
	p.loans, p.owed = nil, 0
	e.rank.Add(g.ID, g.Region, now)
	e.probeOne(p, now)
}

func (e *Engine) gone(g geo.Peer) {
	e.mu.Lock()
	p := e.member(g.ID)
	if p == nil || !p.Connected {
		e.mu.Unlock()
		return
	}
	p.Connected, p.left, p.states = false, e.clock.Now(), nil
	e.rank.Remove(g.ID)
	next := e.failed(g.ID)
	for _, c := range e.caches {
		next = append(next, c.claimantGone(g.ID)...)
	}
	for _, c := range e.caches {
		c.dropPulls(g.ID)
		c.active.drop(g.ID)
		next = append(next, c.met()...)
	}
	e.mu.Unlock()
	runAll(next)
}

func byID(p *peer, id geo.ID) int { return strings.Compare(string(p.ID), string(id)) }

// member finds a member; nil if there is none. mu is held.
func (e *Engine) member(id geo.ID) *peer {
	if i, ok := slices.BinarySearchFunc(e.peers, id, byID); ok {
		return e.peers[i]
	}
	return nil
}

// Peers is the members, nearest first, those that are not connected last.
func (e *Engine) Peers() []PeerInfo {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.clock.Now()
	var infos []PeerInfo
	for _, id := range e.rank.All() {
		if p := e.member(id); p != nil {
			infos = append(infos, e.info(p, now))
		}
	}
	for _, p := range e.peers {
		if !p.Connected {
			infos = append(infos, e.info(p, now))
		}
	}
	return infos
}

func (e *Engine) info(p *peer, now int64) PeerInfo {
	i := PeerInfo{Peer: p.Peer, Note: p.note}
	i.RTT, _ = e.rank.RTT(p.ID)
	if i.Note == "" {
		i.Note = e.filling(p.ID)
	}
	for _, a := range p.acks {
		i.Lag = max(i.Lag, a.lag(now))
	}
	return i
}

// filling tells, for people, which cache is filled from a member now, and how far it is. mu is held.
func (e *Engine) filling(id geo.ID) string {
	for _, c := range e.caches {
		for _, s := range c.pulls {
			if s.peer == id && s.total > 0 {
				return fmt.Sprintf("cache %s is filled from it: %.0f %%", c.name, 100*s.share())
			}
		}
	}
	return ""
}

// lives tells whether a connected member says that o is its origin. mu is held.
func (e *Engine) lives(cache string, o crdt.Origin) bool {
	return slices.ContainsFunc(e.peers, func(p *peer) bool {
		s, ok := p.states[cache]
		return p.Connected && ok && originOf(p.ID, s.Nonce) == o
	})
}

// possible is how many connected members hold a cache and may be synced with, and those that have not told yet. engine.mu
// is held.
func (c *Cache) possible() (n int) {
	for _, p := range c.engine.peers {
		if p.Connected && (p.states == nil || c.syncs(p)) {
			n++
		}
	}
	return n
}

// acquainted is how long after the last member connected, or the cache was opened, it counts that no more than so many
// hold it: who was admitted is told of all others at once, and dials them; who opens a cache tells it at once.
const acquainted = time.Second

// knowsAll tells whether those who hold this cache should have told it. engine.mu is held.
func (c *Cache) knowsAll(now int64) bool {
	return now-max(c.engine.arrived, c.opened) >= int64(acquainted)
}

// alone tells whether members are there, and none of them holds this cache. engine.mu is held.
func (c *Cache) alone(now int64) bool {
	return c.engine.arrived > 0 && c.knowsAll(now) && c.possible() == 0
}

// greet has everybody probed soon, once for all caches that are opened together: a cache was opened. What peers
// acknowledged to an earlier life of it is void.
func (c *Cache) greet() {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.peers {
		delete(p.acks, c.name)
	}
	if !e.greeting {
		e.greeting = true
		e.clock.After(greetAfter, e.greetAll)
	}
}

func (e *Engine) greetAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.greeting = false
	now := e.clock.Now()
	for _, p := range e.peers {
		if p.Connected && !e.closed {
			e.probeOne(p, now)
		}
	}
}

// probe sends the probes that are due. mu is held.
func (e *Engine) probe(now int64) {
	for _, id := range e.rank.Due(now) {
		if p := e.member(id); p != nil {
			e.probeOne(p, now)
		}
	}
}

// probeOne sends a probe and returns its number; 0 if it could not be sent. mu is held.
func (e *Engine) probeOne(p *peer, now int64) uint64 {
	for id, sent := range p.probes {
		if now-sent > int64(probeLost) {
			delete(p.probes, id)
		}
	}
	id := e.newID()
	if !e.send(p.ID, geo.LaneProbe, e.probeMessage(id, false)) {
		return 0
	}
	p.probes[id] = now
	e.rank.Probed(p.ID, now)
	return id
}

func (e *Engine) probeMessage(id uint64, reply bool) *wire.Probe {
	m := &wire.Probe{ID: id, Reply: reply, Time: e.millis()}
	for _, c := range e.caches {
		m.Caches = append(m.Caches, c.state())
	}
	return m
}

// probed takes in a probe, or the answer to one.
func (e *Engine) probed(from geo.ID, m *wire.Probe) {
	e.mu.Lock()
	var due []func()
	if p := e.member(from); p != nil && p.Connected {
		due = e.heard(p, m)
	}
	e.mu.Unlock()
	runAll(due)
}

// heard answers a probe, or measures with the answer to one, and learns from it. mu is held; the caller runs the
// continuations without it.
func (e *Engine) heard(p *peer, m *wire.Probe) (due []func()) {
	now := e.clock.Now()
	sent, asked := p.probes[m.ID]
	if asked = asked && m.Reply; asked {
		delete(p.probes, m.ID)
		e.rank.Sample(p.ID, time.Duration(now-sent), now)
	} else if !m.Reply {
		e.send(p.ID, geo.LaneProbe, e.probeMessage(m.ID, true))
	}
	p.skew = p.skewed(m, asked, sent/int64(time.Millisecond), e.millis())
	settles := now-p.came < int64(settling)
	e.learn(p, m, settles)
	if m.Reply && m.ID == p.doubt.probe {
		e.verify(p, settles)
	}
	for _, c := range e.caches {
		due = append(due, c.met()...)
	}
	return due
}

// learn notes what a peer tells of itself, and syncs at once with one that is new or has a new cache. mu is held.
func (e *Engine) learn(p *peer, m *wire.Probe, settles bool) {
	known := p.states
	p.states = make(map[string]wire.CacheState, len(m.Caches))
	for _, s := range m.Caches {
		p.states[s.Name] = s
	}
	e.judge(p)
	for _, c := range e.caches {
		s, ok := p.states[c.name]
		if !ok {
			continue
		}
		c.reckon(p, known[c.name], s)
		c.match(p, known[c.name], s)
		before, met := known[c.name]
		if met && before.Nonce != s.Nonce {
			c.disown(originOf(p.ID, before.Nonce))
		}
		c.authors[originOf(p.ID, s.Nonce)] = p.ID
		if settles && !c.rushes(e.clock.Now()) || !met || before.Nonce != s.Nonce {
			c.compare(p, false)
		}
	}
}

// skewed is how far a peer's clock is off, at the least, by a probe that came at now or an answer to one sent at sent. A frame may
// have been long on its way, after a cut that the connection outlived or at a process that was stopped: that makes a clock look
// slow, never fast. So only an answer, which was written after the question, tells that one is slow, or the first that is heard.
func (p *peer) skewed(m *wire.Probe, asked bool, sent, now int64) time.Duration {
	off := m.Time - now
	switch {
	case off >= 0 || p.states == nil:
	case asked:
		off = min(m.Time-sent, 0)
	default:
		return p.skew
	}
	return time.Duration(off) * time.Millisecond
}

// judge notes why a peer cannot be synced with, and logs it when it changes. mu is held.
func (e *Engine) judge(p *peer) {
	note := ""
	if p.skew.Abs() > crdt.MaxSkew {
		note = "clock is off by " + p.skew.Round(time.Second).String()
	}
	for _, c := range e.caches {
		if s, ok := p.states[c.name]; ok && s.TTL != c.ttl {
			note = "cache " + c.name + ": TTL " + (time.Duration(s.TTL) * time.Millisecond).String() + " there, " +
				(time.Duration(c.ttl) * time.Millisecond).String() + " here: not synced"
		}
	}
	if note != p.note && note != "" {
		e.quiet.Error("peer "+string(p.ID), "peer is not synced with", "peer", p.ID, "reason", note)
	}
	p.note = note
}

// others is how many nodes are connected.
func (e *Engine) others() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.peers {
		if p.Connected {
			n++
		}
	}
	return n
}
