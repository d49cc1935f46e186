// Package links brings writes from one process to another, by geolru and by what one would use instead.
//
// The life of a pair: one process opens the Reader of a Link and tells its Addr; the other opens the Writer with it. Each
// write is visible when the reader's side would serve it to its own application.
package links

import (
	"os"
	"sync"
)

// Reader is the side that writes come to. Safe for concurrent use.
type Reader interface {
	// Addr is what the writer needs to find this side.
	Addr() string
	// Watch has visible called for each key that becomes visible from now on, by one goroutine.
	Watch(visible func(key string)) error
	// Count is how many keys are visible.
	Count() (int, error)
	// Helpers is the processes that do a part of the work of this side.
	Helpers() []*os.Process
	Close() error
}

// Writer is the side that writes come from. For one goroutine.
type Writer interface {
	// Write may keep the record back until Flush. It takes the value: the caller may not change it.
	Write(key string, value []byte) error
	// Flush sends what was kept back. It need not wait until it is visible anywhere.
	Flush() error
	// Helpers is the processes that do a part of the work of this side.
	Helpers() []*os.Process
	Close() error
}

// Link is a way to replicate. dir is an empty directory of that side.
type Link struct {
	Name string
	// Module is the Go module whose version says what was measured; "" = the standard library or another program.
	Module string
	// Version is that of another program; nil = none.
	Version func() string
	// Carrier tells that it only carries bytes: no order, no cache, no repair.
	Carrier bool
	// Missing tells why it cannot be measured here; "" = it can.
	Missing func() string
	Read    func(dir string) (Reader, error)
	Write   func(dir, addr string) (Writer, error)
}

// All is every link, geolru first.
func All() []Link {
	return []Link{
		{Name: "geolru", Module: "github.com/geolru/geolru", Read: readGeolru, Write: writeGeolru},
		{Name: "tcp stream", Carrier: true, Read: readTCP, Write: writeTCP},
		{Name: "libp2p stream", Module: "github.com/libp2p/go-libp2p", Carrier: true, Read: readLibp2p, Write: writeLibp2p},
		{Name: "redis", Version: redisVersion, Missing: redisMissing, Read: readRedis, Write: writeRedis},
		{Name: "nats kv", Module: "github.com/nats-io/nats-server/v2", Read: readNATS, Write: writeNATS},
	}
}

// keep is the least that a reader can keep: a map under a lock. The zero value is empty.
type keep struct {
	mu      sync.Mutex
	held    map[string][]byte
	visible func(string)
}

func (k *keep) put(key string, value []byte) {
	k.mu.Lock()
	if k.held == nil {
		k.held = map[string][]byte{}
	}
	k.held[key] = value
	visible := k.visible
	k.mu.Unlock()
	if visible != nil {
		visible(key)
	}
}

// Watch has visible called for each key from now on.
func (k *keep) Watch(visible func(string)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.visible = visible
	return nil
}

// Count is how many keys are there.
func (k *keep) Count() (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.held), nil
}

// alone is a side without helpers.
type alone struct{}

// Helpers is nobody.
func (alone) Helpers() []*os.Process { return nil }
