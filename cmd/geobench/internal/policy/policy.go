// Package policy is eviction policies without a cache around them: keys only, no values, no locks, no time. It is for
// asking what a policy would keep before anybody builds it.
//
// The life of a key. A Get that misses is followed by a load and a local write: the key enters the order of its
// policy, and later reads move or mark it there. An Arrive is a write of a peer that came by replication. Under most
// policies it enters that same order as new. Under one that sets the unread apart it waits in a queue of its own,
// enters the order when it is first read here, and is evicted before anything in the order as long as the queue is
// over its share of the capacity. The share is fixed, or learns (unread.go).
package policy

// Policy is a rule for what a full cache evicts. The zero value is none.
type Policy struct {
	Name string
	// Share is how much of the capacity, in percent, writes of peers that nobody here has read yet may take at the
	// cost of what was read here; 0 = they are not set apart.
	Share int
	// Learns tells that Share is the least, and that it grows and shrinks by what turns out to have been missed.
	Learns bool
	order  func(keys, size int) order
}

// LRU is the name of the policy that others are compared with.
const LRU = "LRU"

// All is every policy, LRU first.
func All() []Policy {
	return []Policy{
		{Name: LRU, order: newRecency},
		{Name: "SIEVE", order: newSieve},
		{Name: "S3-FIFO", order: newS3FIFO},
		{Name: "S3-FIFO without ghosts", order: newGhostless},
		{Name: "S3-FIFO in halves", order: newHalf},
		{Name: "ARC", order: newARC},
		{Name: "LRU + unread 5 %", Share: 5, order: newRecency},
		{Name: "LRU + unread 10 %", Share: 10, order: newRecency},
		{Name: "LRU + unread 20 %", Share: 20, order: newRecency},
		{Name: "LRU + unread learns", Share: 10, Learns: true, order: newRecency},
		{Name: "S3-FIFO + unread 5 %", Share: 5, order: newS3FIFO},
		{Name: "S3-FIFO + unread 10 %", Share: 10, order: newS3FIFO},
		{Name: "S3-FIFO + unread 20 %", Share: 20, order: newS3FIFO},
		{Name: "S3-FIFO + unread learns", Share: 10, Learns: true, order: newS3FIFO},
		{Name: "ARC + unread 20 %", Share: 20, order: newARC},
		{Name: "ARC + unread learns", Share: 10, Learns: true, order: newARC},
	}
}

// order is the keys that compete with one another, and which of them goes next.
type order interface {
	add(key uint32) // a key that is not in it enters
	use(key uint32) // a key in it was read
	evict() uint32  // takes out the key that goes next; there is one
	len() int
}
