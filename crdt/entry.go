package crdt

import "slices"

// entry is what a Seen keeps of one origin: sum is that of the hashes of its pieces.
type entry struct {
	Known
	sum uint64
}

// add marks r and tells whether it is marked now: it is not if there would be more
// than most ranges. The place is found in O(log ranges); behind it is nothing to
// shift where numbers arrive in order.
func (e *entry) add(r Range, most int) bool {
	if e.contains(r) {
		return true
	}
	i := e.reaching(r.Lo - 1) // the ranges from i on that r touches or overlaps, up to j
	j := e.reaching(r.Hi + 1)
	if j < len(e.Ranges) && e.Ranges[j].Lo <= r.Hi+1 {
		j++
	}
	switch {
	case i < j:
		r = Range{min(r.Lo, e.Ranges[i].Lo), max(r.Hi, e.Ranges[j-1].Hi)}
	case r.Lo > e.Head+1 && len(e.Ranges) >= most:
		return false
	}
	e.put(i, j, r)
	return true
}

// put sets r in the place of the ranges i to j-1, which it covers, or moves the
// head up to its end if it touches the head.
func (e *entry) put(i, j int, r Range) {
	for _, gone := range e.Ranges[i:j] {
		e.sum -= hashOf(e.Origin, gone)
	}
	if r.Lo > e.Head+1 {
		e.sum += hashOf(e.Origin, r)
		e.Ranges = slices.Replace(e.Ranges, i, j, r)
		return
	}
	if e.Head > 0 {
		e.sum -= hashOf(e.Origin, Range{1, e.Head})
	}
	e.Head = r.Hi
	e.sum += hashOf(e.Origin, Range{1, e.Head})
	e.Ranges = slices.Delete(e.Ranges, i, j)
}

// union marks all that k has. Where that takes more than most ranges, the lower
// numbers of k are marked and the rest is not; what was marked stays. It is one pass
// over both, for piece by piece a long list would be shifted as often as the other
// is long.
func (e *entry) union(k *Known, most int) {
	if len(k.Ranges) == 0 {
		e.add(Range{1, k.Head}, most)
		return
	}
	mine, theirs := e.pieces(), k.pieces()
	all := make([]Range, 0, len(mine)+len(theirs))
	for len(mine)+len(theirs) > 0 {
		if len(theirs) == 0 || len(mine) > 0 && mine[0].Lo <= theirs[0].Lo {
			all = join(all, mine[0])
			mine = mine[1:]
			continue
		}
		if fits(all, mine, theirs[0], most) {
			all = join(all, theirs[0])
		}
		theirs = theirs[1:]
	}
	e.set(all)
}

// fits tells whether r, which lies behind all done and not behind the rest, makes
// more than most ranges of them: it does not where it joins a neighbour or the head.
func fits(done, rest []Range, r Range, most int) bool {
	if len(done) > 0 && done[0].Lo == 1 {
		most++
	}
	return len(done)+len(rest) < most || r.Lo == 1 ||
		len(done) > 0 && r.Lo <= done[len(done)-1].Hi+1 || len(rest) > 0 && r.Hi+1 >= rest[0].Lo
}

// join appends r, which does not begin before the last of rs.
func join(rs []Range, r Range) []Range {
	if n := len(rs); n > 0 && r.Lo <= rs[n-1].Hi+1 {
		rs[n-1].Hi = max(rs[n-1].Hi, r.Hi)
		return rs
	}
	return append(rs, r)
}

// set replaces all pieces.
func (e *entry) set(pieces []Range) {
	e.sum, e.Head = 0, 0
	for _, r := range pieces {
		e.sum += hashOf(e.Origin, r)
	}
	if len(pieces) > 0 && pieces[0].Lo == 1 {
		e.Head, pieces = pieces[0].Hi, pieces[1:]
	}
	e.Ranges = pieces
}

// pieces is the head, if there is one, and the ranges.
func (k *Known) pieces() []Range {
	if k.Head == 0 {
		return k.Ranges
	}
	return append([]Range{{1, k.Head}}, k.Ranges...)
}
