package ideal

// LRU is how many requests a least recently used cache hits, at every size. A request is a hit in all caches with
// room for the keys requested since the last request of the same key, this one included (Mattson et al. 1970).
// Make one with [NewLRU]; safe for concurrent use.
type LRU struct {
	hits []int // at a size, the index
}

// NewLRU counts for requests of keys 0 to distinct-1.
func NewLRU(requests []uint32, distinct int) *LRU {
	l := &LRU{hits: make([]int, distinct+1)}
	last := make([]int, distinct) // where each key was requested last, counted from 1; 0 = not yet
	latest := make(sums, len(requests)+1)
	seen := 0 // how many keys
	for i, key := range requests {
		if at := last[key]; at > 0 {
			l.hits[seen-latest.upTo(at)+1]++
			latest.add(at, -1)
		} else {
			seen++
		}
		last[key] = i + 1
		latest.add(i+1, 1)
	}
	for size := 1; size <= distinct; size++ {
		l.hits[size] += l.hits[size-1]
	}
	return l
}

// Hits is how many requests are hits in a cache of size entries.
func (l *LRU) Hits(size int) int { return l.hits[min(size, len(l.hits)-1)] }

// sums is numbers at places from 1 on, whose sums it knows: a Fenwick tree.
type sums []int32

func (s sums) add(at int, n int32) {
	for ; at < len(s); at += at & -at {
		s[at] += n
	}
}

// upTo is the sum of the numbers at places 1 to at.
func (s sums) upTo(at int) (sum int) {
	for ; at > 0; at -= at & -at {
		sum += int(s[at])
	}
	return sum
}
