package replica

import "unsafe"

// Blob is a value: its encoding, which is the truth, and beside it the decoded form once somebody has read it. The zero
// value is the empty encoding. It is three words, as a slice is, so that an entry of the store that has one still fits
// into a line of the processor's cache: a read on a node then costs what one without a node does.
type Blob struct {
	first *byte // nil if there are no bytes
	size  int
	form  *any // nil = not decoded
}

// BlobOf is a value of these bytes, which nobody may change from now on.
func BlobOf(b []byte) Blob { return Blob{first: unsafe.SliceData(b), size: len(b)} }

// Bytes is the encoding. Nobody may change it.
func (b Blob) Bytes() []byte { return unsafe.Slice(b.first, b.size) }

// Len is the length of the encoding.
func (b Blob) Len() int { return b.size }

// Form is the decoded form, nil if there is none.
func (b Blob) Form() any {
	if b.form == nil {
		return nil
	}
	return *b.form
}

// With is the same value beside its decoded form.
func (b Blob) With(form any) Blob {
	b.form = &form
	return b
}

// Same tells whether two blobs have their bytes in one place, and so say the same: bytes are never written twice.
func (b Blob) Same(o Blob) bool { return b.size == o.size && (b.size == 0 || b.first == o.first) }
