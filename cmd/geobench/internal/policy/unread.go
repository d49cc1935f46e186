package policy

// unread is the keys that peers wrote and nobody here has read yet, the oldest first, and how many of them may be held
// at the cost of what was read here. The zero value is none, and learns nothing.
//
// A share that learns goes the way of ARC's target: a miss of what was evicted unread says that the share is too small,
// a miss of what was evicted from the order says that it is too large. least keeps room for a burst of writes, the
// order keeps a tenth.
type unread struct {
	chain
	share, least, most int

	learns bool
	gone   ghosts // what was evicted, from here or from the order
	early  []bool // by key: it was evicted from here
}

const orderKeeps = 10 // percent

func newUnread(p Policy, keys, size int) unread {
	share := max(size*p.Share/100, 1)
	u := unread{chain: newChain(keys), share: share, least: share, most: max(size-size*orderKeeps/100, share)}
	if u.learns = p.Learns; u.learns {
		u.gone, u.early = newGhosts(keys, size), make([]bool, keys)
	}
	return u
}

// evicted notes that a key was evicted, early if nobody had read it.
func (u *unread) evicted(key uint32, early bool) {
	if u.learns {
		u.gone.add(key)
		u.early[key] = early
	}
}

// learn draws the conclusion from a miss.
func (u *unread) learn(key uint32) {
	switch {
	case !u.learns || !u.gone.take(key):
	case u.early[key]:
		u.share = min(u.share+1, u.most)
	default:
		u.share = max(u.share-1, u.least)
	}
}
