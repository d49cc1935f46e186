package policy

// sieve is SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is simpler than LRU", NSDI 2024): one queue in the
// order of arrival, in which a use sets a mark and moves nothing. A hand goes from the oldest to the newest, takes
// marks away, and evicts what has none.
type sieve struct {
	chain
	marked []bool // by key
	hand   uint32 // where the next search begins, a key+1; 0 = at the oldest
}

func newSieve(keys, _ int) order { return &sieve{chain: newChain(keys), marked: make([]bool, keys)} }

func (s *sieve) add(key uint32) {
	s.marked[key] = false
	s.push(key)
}

func (s *sieve) use(key uint32) { s.marked[key] = true }

func (s *sieve) evict() uint32 {
	key := s.oldest()
	if s.hand != 0 {
		key = s.hand - 1
	}
	for s.marked[key] {
		s.marked[key] = false
		key = s.newer(key)
	}
	s.hand = s.links[key+1].newer
	s.remove(key)
	return key
}
