package policy

// ghosts is the keys that were evicted last. A ghost is the number of its eviction, and is remembered while fewer than
// reach keys have been evicted after it: so no queue of them is needed (Yang et al. 2023, section 4.2). newGhosts makes
// them; the zero value must not be used.
type ghosts struct {
	when  []uint32 // by key, counted from 1; 0 = not evicted, or taken back
	last  uint32
	reach uint32
}

func newGhosts(keys, reach int) ghosts {
	return ghosts{when: make([]uint32, keys), reach: uint32(reach)}
}

func (g *ghosts) add(key uint32) {
	g.last++
	g.when[key] = g.last
}

// take tells whether a key is remembered, and forgets it.
func (g *ghosts) take(key uint32) bool {
	at := g.when[key]
	g.when[key] = 0
	return at != 0 && g.last-at < g.reach
}
