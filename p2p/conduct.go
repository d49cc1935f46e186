package p2p

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// What a member may do. A hundred thousand records a second are legal; of 250 bytes each they are a fifth of these bytes, and
// one to a frame, as no engine sends them, half of these frames. Whoever is held up by this is broken.
const (
	maxStrikes   = 3
	framesPerSec = 200_000
	bytesPerSec  = 128 << 20
	burst        = time.Second // of either, saved up while idle
	maxConduct   = 4096        // peers remembered
)

// record is one peer's conduct.
type record struct {
	strikes int
	last    time.Time     // the last strike
	length  time.Duration // of the last ban
	until   time.Time     // banned until then
	ahead   time.Time     // when all that it sent will have been allowed: the token bucket, as a time
}

// conduct remembers what peers did: malformed frames and how much they send. Use newConduct. Safe for concurrent use.
type conduct struct {
	now      func() time.Time
	ban, max time.Duration

	mu    sync.Mutex
	peers map[peer.ID]*record // guarded by mu
}

func newConduct(t timings) *conduct {
	return &conduct{now: time.Now, ban: t.ban, max: t.banMax, peers: map[peer.ID]*record{}}
}

// recordLocked returns a peer's record. When there is no room for another one it is not remembered: only a member that signs
// in the name of thousands gets there.
func (c *conduct) recordLocked(id peer.ID) *record {
	if r := c.peers[id]; r != nil {
		return r
	}
	if len(c.peers) >= maxConduct {
		c.pruneLocked()
	}
	r := &record{}
	if len(c.peers) < maxConduct {
		c.peers[id] = r
	}
	return r
}

// pruneLocked forgets those with nothing against them.
func (c *conduct) pruneLocked() {
	now := c.now()
	for id, r := range c.peers {
		if c.cleared(r, now) && now.After(r.ahead) {
			delete(c.peers, id)
		}
	}
}

// cleared says whether the last strike and the end of the last ban are so long ago that they do not count any more.
func (c *conduct) cleared(r *record, now time.Time) bool {
	return now.Sub(r.last) > c.max && now.Sub(r.until) > c.max
}

// strike counts a malformed frame and returns for how long the peer is banned now; 0: not yet. Every ban is twice as long as
// the one before.
func (c *conduct) strike(id peer.ID) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, now := c.recordLocked(id), c.now()
	if c.cleared(r, now) {
		r.strikes, r.length = 0, 0
	}
	r.last = now
	if r.strikes++; r.strikes < maxStrikes {
		return 0
	}
	r.strikes, r.length = 0, min(max(2*r.length, c.ban), c.max)
	r.until = now.Add(r.length)
	return r.length
}

func (c *conduct) banned(id peer.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.peers[id]
	return r != nil && c.now().Before(r.until)
}

func cost(n int) time.Duration {
	return max(time.Second/framesPerSec, time.Duration(n)*time.Second/bytesPerSec)
}

// charge books a frame of n bytes and returns how long to wait before the next.
func (c *conduct) charge(id peer.ID, n int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, now := c.recordLocked(id), c.now()
	if idle := now.Add(-burst); r.ahead.Before(idle) {
		r.ahead = idle
	}
	r.ahead = r.ahead.Add(cost(n))
	return max(0, r.ahead.Sub(now))
}

// allow books a frame of n bytes if there is room for it now.
func (c *conduct) allow(id peer.ID, n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.recordLocked(id)
	if r.ahead.After(c.now()) {
		return false
	}
	if idle := c.now().Add(-burst); r.ahead.Before(idle) {
		r.ahead = idle
	}
	r.ahead = r.ahead.Add(cost(n))
	return true
}

// strike books a malformed frame against a peer, by whatever way it came, and bans it at the third.
func (h *Host) strike(id peer.ID, what string) {
	h.count.strikes.WithLabelValues(what).Inc()
	length := h.conduct.strike(id)
	if length == 0 {
		h.journal.Warn(string(id), "malformed frame", "peer", id.String(), "lane", what)
		return
	}
	h.count.bans.Inc()
	h.journal.Warn("ban "+string(id), "peer banned", "peer", id.String(), "lane", what, "for", length)
	h.disconnect(id)
}

// pace holds the caller up while the peer is over its allowance; false: the host is closing.
func (h *Host) pace(id peer.ID, n int) bool {
	wait := h.conduct.charge(id, n)
	if wait == 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-h.ctx.Done():
		return false
	}
}
