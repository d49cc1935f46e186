package wire

import (
	"fmt"

	"github.com/geolru/geolru/crdt"
)

// EncodeBatch encodes a batch for gossip. It fails with ErrTooLarge beyond MaxBatchRecords or MaxBatchBytes. The origin
// of the records is left out and their content is not checked: the engine wrote it, the receivers check it.
func EncodeBatch(b *Batch) ([]byte, error) {
	c := codec{b: make([]byte, 0, recordRoom+room(b.Records)+recordRoom*len(b.Touches))}
	c.tuple(2 + batchFields)
	c.put(majorUint, Version)
	c.put(majorUint, numberBatch)
	b.fields(&c)
	if len(c.b) > MaxBatchBytes {
		c.fail(ErrTooLarge, fmt.Sprintf("batch of %d bytes, %d are allowed", len(c.b), MaxBatchBytes))
	}
	if c.err != nil {
		return nil, fmt.Errorf("wire: encode batch: %w", c.err)
	}
	return c.b, nil
}

// DecodeBatch decodes what EncodeBatch made. It asks origin once, for the origin that follows from the author of the
// frame and this nonce, and puts it into every record's version; touches keep their own. Nothing of the result shares
// memory with the frame.
//
// An error means that the whole frame is refused: ErrTooLarge, ErrVersion, ErrUnknownType or ErrMalformed. The content
// of records is not judged here but by CheckRecord and CheckTouch, for a bad one does not condemn the others.
func DecodeBatch(frame []byte, origin func(nonce [8]byte) crdt.Origin) (*Batch, error) {
	b, err := decodeBatch(frame)
	if err != nil {
		return nil, fmt.Errorf("wire: decode batch: %w", err)
	}
	o := origin(b.Nonce)
	for i := range b.Records {
		b.Records[i].Version.Origin = o
	}
	return b, nil
}

func decodeBatch(frame []byte) (*Batch, error) {
	if len(frame) > MaxBatchBytes {
		return nil, fmt.Errorf("%w: %d bytes, %d are allowed", ErrTooLarge, len(frame), MaxBatchBytes)
	}
	c := newReader(frame)
	fields, number := c.begin()
	if c.err != nil {
		return nil, c.err
	}
	if number != numberBatch {
		return nil, fmt.Errorf("%w: %d is no batch", ErrUnknownType, number)
	}
	b := new(Batch)
	return b, c.finish(fields, batchFields, b.fields)
}

const batchFields = 3

func (b *Batch) fields(c *codec) {
	c.nonce(&b.Nonce)
	list(c, &b.Records, MaxBatchRecords, leastBatched, batched)
	list(c, &b.Touches, MaxBatchRecords, leastTouch, touch)
}
