package wire

import "github.com/geolru/geolru/crdt"

// A value too large for one piece is lent in parts: a Fetch is answered with an offer of it, then with a Fetched without it;
// the asker takes a part after the other, several at a time, and may go on with any node that offers the same. The lender
// keeps nothing of it.
type (
	// Offers answers a Fetch, before its Fetched, with the values that are too large for that.
	Offers struct {
		Cache  string
		ID     uint64 // of the Fetch
		Heads  []Head
		Offers []Offer
	}

	// Offer is a value without its bytes. Its kind is Value.
	Offer struct {
		Key      string
		Version  crdt.Version
		Seq      uint64
		Deadline int64  // Unix milliseconds
		Size     uint64 // bytes, above PartBytes and at most MaxValue
		Sum      uint64 // the first 8 bytes, big-endian, of SHA-256 of the value
	}

	// Take asks for the part of a value that begins at an offset.
	Take struct {
		Cache   string
		ID      uint64 // chosen by the asker, of one value from one node
		Key     string
		Version crdt.Version
		Offset  uint64
	}

	// Part answers a Take: PartBytes from the offset on, fewer at the end of the value; none if the node does not have
	// that version any more.
	Part struct {
		Cache  string
		ID     uint64
		Offset uint64
		Bytes  []byte
	}
)

func (*Offers) head() (uint64, uint64) { return numberOffers, 4 }
func (*Take) head() (uint64, uint64)   { return numberTake, 6 }
func (*Part) head() (uint64, uint64)   { return numberPart, 4 }

func (m *Offers) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	list(c, &m.Heads, MaxFrameRecords, leastHead, head)
	list(c, &m.Offers, MaxFrameRecords, leastOffer, offer)
}

func offer(c *codec, o *Offer) {
	c.tuple(7)
	c.key(&o.Key)
	version(c, &o.Version)
	number(c, &o.Seq)
	c.deadline(&o.Deadline, o.Version.Time.Milli())
	number(c, &o.Size)
	number(c, &o.Sum)
}

func (m *Take) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	c.key(&m.Key)
	version(c, &m.Version)
	number(c, &m.Offset)
}

func (m *Part) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	number(c, &m.Offset)
	c.bytes(&m.Bytes)
}

// Record is the record that the value of an offer makes.
func (o *Offer) Record(value []byte) Record {
	return Record{
		Key: o.Key, Value: value,
		Register: crdt.Register{Version: o.Version, Seq: o.Seq, Kind: crdt.Value, Deadline: o.Deadline},
	}
}

// CheckOffer is CheckRecord for an offer.
func CheckOffer(o *Offer, lifetime int64) Reason {
	switch {
	case o.Size > MaxValue:
		return ValueTooLong
	case o.Size <= PartBytes:
		return ValueTooShort
	}
	r := o.Record(nil)
	return CheckRecord(&r, lifetime)
}
