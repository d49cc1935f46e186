package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/geolru/geolru/internal/wire"
)

const (
	magic        = "\x89geolru\n" // not text, and broken by whatever takes it for text
	journalMagic = "\x89geojrn\n" // of a journal
	version      = 1

	// usualBlock is the most bytes of a payload that is not a single record with a large value: a flipped bit is found
	// after that much at the latest, and reading needs no more memory.
	usualBlock = 64 << 10
	largeBlock = wire.MaxFrame

	blockHead = 8 // length and checksum
)

// castagnoli is the polynomial of CRC-32C: it finds every error of up to 5 bits in 64 KiB, and processors compute it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// preamble is what every file of this version begins with that has this magic.
func preamble(magic string) []byte { return binary.BigEndian.AppendUint32([]byte(magic), version) }

// blockWriter writes blocks, each with one call of Write.
type blockWriter struct {
	to     io.Writer
	blocks uint64 // written so far
	buf    []byte
}

func (w *blockWriter) write(payload []byte) error {
	w.buf = binary.BigEndian.AppendUint32(w.buf[:0], uint32(len(payload)))
	w.buf = binary.BigEndian.AppendUint32(w.buf, checksum(w.buf, payload))
	w.buf = append(w.buf, payload...)
	w.blocks++
	_, err := w.to.Write(w.buf)
	return err
}

func checksum(length, payload []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, length), castagnoli, payload)
}

// blockReader reads them back. The bytes of a block are good until the next one is read.
type blockReader struct {
	from   io.Reader
	left   int64  // bytes of the file that are still to be read
	blocks uint64 // read so far
	buf    []byte
}

// begin reads the preamble.
func (r *blockReader) begin(magic string) error {
	want := preamble(magic)
	got, err := r.take(int64(len(want)))
	switch {
	case err != nil:
		return err
	case string(got[:len(magic)]) != magic:
		return errors.New("it is no file of this kind")
	case string(got) != string(want):
		return fmt.Errorf("it is of version %d, this program reads %d", binary.BigEndian.Uint32(got[len(magic):]), version)
	}
	return nil
}

// next reads a block.
func (r *blockReader) next() ([]byte, error) {
	b, err := r.take(blockHead)
	if err != nil {
		return nil, err
	}
	var head [blockHead]byte
	copy(head[:], b)
	length := int64(binary.BigEndian.Uint32(head[:4]))
	if length > largeBlock {
		return nil, fmt.Errorf("block %d: a length of %d bytes, %d are allowed", r.blocks, length, largeBlock)
	}
	payload, err := r.take(length)
	if err != nil {
		return nil, err
	}
	if checksum(head[:4], payload) != binary.BigEndian.Uint32(head[4:]) {
		return nil, fmt.Errorf("block %d: its checksum is wrong", r.blocks)
	}
	r.blocks++
	return payload, nil
}

// take reads n bytes. They are known to be there before any memory is taken for them.
func (r *blockReader) take(n int64) ([]byte, error) {
	if n > r.left {
		return nil, fmt.Errorf("it is cut short after block %d", r.blocks)
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	b := r.buf[:n]
	if _, err := io.ReadFull(r.from, b); err != nil {
		return nil, err
	}
	r.left -= n
	return b, nil
}

// title reads the preamble and the title, with which every file begins.
func (r *blockReader) title(magic string) (t Title, err error) {
	if err = r.begin(magic); err != nil {
		return t, err
	}
	b, err := r.next()
	if err != nil {
		return t, err
	}
	t, ok := decodeTitle(b)
	if !ok {
		return t, errors.New("its title is malformed")
	}
	return t, nil
}
