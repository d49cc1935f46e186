// Package replica is the engine: it makes the caches of a node replicas of those of other nodes.
//
// The life of a write. A local write goes straight into the cache's store, which stamps it, merges it and links it into
// its outbox. The outbox wakes the engine (set.go), which at once or a window later drains it into batches, gives every
// record its dot and publishes them. On every other node a batch comes in (deliver.go): each record passes the clock
// check and goes through the one door, store.Merge; then its dot is marked as seen, and the author is told how far it
// has come (ack.go). What gossip lost shows as a gap in the numbers, or as digests that differ in a probe (peers.go), and
// a pull brings it (pull.go asks, answer.go answers), at once where a queue tells that it dropped something (doubt.go). A read
// that finds nothing here asks the nearest peers (get.go; lend.go answers), unless this node can know that they have nothing
// either (even.go); what is large comes in parts (transfer.go); before it is loaded, the nodes that miss it settle which of
// them does that (claim.go).
//
// The engine starts no goroutine and never blocks: calls, frames and timers come in, frames and continuations go out.
// Time, randomness and the network are given to it, so a simulator runs this very code.
//
// Locks. Engine.mu guards everything but the stores. It is never held while a store is written, for what a store tells
// the user runs then; it may be held while a store is read, and while the network is given a frame. A store's Forgot
// hook takes answers.mu only, a leaf.
package replica
