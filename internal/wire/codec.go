package wire

import (
	"errors"
	"fmt"
)

// Errors of Encode, Decode and their like; test with errors.Is.
var (
	// ErrMalformed is a frame, or a message to be encoded, that breaks a rule of the format.
	ErrMalformed = errors.New("malformed")
	// ErrTooLarge is a frame, or a message to be encoded, beyond a limit of length or number.
	ErrTooLarge = errors.New("too large")
	// ErrVersion is a frame of another version of the format.
	ErrVersion = errors.New("unknown version")
	// ErrUnknownType is a frame of a type that this function does not read: to be ignored and counted. Nothing behind
	// the type has been looked at, for that is known to later programs alone.
	ErrUnknownType = errors.New("unknown type")
)

// The major types of CBOR, as they stand in the first three bits of a head, and the two simple values in use.
const (
	majorUint  = 0 << 5
	majorNeg   = 1 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	simpleNo   = 0xf4
	simpleYes  = 0xf5
)

// codec passes once over a frame, reading or writing: one description of each message serves both directions, so they
// cannot differ. The zero value writes. Not for sharing between goroutines.
//
// Writing leaves the message alone, so that one message can be encoded by two goroutines at a time.
type codec struct {
	reading bool
	b       []byte // the frame, or what is written so far
	at      int    // how much of the frame is read; moving a slice instead would cost a write barrier for each item
	err     error  // the first one; from then on nothing is read any more
}

func newReader(frame []byte) *codec { return &codec{reading: true, b: frame} }

// left is how many bytes are still to be read.
func (c *codec) left() int { return len(c.b) - c.at }

// fail keeps the first error and skips the rest of the frame, so that whatever is read next fails too.
func (c *codec) fail(kind error, what string) {
	if c.err != nil {
		return
	}
	if c.reading {
		c.err = fmt.Errorf("%w: %s at byte %d", kind, what, c.at)
		c.at = len(c.b)
		return
	}
	c.err = fmt.Errorf("%w: %s", kind, what)
}

// put writes the head of an item, in the shortest form.
func (c *codec) put(major byte, n uint64) {
	switch {
	case n < 24:
		c.b = append(c.b, major|byte(n))
	case n < 1<<8:
		c.b = append(c.b, major|24, byte(n))
	case n < 1<<16:
		c.b = append(c.b, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		c.b = append(c.b, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	default:
		c.b = append(c.b, major|27, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32),
			byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
}

// take reads the head of an item, which must be of this major type.
func (c *codec) take(major byte) uint64 {
	if c.at >= len(c.b) {
		c.fail(ErrMalformed, "frame is cut short")
		return 0
	}
	first := c.b[c.at]
	if first&^0x1f != major {
		c.fail(ErrMalformed, "item of another type than the format has there")
		return 0
	}
	if low := first & 0x1f; low >= 24 {
		return c.takeLong(low)
	}
	c.at++
	return uint64(first & 0x1f)
}

// shortest is the least number that needs 1, 2, 4 and 8 bytes after the head.
var shortest = [4]uint64{24, 1 << 8, 1 << 16, 1 << 32}

// takeLong reads the number behind a head whose low bits are from 24 on. Refusing what has a shorter form keeps one
// encoding for each message.
func (c *codec) takeLong(low byte) uint64 {
	if low > 27 {
		c.fail(ErrMalformed, "reserved or indefinite length")
		return 0
	}
	width := 1 << (low - 24)
	if c.left() <= width {
		c.fail(ErrMalformed, "frame is cut short")
		return 0
	}
	n := uint64(0)
	for _, x := range c.b[c.at+1 : c.at+1+width] {
		n = n<<8 | uint64(x)
	}
	if n < shortest[low-24] {
		c.fail(ErrMalformed, "number not in its shortest form")
		return 0
	}
	c.at += 1 + width
	return n
}

// view reads a string of this major type; it shares memory with the frame.
func (c *codec) view(major byte) []byte {
	n := c.take(major)
	if n > uint64(c.left()) {
		c.fail(ErrMalformed, "string longer than the frame")
		return nil
	}
	end := c.at + int(n)
	v := c.b[c.at:end:end]
	c.at = end
	return v
}

// putString writes a string of this major type. It is a function so that it takes both kinds of string uncopied.
func putString[S ~string | ~[]byte](c *codec, major byte, s S) {
	c.put(major, uint64(len(s)))
	c.b = append(c.b, s...)
}

// tuple is the head of an array of a fixed length.
func (c *codec) tuple(n uint64) {
	if !c.reading {
		c.put(majorArray, n)
		return
	}
	if c.take(majorArray) != n {
		c.fail(ErrMalformed, "field missing or one too many")
	}
}

// list passes over a list of at most most elements, each of which takes at least least bytes. An empty list is read as nil.
func list[T any](c *codec, s *[]T, most, least int, each func(*codec, *T)) {
	if c.reading {
		*s = makeList[T](c, most, least)
	} else if len(*s) > most {
		c.fail(ErrTooLarge, fmt.Sprintf("list of %d elements, %d are allowed", len(*s), most))
	} else {
		c.put(majorArray, uint64(len(*s)))
	}
	for i := range *s {
		if c.err != nil {
			return
		}
		each(c, &(*s)[i])
	}
}

// makeList reads the head of a list and allocates its elements, but not before their bytes are known to be there.
func makeList[T any](c *codec, most, least int) []T {
	n := c.take(majorArray)
	switch {
	case n == 0:
		return nil
	case n > uint64(most):
		c.fail(ErrTooLarge, "list longer than allowed")
		return nil
	case n*uint64(least) > uint64(c.left()):
		c.fail(ErrMalformed, "list longer than the frame")
		return nil
	}
	return make([]T, n)
}
