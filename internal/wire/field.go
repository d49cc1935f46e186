package wire

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// number passes over an unsigned integer.
func number[T ~uint64](c *codec, p *T) {
	if c.reading {
		*p = T(c.take(majorUint))
	} else {
		c.put(majorUint, uint64(*p))
	}
}

// small passes over an unsigned integer of one byte.
func small[T ~uint8](c *codec, p *T) {
	n := uint64(*p)
	number(c, &n)
	if n > math.MaxUint8 {
		c.fail(ErrMalformed, "number above 255")
	}
	if c.reading {
		*p = T(n)
	}
}

// named passes over an origin that must not be 0.
func named[T ~uint64](c *codec, p *T) {
	number(c, p)
	if *p == 0 {
		c.fail(ErrMalformed, "origin 0")
	}
}

// millis passes over milliseconds, which must not be negative.
func (c *codec) millis(p *int64) {
	n := uint64(*p)
	if c.reading {
		n = c.take(majorUint)
	}
	if n > math.MaxInt64 {
		c.fail(ErrMalformed, "negative or overflowing milliseconds")
		return
	}
	if c.reading {
		*p = int64(n)
	} else {
		c.put(majorUint, n)
	}
}

// deadline passes over a deadline, told relative to ms, the physical part of its record's time. Differences wrap, so
// any two numbers have one; whether the deadline makes sense is for CheckRecord to say.
func (c *codec) deadline(p *int64, ms int64) {
	if c.reading {
		*p = absolute(c.takeInt(), ms)
	} else {
		c.putInt(relative(*p, ms))
	}
}

func relative(deadline, ms int64) int64 {
	switch deadline {
	case 0:
		return 0
	case ms:
		return -ms
	}
	return deadline - ms
}

func absolute(distance, ms int64) int64 {
	switch distance {
	case 0:
		return 0
	case -ms:
		return ms
	}
	return distance + ms
}

// putInt writes a signed integer. CBOR writes the negative n as −1 − n, which is its complement.
func (c *codec) putInt(n int64) {
	if n < 0 {
		c.put(majorNeg, uint64(^n))
	} else {
		c.put(majorUint, uint64(n))
	}
}

func (c *codec) takeInt() int64 {
	negative := c.left() > 0 && c.b[c.at]&^0x1f == majorNeg
	major := byte(majorUint)
	if negative {
		major = majorNeg
	}
	n := c.take(major)
	if n > math.MaxInt64 {
		c.fail(ErrMalformed, "integer overflows")
		return 0
	}
	if negative {
		return ^int64(n)
	}
	return int64(n)
}

// flag passes over a boolean.
func (c *codec) flag(p *bool) {
	if c.reading {
		*p = c.takeFlag()
	} else if *p {
		c.b = append(c.b, simpleYes)
	} else {
		c.b = append(c.b, simpleNo)
	}
}

func (c *codec) takeFlag() bool {
	if c.left() == 0 || c.b[c.at]&^1 != simpleNo {
		c.fail(ErrMalformed, "not a boolean")
		return false
	}
	c.at++
	return c.b[c.at-1] == simpleYes
}

// cache passes over the name of a cache.
func (c *codec) cache(p *string) {
	c.name(p)
	if *p == "" {
		c.fail(ErrMalformed, "cache without a name")
	}
}

// name passes over a name, which may be empty. Its length is looked at before it is copied.
func (c *codec) name(p *string) {
	if !c.reading {
		c.checkName(*p)
		putString(c, majorText, *p)
		return
	}
	v := c.view(majorText)
	if len(v) > MaxName {
		c.fail(ErrTooLarge, "name too long")
		return
	}
	*p = string(v)
	c.checkName(*p)
}

func (c *codec) checkName(s string) {
	if len(s) > MaxName {
		c.fail(ErrTooLarge, "name too long")
	} else if !utf8.ValidString(s) {
		c.fail(ErrMalformed, "name is not UTF-8")
	}
}

// key passes over a key that must be within its limits.
func (c *codec) key(p *string) {
	c.anyKey(p)
	if len(*p) > MaxKey {
		c.fail(ErrTooLarge, "key too long")
	} else if *p == "" {
		c.fail(ErrMalformed, "empty key")
	}
}

// anyKey passes over the key of a record, of any length: CheckRecord drops that record alone, not the frame.
func (c *codec) anyKey(p *string) {
	if c.reading {
		*p = string(c.view(majorBytes))
	} else {
		putString(c, majorBytes, *p)
	}
}

// bytes passes over bytes, which are copied; none are nil.
func (c *codec) bytes(p *[]byte) {
	if !c.reading {
		putString(c, majorBytes, *p)
	} else if v := c.view(majorBytes); len(v) > 0 {
		*p = bytes.Clone(v)
	}
}

// nonce passes over the nonce of a replica.
func (c *codec) nonce(p *[8]byte) {
	if !c.reading {
		putString(c, majorBytes, p[:])
	} else if v := c.view(majorBytes); len(v) != len(p) {
		c.fail(ErrMalformed, "nonce is not 8 bytes")
	} else {
		copy(p[:], v)
	}
}
