package geolru

import (
	"errors"
	"fmt"

	"github.com/geolru/geolru/internal/store"
)

// The errors to test for with errors.Is. What a loader returns comes back as it is, and is none of these unless the
// loader returned one.
var (
	// ErrNotFound: nothing is here, and no peer and no loader had it either. A loader returns it, or an error that
	// wraps it, to say that there is no such thing.
	ErrNotFound = errors.New("geolru: not found")
	// ErrClosed: the cache, or the node that it is on, is closed.
	ErrClosed = errors.New("geolru: closed")
	// ErrTooLarge: a key that is empty or over 1,024 bytes, a value that is over 8 MiB encoded, or one that weighs
	// more than the capacity.
	ErrTooLarge = errors.New("size out of bounds")
	// ErrTTL: a lifetime that is under 1 ms, or over the longest that the cache allows.
	ErrTTL = errors.New("lifetime out of bounds")
)

// Limits of what a cache takes. They are the same on every node, or nodes would refuse each other's records.
const (
	maxKey   = 1024
	maxValue = 8 << 20 // encoded; a cache without a node does not encode, and has no such limit
	maxName  = 255
)

// checkKey tells what is wrong with a key, naming the operation.
func checkKey(op, key string) error {
	if len(key) > 0 && len(key) <= maxKey {
		return nil
	}
	return unfitKey(op, key)
}

func unfitKey(op, key string) error {
	if key == "" {
		return fmt.Errorf("geolru: %s: the key is empty: %w", op, ErrTooLarge)
	}
	return fmt.Errorf("geolru: %s: a key of %d bytes, %d are allowed: %w", op, len(key), maxKey, ErrTooLarge)
}

// wrap names the operation and the key that an error of the store or codec belongs to.
func wrap(op, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrTooLarge):
		return fmt.Errorf("geolru: %s %q: the value weighs more than the capacity: %w", op, key, ErrTooLarge)
	}
	return fmt.Errorf("geolru: %s %q: %w", op, key, err)
}
