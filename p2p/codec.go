package p2p

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// errMalformed is what every decoder here answers to bytes that no encoder here makes.
var errMalformed = errors.New("malformed")

// reader takes a message apart. After the first fault every call returns zero, so that the fault is looked at once, by end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) flag() bool {
	b := r.byte()
	r.bad = r.bad || b > 1
	return b == 1
}

// uint reads a number of at most limit in its shortest form, as all that is written here has it.
func (r *reader) uint(limit uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > limit || n > 1 && r.b[n-1] == 0 {
		r.bad = true
	}
	if r.bad {
		return 0
	}
	r.b = r.b[n:]
	return v
}

// text reads a string of at most limit bytes of UTF-8.
func (r *reader) text(limit int) string {
	b := r.take(int(r.uint(uint64(limit))))
	if !utf8.Valid(b) {
		r.bad = true
		return ""
	}
	return string(b)
}

func (r *reader) texts(limit, each int) []string {
	var out []string
	for n := r.uint(uint64(limit)); n > 0 && !r.bad; n-- {
		out = append(out, r.text(each))
	}
	return out
}

func (r *reader) array32() (a [32]byte) {
	copy(a[:], r.take(len(a)))
	return a
}

// end reports a fault, bytes left over being one.
func (r *reader) end() error {
	if r.bad || len(r.b) > 0 {
		return errMalformed
	}
	return nil
}

func appendFlag(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendTexts(b []byte, s []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	for _, t := range s {
		b = appendText(b, t)
	}
	return b
}

// frameReader is what frames are read from: bufio.Reader, mostly.
type frameReader interface {
	io.Reader
	io.ByteReader
}

// firstPiece is what a frame's reader allocates on the word of its length alone. The rest follows the data.
const firstPiece = 64 << 10

// readFrame reads a frame of at least one and at most limit bytes behind its length. errMalformed says that no such frame
// can follow; other errors are the stream's.
func readFrame(r frameReader, limit int) ([]byte, error) {
	n, err := readLength(r)
	if err != nil {
		return nil, err
	}
	if n == 0 || n > uint64(limit) {
		return nil, fmt.Errorf("frame of %d bytes, 1 to %d are allowed: %w", n, limit, errMalformed)
	}
	size, got := int(n), 0
	b := make([]byte, min(size, firstPiece))
	for {
		m, err := io.ReadFull(r, b[got:])
		if got += m; err != nil {
			return nil, fmt.Errorf("frame cut at %d of %d bytes: %w", got, size, noEOF(err))
		}
		if got == size {
			return b, nil
		}
		grown := make([]byte, min(size, 2*len(b)))
		copy(grown, b)
		b = grown
	}
}

// readLength is binary.ReadUvarint with io.EOF for a clean end only and errMalformed for what is no number of 64 bits.
func readLength(r io.ByteReader) (uint64, error) {
	var v uint64
	for shift := 0; shift < 63; shift += 7 {
		c, err := r.ReadByte()
		if err != nil && shift > 0 {
			err = noEOF(err)
		}
		if err != nil {
			return 0, err
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, nil
		}
	}
	return 0, fmt.Errorf("frame length overflows: %w", errMalformed)
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// byteReader reads a frame off a stream byte by byte where nothing after it may be taken. Slow, and a hello is short.
type byteReader struct{ io.Reader }

func (r byteReader) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r.Reader, b[:])
	return b[0], err
}

func appendFrame(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
