// Package caches puts every cache that is measured behind one interface, so that all are asked the same by the same
// code. The interface is generic and each cache is instantiated at the type of its values: no value is boxed, and what
// the interface costs, one indirect call, it costs all of them.
//
// [All] is the table; each adapter has a file. They are configured as their documentation recommends for a cache of
// so many entries with one lifetime, and left at their defaults otherwise.
package caches

import (
	"runtime/debug"
	"time"
)

// Cache is a cache under measurement. Get, Set and Held are safe for concurrent use, as those of the caches are.
type Cache[V any] interface {
	Get(key string) (V, bool)
	Set(key string, value V) // for the lifetime given to Open
	Held() int               // entries in memory, also expired ones if they are still there
	Settle()                 // returns once what was set before it took its effect
	Close()                  // ends its goroutines, where it has a way to; the cache is not used afterwards
}

// Timed is a cache whose entries may have a lifetime each.
type Timed[V any] interface {
	Cache[V]
	SetTTL(key string, value V, ttl time.Duration)
}

// Contender is a cache to be measured. The zero value is none.
type Contender[V any] struct {
	Name    string
	Module  string // path, "" = the standard library
	Bounded bool   // it evicts to keep to a number of entries
	Expires bool   // its entries have lifetimes
	// Open makes one for at most this many entries. The lifetime is ignored where there is none.
	Open func(capacity int, ttl time.Duration) (Cache[V], error)
}

// OnNode is the name of the contender that keeps the same entries as the one before it, and signs and sends them.
const OnNode = "geolru on a node"

// All is every contender, the one that all are compared with first. The one that cannot be closed is last, so that
// what it leaves behind burdens none in its round.
func All[V any]() []Contender[V] {
	return []Contender[V]{
		{"geolru", "github.com/geolru/geolru", true, true, openGeolru[V]},
		{OnNode, "github.com/geolru/geolru", true, true, openGeolruNode[V]},
		{"otter", "github.com/maypok86/otter/v2", true, true, openOtter[V]},
		{"theine", "github.com/Yiling-J/theine-go", true, true, openTheine[V]},
		{"ristretto", "github.com/dgraph-io/ristretto/v2", true, true, openRistretto[V]},
		{"phuslu", "github.com/phuslu/lru", true, true, openPhuslu[V]},
		{"freelru", "github.com/elastic/go-freelru", true, true, openFreelru[V]},
		{"ttlcache", "github.com/jellydator/ttlcache/v3", true, true, openTTLCache[V]},
		{"golang-lru", golangLRU, true, false, openGolangLRU[V]},
		{"map+RWMutex", "", false, false, openShardedMap[V]},
		{"golang-lru expirable", golangLRU, true, true, openExpirable[V]},
	}
}

const golangLRU = "github.com/hashicorp/golang-lru/v2"

// Version is which version of a module this program was built with, "" if it does not say.
func Version(module string) string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range b.Deps {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			return "this tree"
		}
		return m.Version
	}
	return ""
}
