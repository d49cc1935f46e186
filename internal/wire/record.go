package wire

import (
	"encoding/binary"
	"slices"
	"sort"

	"github.com/geolru/geolru/crdt"
)

// The least bytes that an element takes, every item of it being one byte: what a list must have before it is allocated.
const (
	leastBatched   = 7
	leastRecord    = 8
	leastTouch     = 5
	leastWant      = 5
	leastHead      = 3
	leastForgotten = 4
	leastOffer     = 9
	leastCache     = 14
	leastKey       = 2
)

// batched passes over a record in a batch, where it has no origin of its own.
func batched(c *codec, r *Record) {
	c.tuple(6)
	c.anyKey(&r.Key)
	number(c, &r.Version.Time)
	rest(c, r)
}

// rest passes over what all records end with.
func rest(c *codec, r *Record) {
	number(c, &r.Seq)
	small(c, &r.Kind)
	c.deadline(&r.Deadline, r.Version.Time.Milli())
	c.value(r)
}

// value passes over the bytes of a record. They are copied, for the frame's buffer is reused. No bytes are the empty
// value of a record that has one, and nil in another. Bytes where none belong are kept for CheckRecord to find.
func (c *codec) value(r *Record) {
	if !c.reading {
		putString(c, majorBytes, r.Value)
		return
	}
	v := c.view(majorBytes)
	if len(v) > 0 || r.Kind == crdt.Value {
		r.Value = make([]byte, len(v))
		copy(r.Value, v)
	}
}

// records passes over the table of origins and the records that refer to it. A frame over the usual size may hold a
// single one; what else is in it is bounded by the length of lists and names.
func (c *codec) records(s *[]Record) {
	t := c.table(*s)
	most := MaxFrameRecords
	if c.reading && len(c.b) > frameLimit {
		most = 1
	}
	list(c, s, most, leastRecord, func(c *codec, r *Record) {
		c.tuple(7)
		c.anyKey(&r.Key)
		number(c, &r.Version.Time)
		c.index(t, &r.Version.Origin)
		rest(c, r)
	})
}

// table is origins, strictly ascending, 8 bytes each: as it stands in the frame, so that reading allocates nothing.
type table []byte

func (t table) len() int             { return len(t) / 8 }
func (t table) at(i int) crdt.Origin { return crdt.Origin(binary.BigEndian.Uint64(t[8*i:])) }

func (t table) find(o crdt.Origin) int {
	return sort.Search(t.len(), func(i int) bool { return t.at(i) >= o })
}

// ascending tells whether the table is in order and names no origin twice.
func (t table) ascending() bool {
	for i := 1; i < t.len(); i++ {
		if t.at(i-1) >= t.at(i) {
			return false
		}
	}
	return true
}

// table passes over the origins of a frame's records.
func (c *codec) table(records []Record) table {
	if !c.reading {
		t := tableOf(records)
		putString(c, majorBytes, t)
		return t
	}
	t := table(c.originBytes())
	if !t.ascending() {
		c.fail(ErrMalformed, "table of origins not in ascending order")
	}
	return t
}

func tableOf(records []Record) table {
	origins := make([]crdt.Origin, 0, len(records))
	for i := range records {
		origins = append(origins, records[i].Version.Origin)
	}
	slices.Sort(origins)
	return packOrigins(slices.Compact(origins))
}

// index passes over the place of an origin in the table.
func (c *codec) index(t table, p *crdt.Origin) {
	if !c.reading {
		c.put(majorUint, uint64(t.find(*p)))
		return
	}
	i := c.take(majorUint)
	if i >= uint64(t.len()) {
		c.fail(ErrMalformed, "origin that is not in the table")
		return
	}
	*p = t.at(int(i))
}

// origins passes over a list of origins, in any order, none of them 0.
func (c *codec) origins(s *[]crdt.Origin) {
	if c.reading {
		*s = unpackOrigins(c.originBytes())
	} else {
		putString(c, majorBytes, packOrigins(*s))
	}
	if len(*s) > MaxFrameRecords {
		c.fail(ErrTooLarge, "too many origins")
	}
	if slices.Contains(*s, 0) {
		c.fail(ErrMalformed, "origin 0")
	}
}

// originBytes reads a byte string of whole origins, not too many of them.
func (c *codec) originBytes() []byte {
	v := c.view(majorBytes)
	if len(v)%8 != 0 {
		c.fail(ErrMalformed, "origin is not 8 bytes")
		return nil
	}
	if len(v) > 8*MaxFrameRecords {
		c.fail(ErrTooLarge, "too many origins")
		return nil
	}
	return v
}

func packOrigins(s []crdt.Origin) []byte {
	b := make([]byte, 0, 8*len(s))
	for _, o := range s {
		b = binary.BigEndian.AppendUint64(b, uint64(o))
	}
	return b
}

func unpackOrigins(b []byte) []crdt.Origin {
	if len(b) == 0 {
		return nil
	}
	s := make([]crdt.Origin, 0, len(b)/8)
	for part := range slices.Chunk(b, 8) {
		s = append(s, crdt.Origin(binary.BigEndian.Uint64(part)))
	}
	return s
}

// touch passes over a touch. Its key is not looked at here but by CheckTouch.
func touch(c *codec, t *Touch) {
	c.tuple(4)
	c.anyKey(&t.Key)
	version(c, &t.Version)
	c.deadline(&t.Deadline, t.Version.Time.Milli())
}

// version passes over a version that stands by itself.
func version(c *codec, v *crdt.Version) {
	number(c, &v.Time)
	number(c, &v.Origin)
}

// room is what these records take at most, to allocate a frame once.
func room(records []Record) int {
	n := 0
	for i := range records {
		n += RecordSize(len(records[i].Key), len(records[i].Value))
	}
	return n
}
