package main

import (
	"github.com/geolru/geolru/cmd/geobench/internal/policy"
	"github.com/geolru/geolru/cmd/geobench/internal/trace"
)

// cut is how the requests of a trace are dealt to this node and to a peer. The zero value gives the peer none.
type cut struct {
	Peer int  `json:"peer_percent"`
	Same bool `json:"same_keys"` // dealt one by one, so that both want the same keys; otherwise the peer has the later part
}

func (c cut) deal(requests []uint32) (here, there []uint32) {
	if !c.Same {
		at := len(requests) * (100 - c.Peer) / 100
		return requests[:at], requests[at:]
	}
	d := newDice(1)
	for _, key := range requests {
		if d.below(100) < c.Peer {
			there = append(there, key)
		} else {
			here = append(here, key)
		}
	}
	return here, there
}

// traffic is what a cache meets at this node: requests, and between them writes of a peer. Whatever the policy here,
// the peer is a plain LRU cache of the same size with nobody beside it, which writes what it misses: so all policies
// meet the same writes at the same moments.
type traffic struct {
	requests []uint32
	writes   []peerWrite
	keys     int
}

type peerWrite struct {
	after int // how many requests here
	key   uint32
}

// newTraffic has both replay their parts side by side, in the same time however long they are.
func newTraffic(t trace.Trace, c cut, size int) traffic {
	here, there := c.deal(t.Requests)
	w := traffic{requests: here, keys: t.Distinct}
	peer := policy.All()[0].New(t.Distinct, size)
	for i, key := range there {
		if !peer.Get(key) {
			w.writes = append(w.writes, peerWrite{i * len(here) / len(there), key})
		}
	}
	return w
}

// player plays traffic to a cache, again from the start when it has come to the end.
type player struct {
	traffic
	cache    *policy.Cache
	at, sent int // in requests, in writes
	played   int // requests in all
}

// play prepares to play to a new cache, in which there is room for some spare keys after those of the traffic.
func (w traffic) play(p policy.Policy, size, spare int) *player {
	return &player{traffic: w, cache: p.New(w.keys+spare, size)}
}

// next plays one request, and the writes that come before it.
func (p *player) next() (hit bool) {
	for ; p.sent < len(p.writes) && p.writes[p.sent].after <= p.at; p.sent++ {
		p.cache.Arrive(p.writes[p.sent].key)
	}
	hit = p.cache.Get(p.requests[p.at])
	p.played++
	if p.at++; p.at == len(p.requests) {
		p.at, p.sent = 0, 0
	}
	return hit
}

// hits plays all requests once.
func (w traffic) hits(p policy.Policy, size int) (n int) {
	for player := w.play(p, size, 0); player.played < len(w.requests); {
		if player.next() {
			n++
		}
	}
	return n
}

// freshShare is how much of the capacity a peer writes at once, in percent.
const freshShare = 10

// fresh is how many of the keys that a peer wrote, and nobody here has read, are still held.
type fresh struct {
	Written int `json:"written"`
	Kept    int `json:"kept"`  // when the last was written
	Later   int `json:"later"` // after as many more requests as the cache has entries
}

// fresh plays half of the requests, and on until the cache is full. Then a peer writes a tenth of the capacity in keys
// that were never seen, one after each request.
func (w traffic) fresh(p policy.Policy, size int) (f fresh) {
	f.Written = max(size*freshShare/100, 1)
	player := w.play(p, size, f.Written)
	for player.played < len(w.requests)/2 || !player.cache.Full() && player.played < 2*len(w.requests) {
		player.next()
	}
	for i := range f.Written {
		player.next()
		player.cache.Arrive(uint32(w.keys + i))
	}
	f.Kept = player.spareHeld(f.Written)
	for range size {
		player.next()
	}
	f.Later = player.spareHeld(f.Written)
	return f
}

func (p *player) spareHeld(n int) (held int) {
	for i := range n {
		if p.cache.Holds(uint32(p.keys + i)) {
			held++
		}
	}
	return held
}
