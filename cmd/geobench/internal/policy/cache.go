package policy

// Cache is a cache of keys under a policy. [Policy.New] makes one; not safe for concurrent use.
//
// Invariant: a key that is held is in order or in unread, and places says in which. No more than size are held.
type Cache struct {
	size   int
	places []place // by key
	order  order
	apart  bool // unread is used
	unread unread
}

type place uint8

const (
	nowhere place = iota
	ordered
	waiting // in unread
)

// New makes an empty cache of size entries, at least 1, for keys 0 to keys-1.
func (p Policy) New(keys, size int) *Cache {
	c := &Cache{size: size, places: make([]place, keys), order: p.order(keys, size), apart: p.Share > 0}
	if c.apart {
		c.unread = newUnread(p, keys, size)
	}
	return c
}

// Get reads a key here and tells whether it was held; one that was not is loaded and written here.
func (c *Cache) Get(key uint32) (hit bool) {
	switch c.places[key] {
	case ordered:
		c.order.use(key)
		return true
	case waiting:
		c.unread.remove(key)
		c.enter(key)
		return true
	}
	c.unread.learn(key)
	c.makeRoom(0)
	c.enter(key)
	return false
}

// Arrive takes in a write of a peer. One of a key that is held counts as a use of it, as in the store.
func (c *Cache) Arrive(key uint32) {
	switch at := c.places[key]; {
	case at == ordered:
		c.order.use(key)
	case at == waiting:
		c.unread.renew(key)
	case c.apart:
		c.makeRoom(1)
		c.unread.push(key)
		c.places[key] = waiting
	default:
		c.makeRoom(0)
		c.enter(key)
	}
}

func (c *Cache) enter(key uint32) {
	c.order.add(key)
	c.places[key] = ordered
}

// makeRoom evicts until one more key fits, of which coming are unread.
func (c *Cache) makeRoom(coming int) {
	for c.Held() >= c.size {
		c.places[c.evict(coming)] = nowhere
	}
}

// evict takes from the unread if they are over their share, or all there is.
func (c *Cache) evict(coming int) (key uint32) {
	n := c.unread.len()
	early := n > 0 && (n+coming > c.unread.share || c.order.len() == 0)
	if early {
		key = c.unread.pop()
	} else {
		key = c.order.evict()
	}
	c.unread.evicted(key, early)
	return key
}

// Holds tells whether a key is held, which is no use of it.
func (c *Cache) Holds(key uint32) bool { return c.places[key] != nowhere }

// Held counts the keys that are held.
func (c *Cache) Held() int { return c.order.len() + c.unread.len() }

// Full tells whether the next key that enters has another evicted.
func (c *Cache) Full() bool { return c.Held() == c.size }
