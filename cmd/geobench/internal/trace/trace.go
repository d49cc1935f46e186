// Package trace reads recorded requests to caches in the formats in which researchers share them. A key is nothing
// but its identity: Read numbers keys from 0 on in the order of their first request, so that what replays a trace can
// use arrays.
package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ulikunitz/xz"
)

// Trace is requests in their order. The zero value is a trace of none.
type Trace struct {
	Name     string
	Requests []uint32 // which key, 0 to Distinct-1
	Distinct int      // how many keys
}

// most is how many requests a trace may have: a count in a damaged file should be an error, not all of the memory.
const most = 1 << 28

var (
	errEnough = errors.New("enough requests")
	errMost   = fmt.Errorf("more than %d requests", most)
)

// Open reads the trace in a file, compressed by gzip or xz or not at all. FormatOfName chooses the format by the
// file's name. limit is how many requests to read at the most, 0 = all.
func Open(path string, format Format, limit int) (Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return Trace{}, fmt.Errorf("trace: %w", err)
	}
	defer f.Close()
	if format == FormatOfName {
		if format, err = formatOf(path); err != nil {
			return Trace{}, err
		}
	}
	t, err := Read(f, format, limit)
	if err != nil {
		return Trace{}, fmt.Errorf("trace: read %s as %s: %w", path, format, err)
	}
	t.Name = nameOf(path)
	return t, nil
}

// nameOf is a file's name without what says how it is stored.
func nameOf(path string) string {
	name := filepath.Base(path)
	for _, ending := range []string{".gz", ".xz", ".trace"} {
		name = strings.TrimSuffix(name, ending)
	}
	return strings.TrimPrefix(name, "trace_")
}

// Read reads a trace, compressed or not, in a format other than FormatOfName. A limit of 0 is none.
func Read(r io.Reader, format Format, limit int) (Trace, error) {
	parse, ok := parsers[format]
	if !ok {
		return Trace{}, fmt.Errorf("trace: unknown format %q", format)
	}
	plain, err := decompress(bufio.NewReader(r))
	if err != nil {
		return Trace{}, err
	}
	t := &tape{limit: limit}
	if err := parse(bufio.NewReaderSize(plain, 1<<16), t); err != nil && !errors.Is(err, errEnough) {
		return Trace{}, err
	}
	if len(t.requests) == 0 {
		return Trace{}, errors.New("there is no request in it")
	}
	return Trace{Requests: t.requests, Distinct: int(t.distinct)}, nil
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	xzMagic   = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
)

// decompress goes by what the file begins with, for its name may be wrong.
func decompress(r *bufio.Reader) (io.Reader, error) {
	begins, _ := r.Peek(len(xzMagic)) // a shorter file is neither
	switch {
	case bytes.HasPrefix(begins, gzipMagic):
		return gzip.NewReader(r)
	case bytes.Equal(begins, xzMagic):
		return xz.NewReader(r)
	}
	return r, nil
}

// tape takes down requests. limit 0 is none.
type tape struct {
	requests []uint32
	distinct uint32
	limit    int
}

func (t *tape) add(id uint32) error {
	if len(t.requests) == most {
		return errMost
	}
	t.requests = append(t.requests, id)
	if len(t.requests) == t.limit {
		return errEnough
	}
	return nil
}

// numbering numbers the keys of a tape. The zero value does not work.
type numbering[K comparable] struct {
	tape *tape
	ids  map[K]uint32
}

func number[K comparable](t *tape) numbering[K] { return numbering[K]{t, map[K]uint32{}} }

func (n numbering[K]) add(key K) error {
	id, known := n.ids[key]
	if !known {
		id = n.tape.distinct
		n.ids[key] = id
		n.tape.distinct++
	}
	return n.tape.add(id)
}
