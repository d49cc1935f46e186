// Package geolru is a cache that is in every region at once: least recently used, with lifetimes, written anywhere,
// the last writer wins.
//
//	users, err := geolru.Open(geolru.Options[User]{Load: loadUser}) // in this process
//
//	node, err := geolru.Join(ctx, geolru.Mesh{Listen: …, Bootstrap: …, Secret: …}) // in every region
//	users, err := geolru.Open(geolru.Options[User]{Name: "users", Node: node, Load: loadUser})
//
//	u, err := users.Get(ctx, "42")
//
// The life of one Get. The key is looked up here; if it is there and its deadline has not come, that is all: a few
// tens of nanoseconds, whatever the network does. If not, one flight sets out for all who want the key. On a node it
// asks the nearest peer, and the next one if that takes too long, unless the node knows that no peer can have it; what
// a peer lends keeps its version and deadline. If no peer has it, one of the nodes that miss it
// makes it by Options.Load while the others wait, and the result goes into the cache as if it had been written when the
// load began.
//
// The life of one Set. The value gets a version, a time of a hybrid logical clock and this node's mark, and is here.
// The call returns. On a node the value is also encoded, waits in an outbox, leaves with others in a batch to all
// peers by gossip, and enters their caches by the same door; what gossip loses, a sync brings, within seconds of a
// connection. Of two writes of a key the higher version wins, on every node the same one.
//
// What is promised. On a node, a write is read at once. Between nodes: no entry past its deadline, no deleted value
// again, no older version than one that the node has shown; when in doubt an entry is dropped, for a miss costs a
// load, a stale read costs trust. A write survives the crash of its node once one other node has it: [Cache.Sync]
// waits for that. Clocks must be within 30 s of each other.
//
// What it is not: a database (entries go, for room and by lifetime), a lock or a counter (two nodes may both write,
// and one write wins).
//
// A value is immutable once it is handed over: the cache and all its readers share it. [Cache.Update] gets the value
// that is here and returns another. What V may be is up to the codec; the default one is for plain data: exported
// fields, no cycles. Fields go by their `cbor` tags, else `json` tags, else names: give a tag to rename a field in Go and
// keep it in the cache. A program that knows fewer fields than the one that wrote a value passes all of them on, but an
// Update by it writes the fields that it knows.
//
// In a Cache[any], and wherever a V holds an any, a value has its own type on the node that wrote it, and on others that
// which its encoding tells: whole numbers are uint64, negative ones int64, whatever int type they had (a time.Duration
// is one, too); floats float64; slices and arrays []any, but []byte; structs and maps with string keys map[string]any,
// other maps map[any]any; strings, bools, []byte, time.Time and nil stay what they are. A type of one's own arrives
// as itself only if V names it.
package geolru
