// Package store holds the records of one cache on one node: crdt, lru and ttl together, in shards.
//
// The life of a record. A local write takes the lock of its key's shard, draws a stamp above whatever is known of the
// key, and merges itself; a record from a peer takes the same lock and merges by the same function (merge.go), the one
// door. The winner is in the table of the shard: a value in the order of use with its deadline in the timing wheel, a
// ghost or a tombstone in a ring of its own, ordered by version. A value that must make room becomes a ghost, one that
// expires becomes a ghost, and a ghost or tombstone that its ring has no room for is forgotten: then the floor rises
// and the forgotten number of its origin (forget.go), and nothing at or below the floor is believed any more unless
// somebody vouches for it.
//
// A local write also links its record into the shard's outbox (outbox.go), from which the engine takes it, gives it
// its dot and sends it. A cache without a node keeps no ghosts, no tombstones and no outbox.
//
// Locks. A shard's mutex guards its table, wheel, rings and outbox. Hooks of Config that run under it (Forgot, and the
// function given to OnChange) may take leaf locks only and must not call the store. Evicted and Dirty run outside.
package store
