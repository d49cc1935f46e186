// Package ideal tells how many requests of a trace rules hit that need no cache to be run: least recently used, at
// all sizes in one pass, and the best that any cache could do.
package ideal

import "math"

// never is the next request of a key that is not requested again.
const never = math.MaxUint32

// Belady is the bound of every cache: it knows the future, and keeps what is needed soonest (Belady 1966). It need not
// keep what was just requested: a cache that refuses a key when it is offered is bounded as well.
// Make one with [NewBelady]; safe for concurrent use.
type Belady struct {
	requests []uint32
	next     []uint32 // when the key of a request is requested again
	distinct int
}

// NewBelady prepares for requests of keys 0 to distinct-1. It keeps requests.
func NewBelady(requests []uint32, distinct int) *Belady {
	b := &Belady{requests: requests, next: make([]uint32, len(requests)), distinct: distinct}
	when := make([]uint32, distinct)
	for i := range when {
		when[i] = never
	}
	for i := len(requests) - 1; i >= 0; i-- {
		b.next[i] = when[requests[i]]
		when[requests[i]] = uint32(i)
	}
	return b
}

// Hits is how many requests are hits in a cache of size entries.
func (b *Belady) Hits(size int) (hits int) {
	due := make([]uint32, b.distinct) // when a held key is requested again; 0 = not held, nothing is next at 0
	var latest heap                   // of due, also of what is held no more
	held := 0
	for i, key := range b.requests {
		if due[key] == uint32(i) && i > 0 {
			hits++
			held--
		}
		due[key] = 0
		if b.next[i] == never {
			continue
		}
		due[key] = b.next[i]
		latest.push(b.next[i])
		for held++; held > size; {
			if at := latest.pop(); due[b.requests[at]] == at {
				due[b.requests[at]] = 0
				held--
			}
		}
	}
	return hits
}

// heap has its highest number on top. The zero value is empty. The one of the standard library would put each number
// into an interface.
type heap []uint32

func (h *heap) push(x uint32) {
	*h = append(*h, x)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up] >= s[i] {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *heap) pop() uint32 {
	s := *h
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	*h = s
	for i := 0; ; {
		down := 2*i + 1
		if down+1 < last && s[down+1] > s[down] {
			down++
		}
		if down >= last || s[i] >= s[down] {
			return top
		}
		s[i], s[down] = s[down], s[i]
		i = down
	}
}
