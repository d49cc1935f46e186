package wire

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/geolru/geolru/crdt"
)

// leastKnown and leastRange are the bytes that an origin and a range in a digest take at least.
const (
	leastKnown = 8 + 1 + 8 + 1
	leastRange = 1 + 1
)

// DigestPages cuts a digest into pages of at most 1,024 origins and room bytes; with DigestBytes each fits a Pull or an
// Answer, and the frame with all its other fields stays within 256 KiB. Room is at least 1 KiB. The pages are in
// ascending order of origin. An origin whose ranges do not fit one page goes on on the next with its other ranges, see
// AppendPage. There is at least one page, empty if the digest is. They share memory with known, whose order is left as it
// is.
func DigestPages(known []crdt.Known, room int) [][]crdt.Known {
	left := inOrder(known)
	var pages [][]crdt.Known
	for {
		n := pageLen(left, room)
		if n == 0 && len(left) > 0 {
			first, rest := split(left[0], room)
			pages = append(pages, []crdt.Known{first})
			left = append([]crdt.Known{rest}, left[1:]...)
			continue
		}
		pages = append(pages, left[:n:n])
		if left = left[n:]; len(left) == 0 {
			return pages
		}
	}
}

// pageLen is how many of these go onto a page; none if the first is too long for one.
func pageLen(known []crdt.Known, room int) int {
	bytes := binary.MaxVarintLen64
	for i := range known {
		bytes += knownSize(&known[i])
		if i == MaxFrameRecords || bytes > room {
			return i
		}
	}
	return len(known)
}

// knownSize is the length of an origin in a digest.
func knownSize(k *crdt.Known) int {
	size := 8 + uvarintSize(k.Head) + 8 + uvarintSize(uint64(len(k.Ranges)))
	end := k.Head
	for _, r := range k.Ranges {
		size += rangeSize(end, r)
		end = r.Hi
	}
	return size
}

func rangeSize(end uint64, r crdt.Range) int { return uvarintSize(r.Lo-2-end) + uvarintSize(r.Hi-r.Lo) }

func uvarintSize(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

// split cuts an origin in two of which the first fits a page.
func split(k crdt.Known, room int) (first, rest crdt.Known) {
	first, rest = k, k
	bytes, end := 8+8+3*binary.MaxVarintLen64, k.Head
	for i, r := range k.Ranges {
		if bytes += rangeSize(end, r); bytes > room {
			first.Ranges, rest.Ranges = k.Ranges[:i:i], k.Ranges[i:]
			break
		}
		end = r.Hi
	}
	return first, rest
}

// AppendPage puts the next page behind those before it, and an origin that was cut in two together again. Whether the
// result is a digest is for crdt.FromKnown to say.
func AppendPage(known, page []crdt.Known) []crdt.Known {
	if n := len(known); n > 0 && len(page) > 0 {
		if last, first := &known[n-1], page[0]; last.Origin == first.Origin && last.Head == first.Head {
			last.Ranges = append(last.Ranges, first.Ranges...)
			page = page[1:]
		}
	}
	return append(known, page...)
}

func byOrigin(a, b crdt.Known) int { return cmp.Compare(a.Origin, b.Origin) }

// inOrder is known in ascending order of origin, a copy unless it was so before.
func inOrder(known []crdt.Known) []crdt.Known {
	if slices.IsSortedFunc(known, byOrigin) {
		return known
	}
	return slices.SortedFunc(slices.Values(known), byOrigin)
}

// digest passes over a digest.
func (c *codec) digest(p *[]crdt.Known) {
	if c.reading {
		*p = c.takeDigest()
	} else {
		c.putDigest(inOrder(*p))
	}
}

func (c *codec) putDigest(known []crdt.Known) {
	if len(known) > MaxFrameRecords {
		c.fail(ErrTooLarge, fmt.Sprintf("digest of %d origins, %d are allowed", len(known), MaxFrameRecords))
		return
	}
	b := binary.AppendUvarint(nil, uint64(len(known)))
	last := crdt.Origin(0)
	for i := range known {
		k := &known[i]
		if k.Origin <= last {
			c.fail(ErrMalformed, fmt.Sprintf("digest with origin %x twice, or 0", k.Origin))
			return
		}
		if !sound(k) {
			c.fail(ErrMalformed, fmt.Sprintf("digest with overlapping, unsorted, inverted or too many ranges of origin %x", k.Origin))
			return
		}
		b = appendKnown(b, k)
		last = k.Origin
	}
	putString(c, majorBytes, b)
}

// sound tells whether the ranges of an origin are what the format can express.
func sound(k *crdt.Known) bool {
	end := k.Head
	for _, r := range k.Ranges {
		if end >= crdt.MaxSeq-1 || r.Lo < end+2 || r.Hi < r.Lo {
			return false
		}
		end = r.Hi
	}
	return end <= crdt.MaxSeq && len(k.Ranges) <= crdt.MaxRanges
}

func appendKnown(b []byte, k *crdt.Known) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(k.Origin))
	b = binary.AppendUvarint(b, k.Head)
	b = binary.BigEndian.AppendUint64(b, uint64(k.Last))
	b = binary.AppendUvarint(b, uint64(len(k.Ranges)))
	end := k.Head
	for _, r := range k.Ranges {
		b = binary.AppendUvarint(b, r.Lo-2-end)
		b = binary.AppendUvarint(b, r.Hi-r.Lo)
		end = r.Hi
	}
	return b
}

// takeDigest reads a digest with a codec of its own, for its bytes are not CBOR.
func (c *codec) takeDigest() []crdt.Known {
	d := newReader(c.view(majorBytes))
	known := takeSome[crdt.Known](d, MaxFrameRecords, leastKnown)
	last := crdt.Origin(0)
	for i := range known {
		d.known(&known[i])
		if d.err == nil && known[i].Origin <= last {
			d.fail(ErrMalformed, "origins not in ascending order")
		}
		if d.err != nil {
			break
		}
		last = known[i].Origin
	}
	if d.left() > 0 {
		d.fail(ErrMalformed, "bytes after the last origin")
	}
	if d.err != nil && c.err == nil {
		c.err, c.at = fmt.Errorf("digest: %w", d.err), len(c.b)
	}
	return known
}

// takeSome reads how many elements follow in a digest and allocates them, but not before their bytes are known to be there.
func takeSome[T any](d *codec, most, least int) []T {
	n := d.uvarint()
	switch {
	case n == 0:
		return nil
	case n > uint64(most):
		d.fail(ErrTooLarge, "more origins or ranges than allowed")
		return nil
	case n*uint64(least) > uint64(d.left()):
		d.fail(ErrMalformed, "more origins or ranges than bytes")
		return nil
	}
	return make([]T, n)
}

func (d *codec) known(k *crdt.Known) {
	k.Origin = crdt.Origin(d.fixed())
	k.Head = d.after(0)
	k.Last = crdt.Time(d.fixed())
	k.Ranges = takeSome[crdt.Range](d, crdt.MaxRanges, leastRange)
	end := k.Head
	for i := range k.Ranges {
		lo := d.after(end + 2)
		end = d.after(lo)
		k.Ranges[i] = crdt.Range{Lo: lo, Hi: end}
	}
}

// after reads a sequence number that is told as its distance from base. Both are looked at before they are added, so
// that the sum does not wrap.
func (d *codec) after(base uint64) uint64 {
	n := d.uvarint()
	if n > crdt.MaxSeq || base > crdt.MaxSeq || base+n > crdt.MaxSeq {
		d.fail(ErrMalformed, "sequence number overflows")
		return 0
	}
	return base + n
}

// fixed reads 8 bytes.
func (d *codec) fixed() uint64 {
	if d.left() < 8 {
		d.fail(ErrMalformed, "cut short")
		return 0
	}
	d.at += 8
	return binary.BigEndian.Uint64(d.b[d.at-8:])
}

// uvarint reads a number in LEB128. One that ends in a byte of no bits has a shorter form.
func (d *codec) uvarint() uint64 {
	n, length := binary.Uvarint(d.b[d.at:])
	if length <= 0 {
		d.fail(ErrMalformed, "number cut short or overflowing")
		return 0
	}
	if length > 1 && d.b[d.at+length-1] == 0 {
		d.fail(ErrMalformed, "number not in its shortest form")
		return 0
	}
	d.at += length
	return n
}
