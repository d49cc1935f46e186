package ttl

// rings are the buckets of a wheel: rings of nodes with 32-bit links. Nodes 0 to due are the buckets themselves, the ends of
// their rings, 64 for each level and one more for the slots that are due. After them comes a node for each slot. The
// zero value holds nothing and works.
//
// Invariants: the links of a slot that is in no ring are zero, so that fresh memory needs no preparation; bucket 0 never
// holds a slot (as the first millisecond of level 0 it is never after the wheel's time), so no linked slot looks like that.
// A bit of occupied is set if and only if its bucket holds a slot.
type rings struct {
	occupied [levels + 1]uint64 // a bit for each bucket: by level, by bucket of it
	links    []link             // by node; nil until the first Add, so a wheel of nothing costs nothing
	count    int
}

type link struct{ before, after uint32 }

const (
	// due is the bucket of slots to look at now: added with a deadline that had passed, or poured from a bucket whose time
	// has come and not looked at yet. Emptying buckets in place instead would let one that is left half done by a limit
	// be overtaken by what it had already given to lower levels.
	due = levels << digit
	// base is the node of slot 0.
	base = due + 1
)

func (r *rings) has(slot uint32) bool {
	n := int(slot) + base
	return n < len(r.links) && r.links[n] != link{}
}

// reach makes sure that the slot has a node. It grows by an eighth: this array is copied fast, and it lives long.
func (r *rings) reach(slot uint32) {
	n := int(slot) + base + 1
	if n <= len(r.links) {
		return
	}
	if n > cap(r.links) {
		r.links = append(make([]link, 0, n+n/8), r.ends()...)
	}
	r.links = r.links[:n]
}

// ends is the links, or those of the empty buckets if there are none yet: each its own neighbour.
func (r *rings) ends() []link {
	if r.links != nil {
		return r.links
	}
	links := make([]link, base)
	for b := range uint32(base) {
		links[b] = link{b, b}
	}
	return links
}

// link puts a slot that is in no ring at the end of a bucket.
func (r *rings) link(bucket, slot uint32) {
	n, last := slot+base, r.links[bucket].before
	r.links[n] = link{last, bucket}
	r.links[last].after = n
	r.links[bucket].before = n
	r.occupied[bucket>>digit] |= 1 << (bucket & (1<<digit - 1))
	r.count++
}

// unlink takes a slot out of its ring. Which bucket that is shows only where it matters: if the slot is alone, both its
// neighbours are the bucket.
func (r *rings) unlink(slot uint32) {
	l := r.links[slot+base]
	r.links[l.before].after = l.after
	r.links[l.after].before = l.before
	r.links[slot+base] = link{}
	if l.before == l.after {
		r.empty(l.before)
	}
	r.count--
}

// empty clears the bit of a bucket.
func (r *rings) empty(bucket uint32) {
	r.occupied[bucket>>digit] &^= 1 << (bucket & (1<<digit - 1))
}

// first is the slot that was put first into the due bucket, which must hold one.
func (r *rings) first() uint32 { return r.links[due].after - base }

// pour moves all slots of a bucket that holds some to the due bucket, which must be empty, in constant time.
func (r *rings) pour(bucket uint32) {
	l := r.links[bucket]
	r.links[due] = l
	r.links[l.before].after = due
	r.links[l.after].before = due
	r.links[bucket] = link{bucket, bucket}
	r.empty(bucket)
	r.occupied[levels] = 1
}
