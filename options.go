package geolru

import (
	"context"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/geolru/geolru/internal/store"
)

const (
	defaultName     = "default"
	defaultCapacity = 50_000
	defaultTTL      = 24 * time.Hour

	minTTL = time.Millisecond // deadlines are whole milliseconds
	maxTTL = 60 * 24 * time.Hour
)

// Options says what a cache is. The zero value works: a cache in this process alone, of 50,000 entries that live for
// a day. Open copies it, so it may be changed or shared afterwards; the functions in it are called from many
// goroutines at once.
type Options[V any] struct {
	// Name, on a node: caches of one name on one mesh are replicas of each other. At most 255 bytes; "" = "default".
	Name string
	// Node is the membership of a mesh, from [Join]; nil = the cache is of this process alone, nothing is encoded.
	Node *Node
	// Capacity is in entries, or in weight if Weigh is set. It is never exceeded; 0 = 50,000.
	Capacity int
	// TTL is how long an entry lives by default, and the longest that one may live: 1 ms to 60 days, in whole
	// milliseconds; 0 = 24 h. Replicas of a cache must agree on it, or they do not talk to each other.
	TTL time.Duration

	// Load makes the value of a key that is nowhere to be found; nil = such a key is ErrNotFound. At most one call for
	// a key and 256 in all run at a time. The context has the values of the first caller's, and is cancelled when
	// nobody waits for the result any more. It may write to the cache, but should not Get a missing key from it: of the
	// same key it would wait for itself, of another for one of the 256 places, all of which may do so.
	Load func(ctx context.Context, key string) (V, error)
	// Refresh is the age at which an entry that is read by Get or GetMany is loaded anew in the background, once,
	// while the reader gets what is here. A failing refresh leaves the entry until its deadline, and is tried again
	// after 5 s (sooner if with Weigh those of more than 50,000 keys fail). It needs Load; 0 = never.
	Refresh time.Duration

	// Weigh tells how much of Capacity a value takes, at least 1; nil = 1 each. It runs under a lock: it must be quick
	// and must not call the cache. On a node it makes values be decoded when they arrive; one that does not decode
	// weighs 1, and one of a peer on which it panics is not kept here.
	Weigh func(key string, value V) int
	// OnEvict is told of each value that left this node, and why. No lock is held: it may call the cache, but not close
	// it or its node. Whatever made the value leave waits for it, so it should be quick: for values that expire that is
	// what takes them out of memory, in every cache of the process that is on no node.
	OnEvict func(key string, value V, cause Cause)
	// Codec makes bytes of values and back, for a cache on a node. nil = CBOR, but []byte and string as they are.
	Codec Codec[V]
}

// Cause is why a value left a node. The zero value is none of them.
type Cause uint8

// Causes, as they are told to Options.OnEvict.
const (
	CauseCapacity = Cause(store.CauseCapacity) // evicted for room, here only
	CauseExpired  = Cause(store.CauseExpired)  // its deadline came
	CauseDeleted  = Cause(store.CauseDeleted)  // deleted or cleared, here or on another node
	CauseReplaced = Cause(store.CauseReplaced) // overwritten, here or on another node
)

var causes = [...]string{"unknown", "capacity", "expired", "deleted", "replaced"}

// String is the cause in one word, for people.
func (c Cause) String() string { return name(causes[:], int(c)) }

// name is the i-th of the names, or the first.
func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return names[0]
}

// complete checks the options and fills in the defaults.
func (o Options[V]) complete() (Options[V], error) {
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.Capacity == 0 {
		o.Capacity = defaultCapacity
	}
	if o.TTL == 0 {
		o.TTL = defaultTTL
	}
	return o, o.check()
}

func (o Options[V]) check() error {
	switch {
	case len(o.Name) > maxName:
		return fmt.Errorf("geolru: open: Options.Name has %d bytes, %d are allowed", len(o.Name), maxName)
	case !utf8.ValidString(o.Name):
		return fmt.Errorf("geolru: open: Options.Name %q is not UTF-8", o.Name)
	case o.Capacity < 0:
		return fmt.Errorf("geolru: open %q: Options.Capacity is %d, it cannot be negative", o.Name, o.Capacity)
	case o.TTL < minTTL || o.TTL > maxTTL:
		return fmt.Errorf("geolru: open %q: Options.TTL is %v, it must be 1 ms to 60 days: %w", o.Name, o.TTL, ErrTTL)
	case o.Refresh < 0:
		return fmt.Errorf("geolru: open %q: Options.Refresh is %v, it cannot be negative", o.Name, o.Refresh)
	case o.Refresh > 0 && o.Load == nil:
		return fmt.Errorf("geolru: open %q: Options.Refresh needs Options.Load", o.Name)
	}
	return nil
}

// weigh is Weigh within its bounds: a value that weighs nothing would be kept beside any number of others.
func (o Options[V]) weigh() func(key string, v V) int {
	if o.Weigh == nil {
		return nil
	}
	return func(key string, v V) int { return min(max(o.Weigh(key, v), 1), math.MaxInt32) }
}

// entries is how many entries there may be, as far as that is known. A capacity that is a weight does not tell (of a
// gigabyte it would be a thousand million), so it counts as the default at the most.
func (o Options[V]) entries() int {
	if o.Weigh != nil {
		return min(o.Capacity, defaultCapacity)
	}
	return o.Capacity
}
