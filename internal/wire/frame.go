package wire

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// The numbers of the types. Part of the format: one that has been in use is never given to another type.
const (
	numberBatch = 1 + iota
	numberProbe
	numberFetch
	numberFetched
	numberAck
	numberExplain
	numberExplained
	numberPull
	numberAnswer
	numberRecords
	numberList
	numberEnd
	numberCredit
	numberBusy
	numberAudit
	numberAudited
	numberClaim
	numberClaimed
	numberOffers
	numberTake
	numberPart
)

// Encode encodes a message. It fails with ErrTooLarge beyond the limits of lists, names and frames, and with
// ErrMalformed if the message holds what Decode would refuse: a cache without a name, a name that is not UTF-8, a
// negative time, an origin 0 in a list, a digest that contradicts itself. The content of records is not checked.
func Encode(m Message) ([]byte, error) {
	number, fields := m.head()
	size := room(recordsOf(m)) + recordRoom
	if p, ok := m.(*Part); ok {
		size += len(p.Bytes)
	}
	c := codec{b: make([]byte, 0, size)}
	c.tuple(2 + fields)
	c.put(majorUint, Version)
	c.put(majorUint, number)
	m.fields(&c)
	if limit := limitOf(m); len(c.b) > limit {
		c.fail(ErrTooLarge, fmt.Sprintf("frame of %d bytes, %d are allowed", len(c.b), limit))
	}
	if c.err != nil {
		return nil, fmt.Errorf("wire: encode %T: %w", m, c.err)
	}
	return c.b, nil
}

// Decode decodes what Encode made. Nothing of the message shares memory with the frame.
//
// An error means that the whole frame is refused: ErrTooLarge, ErrVersion, ErrUnknownType (to be ignored and counted,
// the sender is newer) or ErrMalformed. The content of records is left to CheckRecord.
func Decode(frame []byte) (Message, error) {
	m, err := decode(frame)
	if err != nil {
		return nil, fmt.Errorf("wire: decode frame: %w", err)
	}
	return m, nil
}

func decode(frame []byte) (Message, error) {
	c := newReader(frame)
	fields, number := c.begin()
	if c.err != nil {
		return nil, c.err
	}
	m := newMessage(number)
	if limit := limitOf(m); len(frame) > limit {
		return nil, fmt.Errorf("%w: %d bytes, %d are allowed", ErrTooLarge, len(frame), limit)
	}
	if m == nil {
		return nil, fmt.Errorf("%w: %d", ErrUnknownType, number)
	}
	_, want := m.head()
	return m, c.finish(fields, want, m.fields)
}

// begin reads the version, first of all since nothing else is known of a frame of another one, and the type.
func (c *codec) begin() (fields, number uint64) {
	fields = c.take(majorArray)
	if version := c.take(majorUint); c.err == nil && version != Version {
		c.fail(ErrVersion, fmt.Sprintf("%d, this is %d,", version, Version))
	}
	number = c.take(majorUint)
	return fields, number
}

// finish reads the fields behind the type: so many as the type has, and then the frame must be at its end. The library
// has the last word, not the first: it would walk to the end of a frame that is refused at its first item.
func (c *codec) finish(got, want uint64, fields func(*codec)) error {
	if got != 2+want {
		c.fail(ErrMalformed, fmt.Sprintf("%d fields, the type has %d,", got, 2+want))
		return c.err
	}
	fields(c)
	if c.left() > 0 {
		c.fail(ErrMalformed, "bytes after the frame")
	}
	if c.err != nil {
		return c.err
	}
	if err := gate.Wellformed(c.b); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// limitOf is the longest frame of a message's type; nil is a type not known.
func limitOf(m Message) int {
	if m, ok := m.(*Records); ok && len(m.Records) <= 1 {
		return MaxFrame
	}
	return frameLimit
}

func recordsOf(m Message) []Record {
	switch m := m.(type) {
	case *Fetched:
		return m.Records
	case *Records:
		return m.Records
	case *End:
		return m.Records
	}
	return nil
}

// gate is the library with all it can refuse: depth beyond 4, long lists, maps, indefinite lengths, tags, null and
// undefined, NaN and infinity.
var gate = newGate()

func newGate() cbor.DecMode {
	simple, err := cbor.NewSimpleValueRegistryFromDefaults(cbor.WithRejectedSimpleValue(22), cbor.WithRejectedSimpleValue(23))
	if err != nil {
		panic(err) // a constant of this file is wrong
	}
	mode, err := cbor.DecOptions{
		MaxNestedLevels: 4, MaxArrayElements: MaxFrameRecords, MaxMapPairs: 16,
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, SimpleValues: simple,
		NaN: cbor.NaNDecodeForbidden, Inf: cbor.InfDecodeForbidden,
	}.DecMode()
	if err != nil {
		panic(err) // a constant of this file is wrong
	}
	return mode
}
