package crdt

import "cmp"

// Origin names one life of one replica of a cache: drawn anew at every start, so
// that a replica which lost its memory never gives a version or a dot twice.
// Zero is no origin.
type Origin uint64

// Version orders the writes of a key: the higher wins. The order is total, for no
// two writes share both a time and an origin. The zero value is below all others.
type Version struct {
	Time   Time
	Origin Origin // breaks ties of Time, and means nothing else in the order
}

// Compare orders versions by time, then by origin: -1 if v is below w, 0 if they
// are equal, 1 if v is above.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Time, w.Time), cmp.Compare(v.Origin, w.Origin))
}

// Less tells whether w wins over v.
func (v Version) Less(w Version) bool { return v.Compare(w) < 0 }

// Dot numbers the records of an origin in the order in which they first left it.
// Seq runs from 1 to 2^63-1; 0 is no dot.
type Dot struct {
	Origin Origin
	Seq    uint64
}
