package store

import "github.com/geolru/geolru/crdt"

// item is one record in its slot: what a cache without a node needs of it. With its key, its links and a value of three
// words it fills a line of the processor's cache, which is all of the slab that a hit reads.
type item[P any] struct {
	value P
	time  crdt.Time // of its version; the origin is in extras
	term  term
}

// term is a deadline, Unix milliseconds, and a kind in the low bits: one word, so that both are in the line that a hit
// reads. A hybrid logical time has 48 bits of milliseconds, and no deadline is beyond the last one by more than L.
type term int64

const kindBits = 3

func termOf(deadline int64, k crdt.Kind) term { return term(deadline<<kindBits | int64(k)) }

func (t term) deadline() int64 { return int64(t >> kindBits) }

func (t term) kind() crdt.Kind { return crdt.Kind(t & (1<<kindBits - 1)) }

func (it *item[P]) kind() crdt.Kind { return it.term.kind() }

func (it *item[P]) deadline() int64 { return it.term.deadline() }

// extra is what a replica needs of a record beside its item. Zero for a slot that is not used.
type extra struct {
	origin crdt.Origin
	seq    uint64
	place  uint32 // where its ring holds it (ghosts and tombstones)
	before uint32 // neighbours in the outbox, slots; 0 = none
	after  uint32
	out    outFlags
}
