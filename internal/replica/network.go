package replica

import (
	"time"

	"github.com/geolru/geolru/geo"
)

// Clock is the physical clock of a node and its timers.
type Clock interface {
	Now() int64                                         // Unix nanoseconds
	After(d time.Duration, f func()) (stop func() bool) // f runs once, on any goroutine
}

// Network is what the engine needs of the messages between nodes. All of it returns at once.
type Network interface {
	Self() geo.ID
	Open(cache string) error                       // take part in the gossip of a cache
	Shut(cache string)                             // and no more
	Publish(cache string, batch []byte) bool       // gossip; false: dropped or congested
	Send(to geo.ID, lane uint8, frame []byte) bool // in order while the connection lives; false: not connected or congested
	Keep(want []geo.ID)                            // whom to stay connected to

	// Serve begins the traffic. frame gets what comes in, gossip on lane 0 with its cache and author; false calls it
	// malformed. peer is called when a member is admitted and when its connection is gone, drop when gossip was dropped.
	Serve(frame func(from geo.ID, lane uint8, cache string, b []byte) bool, peer func(geo.Peer), drop func(geo.Drop))
}
