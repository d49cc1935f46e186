package policy

// s3fifo is S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023).
// What is new enters a small queue of a tenth of the cache. At its end, what was used more than once goes on to the
// main queue and the rest is evicted, but its key is remembered as a ghost, of which there are as many as the main
// queue has room for; a ghost that comes back enters the main queue at once. At the end of the main queue, what was
// used since goes round again.
//
// One step differs from the paper's Algorithm 1, which evicts a key from a full main queue for each one that moves on
// to it, and then one from the small queue as well, so that the cache is not quite full. Here a move is no eviction:
// the next look is at whichever queue is then over its size.
type s3fifo struct {
	small, main chain
	uses        []uint8 // by key, since it entered its queue; 3 at the most
	room        int     // of small
	gone        ghosts
}

const (
	smallShare = 10 // percent
	mostUses   = 3
	movesOn    = 2 // uses
)

func newS3FIFO(keys, size int) order {
	room := max(size*smallShare/100, 1)
	return makeS3FIFO(keys, room, size-room)
}

// newGhostless is S3-FIFO in a cache that remembers nothing of what it evicted.
func newGhostless(keys, size int) order { return makeS3FIFO(keys, max(size*smallShare/100, 1), 0) }

// newHalf is S3-FIFO with queues of the same size, and ghosts for as many keys as the cache holds: nearer to LRU.
func newHalf(keys, size int) order { return makeS3FIFO(keys, max(size/2, 1), size) }

func makeS3FIFO(keys, room, reach int) order {
	return &s3fifo{small: newChain(keys), main: newChain(keys), uses: make([]uint8, keys), room: room, gone: newGhosts(keys, reach)}
}

func (s *s3fifo) add(key uint32) {
	to := &s.small
	if s.gone.take(key) {
		to = &s.main
	}
	s.uses[key] = 0
	to.push(key)
}

func (s *s3fifo) use(key uint32) { s.uses[key] = min(s.uses[key]+1, mostUses) }

func (s *s3fifo) evict() uint32 {
	for {
		evict := s.evictMain
		if s.small.len() >= s.room || s.main.len() == 0 {
			evict = s.evictSmall
		}
		if key, ok := evict(); ok {
			return key
		}
	}
}

// evictSmall evicts the oldest of the small queue, or moves it on.
func (s *s3fifo) evictSmall() (key uint32, ok bool) {
	key = s.small.pop()
	if s.uses[key] < movesOn {
		s.gone.add(key)
		return key, true
	}
	s.uses[key] = 0
	s.main.push(key)
	return 0, false
}

// evictMain evicts the oldest of the main queue, or has it go round.
func (s *s3fifo) evictMain() (key uint32, ok bool) {
	key = s.main.oldest()
	if s.uses[key] == 0 {
		return s.main.pop(), true
	}
	s.uses[key]--
	s.main.renew(key)
	return 0, false
}

func (s *s3fifo) len() int { return s.small.len() + s.main.len() }
