package geo

// ID names a node: the text form of its libp2p peer ID.
type ID string

// Peer is what the network tells of an admitted member.
type Peer struct {
	ID        ID
	Region    string   // its label; may be empty
	Addrs     []string // dialable multiaddrs, each ending in /p2p/ID
	Connected bool     // admitted and connected now
}

// The lanes on which frames go from node to node. Each is a stream of its own, so that bulk does not delay what is small.
const (
	LaneProbe   uint8 = iota + 1 // latency, and whether there is anything to sync
	LaneFetch                    // a miss asks for values
	LaneSync                     // digests, records, credit
	LaneAck                      // how far an origin's records have come
	LaneExplain                  // what a node knows of a key
	LanePart                     // large values, part by part
)
