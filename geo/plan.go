package geo

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Over 60 nodes in ten regions, twelve connections to the nearest alone deliver in 675 ms (median) and fall apart into
// islands; nine near and three random ones deliver in 76 ms, 1.02 times the direct way.
const (
	everybody   = 64 // up to so many nodes each is connected to every other
	connections = 32 // beyond: of 160 nodes the last one has a write at 1.01 times the direct way (median)
	nearby      = 8
	perRegion   = 2 // so that no region hangs on one node
	better      = 3 // if there is room: it cost no connections, and bridged some of what gossip that knew no regions left late
	strangers   = 1 // places always for somebody new: they find who is nearer and join what was apart
)

// Plan says whom to be connected to, in no order that means anything. members are all that are known, self among them or not.
// Everybody up to 64 nodes, self counted. Beyond that 32: the 8 nearest, two of every other region, the rest at random; with
// more than 11 other regions as many above 32 as these need, up to 64.
//
// Who is connected is kept before others are drawn, so that calling it again does not tear the mesh, but one of the random
// places always goes to somebody new: else two halves that were cut would stay apart after the cut has healed. A member of
// the own region that was never measured counts as nearer than any other region.
//
// The answer depends on the calls so far, the set of members and rnd alone; members is not changed.
func (r *Ranking) Plan(self ID, members []Peer, rnd *rand.Rand) []ID {
	p := &plan{own: r.region, left: others(self, members), perRegion: make(map[string]int)}
	if len(p.left) < everybody {
		p.take(everybody, anyone)
		return p.want
	}
	p.shuffle(rnd)
	p.takeNear(r)
	p.takeRegions()
	p.take(strangers, func(m Peer) bool { return !m.Connected })
	p.take(connections-len(p.want), anyone)
	return p.want
}

// others is the members without self and without doubles, by ID.
func others(self ID, members []Peer) []Peer {
	m := slices.DeleteFunc(slices.Clone(members), func(p Peer) bool { return p.ID == self })
	slices.SortStableFunc(m, func(a, b Peer) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(m, func(a, b Peer) bool { return a.ID == b.ID })
}

// plan is a Plan in the making: members go from left to want.
type plan struct {
	own       string
	left      []Peer // in the order in which they are drawn
	want      []ID
	perRegion map[string]int // how many of want; never walked
}

func anyone(Peer) bool { return true }

// shuffle decides the order of drawing: by chance, those who are connected first.
func (p *plan) shuffle(rnd *rand.Rand) {
	rnd.Shuffle(len(p.left), func(i, j int) { p.left[i], p.left[j] = p.left[j], p.left[i] })
	slices.SortStableFunc(p.left, func(a, b Peer) int { return cmp.Compare(rank(a), rank(b)) })
}

func rank(m Peer) int {
	if m.Connected {
		return 0
	}
	return 1
}

// take moves the first n that are fit.
func (p *plan) take(n int, fit func(Peer) bool) {
	p.left = slices.DeleteFunc(p.left, func(m Peer) bool {
		if n <= 0 || !fit(m) {
			return false
		}
		n--
		p.want = append(p.want, m.ID)
		p.perRegion[m.Region]++
		return true
	})
}

// takeNear takes the nearest: measured ones as they rank, but kin that was never measured before any other region.
func (p *plan) takeNear(r *Ranking) {
	isKin := func(m Peer) bool { return p.own != "" && m.Region == p.own && !r.knows(m.ID) }
	kin := true
	for _, q := range r.order[:r.measured] {
		if len(p.want) == nearby {
			return
		}
		if kin && q.region != p.own {
			p.take(nearby-len(p.want), isKin)
			kin = false
		}
		if r.usable(q) {
			p.take(nearby-len(p.want), func(m Peer) bool { return m.ID == q.id })
		}
	}
	p.take(nearby-len(p.want), isKin)
}

func (r *Ranking) knows(id ID) bool {
	p := r.peers[id]
	return p != nil && p.measured()
}

// takeRegions sees to the other regions: one of each before the second of any, for there may be more than there are places.
func (p *plan) takeRegions() {
	for have := 1; have <= better; have++ {
		most := everybody
		if have > perRegion {
			most = connections
		}
		p.take(most-strangers-len(p.want), func(m Peer) bool {
			return m.Region != p.own && p.perRegion[m.Region] < have
		})
	}
}
