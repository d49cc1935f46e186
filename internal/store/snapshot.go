package store

import (
	"iter"

	"github.com/geolru/geolru/crdt"
)

// Snapshot is a replica as it can be kept and restored, to be read in the order of its fields, once: what it had seen
// is told before the records are read, and what it had forgotten after that. Not safe for concurrent use.
type Snapshot struct {
	// Seen is a digest, ascending by origin, in which the origin of the replica itself is one of many.
	Seen []crdt.Known
	// Records is every record with its dot: values in their order of use, hottest first, then ghosts and tombstones, at
	// last the Clear, if there is one. An error ends it, and what came before is worth nothing.
	Records iter.Seq2[Record[[]byte], error]
	// Past may be called once Records has come to its end without an error.
	Past func() Past
}

// Past is what a replica no longer knows, and the time below which it must not write again.
type Past struct {
	Floor     crdt.Time
	Forgotten map[crdt.Origin]Forgotten
	Ceiling   crdt.Time // the last time that its clock gave or saw
}

// Restore takes over what an earlier life of this replica had forgotten. Unlike Adopt it drops nothing: the records here
// are that life's own, so they are what it still knew.
func (s *Store[P]) Restore(floor crdt.Time, forgotten map[crdt.Origin]Forgotten) {
	s.memory.rise(floor)
	for o, f := range forgotten {
		s.memory.number(crdt.Dot{Origin: o, Seq: f.N}, f.Time)
	}
}
