// Package sim is a deterministic world for the engine: nodes, their clocks, the links between them and what goes wrong
// with both, all from one seed. It runs the production engine (replica, store, crdt, lru, ttl) and nothing but the
// network and the clock is simulated; one goroutine runs all events in order of time, so a seed always tells the same
// story.
//
// A world is made with New, nodes join with Add, and Run lets time pass. Between runs a test reads and writes the
// caches of the nodes as an application would, and cuts, heals, crashes and skews.
package sim
