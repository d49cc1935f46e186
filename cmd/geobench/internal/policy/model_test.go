package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// agree plays requests to an order and to a slow one written from the paper, and compares what they evict.
func agree(t *testing.T, name string, model func(size int) order) {
	p := named(t, name)
	rapid.Check(t, func(t *rapid.T) {
		size := sizes(t)
		fast, slow := p.order(keys, size), model(size)
		held := map[uint32]bool{}
		for _, key := range requests(t) {
			if held[key] {
				fast.use(key)
				slow.use(key)
				continue
			}
			if len(held) == size {
				gone, want := fast.evict(), slow.evict()
				if gone != want {
					t.Fatalf("evicted %d, want %d", gone, want)
				}
				delete(held, gone)
			}
			fast.add(key)
			slow.add(key)
			held[key] = true
			if fast.len() != len(held) {
				t.Fatalf("len is %d of %d", fast.len(), len(held))
			}
		}
	})
}

// slowSieve has the newest first, as the paper draws it.
type slowSieve struct {
	queue  []uint32
	marked map[uint32]bool
	hand   int // index; -1 = at the tail
}

func (s *slowSieve) add(key uint32) {
	s.queue = slices.Insert(s.queue, 0, key)
	if s.hand >= 0 {
		s.hand++
	}
}
func (s *slowSieve) use(key uint32) { s.marked[key] = true }
func (s *slowSieve) len() int       { return len(s.queue) }

func (s *slowSieve) evict() uint32 {
	if s.hand < 0 {
		s.hand = len(s.queue) - 1
	}
	for s.marked[s.queue[s.hand]] {
		s.marked[s.queue[s.hand]] = false
		if s.hand--; s.hand < 0 {
			s.hand = len(s.queue) - 1
		}
	}
	key := s.queue[s.hand]
	s.queue = slices.Delete(s.queue, s.hand, s.hand+1)
	s.hand--
	return key
}

func TestSieveIsThePapers(t *testing.T) {
	agree(t, "SIEVE", func(int) order { return &slowSieve{marked: map[uint32]bool{}, hand: -1} })
}

// slowS3 keeps its queues as slices, the oldest first, and every eviction from the small one.
type slowS3 struct {
	small, main, evicted []uint32
	uses                 map[uint32]int
	taken                map[uint32]bool
	room, reach          int
}

func (s *slowS3) add(key uint32) {
	recent := s.evicted[max(0, len(s.evicted)-s.reach):]
	if slices.Contains(recent, key) && !s.taken[key] {
		s.taken[key] = true
		s.main = append(s.main, key)
	} else {
		s.small = append(s.small, key)
	}
	s.uses[key] = 0
}

func (s *slowS3) use(key uint32) { s.uses[key] = min(s.uses[key]+1, 3) }
func (s *slowS3) len() int       { return len(s.small) + len(s.main) }

func (s *slowS3) evict() uint32 {
	for len(s.main) == 0 || len(s.small) >= s.room {
		key := s.small[0]
		s.small = s.small[1:]
		if s.uses[key] <= 1 {
			s.evicted, s.taken[key] = append(s.evicted, key), false
			return key
		}
		s.uses[key] = 0
		s.main = append(s.main, key)
	}
	for {
		key := s.main[0]
		s.main = s.main[1:]
		if s.uses[key] == 0 {
			return key
		}
		s.uses[key]--
		s.main = append(s.main, key)
	}
}

func TestS3FIFOIsThePapers(t *testing.T) {
	agree(t, "S3-FIFO", func(size int) order {
		room := max(size/10, 1)
		return &slowS3{uses: map[uint32]int{}, taken: map[uint32]bool{}, room: room, reach: size - room}
	})
}

// slowARC is REPLACE and the cases of the paper's figure 4 on slices, with the least recently used first.
type slowARC struct {
	t1, t2, b1, b2 []uint32
	p, c           int
}

func take(from *[]uint32, key uint32) bool {
	i := slices.Index(*from, key)
	if i >= 0 {
		*from = slices.Delete(*from, i, i+1)
	}
	return i >= 0
}

func (a *slowARC) use(key uint32) {
	_ = take(&a.t1, key) || take(&a.t2, key)
	a.t2 = append(a.t2, key)
}

func (a *slowARC) add(key uint32) {
	n1, n2 := len(a.b1), len(a.b2)
	switch {
	case take(&a.b1, key):
		a.p = min(a.p+max(n2/n1, 1), a.c)
		a.t2 = append(a.t2, key)
	case take(&a.b2, key):
		a.p = max(a.p-max(n1/n2, 1), 0)
		a.t2 = append(a.t2, key)
	default:
		a.t1 = append(a.t1, key)
		if len(a.t1)+len(a.b1) > a.c {
			a.b1 = a.b1[1:]
		} else if len(a.t1)+len(a.t2)+len(a.b1)+len(a.b2) > 2*a.c {
			a.b2 = a.b2[1:]
		}
	}
}

func (a *slowARC) evict() (key uint32) {
	if len(a.t1) > a.p || len(a.t2) == 0 {
		key, a.t1 = a.t1[0], a.t1[1:]
		a.b1 = append(a.b1, key)
		return key
	}
	key, a.t2 = a.t2[0], a.t2[1:]
	a.b2 = append(a.b2, key)
	return key
}

func (a *slowARC) len() int { return len(a.t1) + len(a.t2) }

func TestARCIsThePapers(t *testing.T) {
	agree(t, "ARC", func(size int) order { return &slowARC{c: size} })
}
