package trace

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Format is how requests are written down. The zero value is FormatOfName.
type Format string

// Formats.
const (
	FormatOfName Format = ""      // chosen by the name of the file
	FormatARC    Format = "arc"   // "start count ignored sequence": requests of start to start+count-1; Megiddo & Modha
	FormatLines  Format = "lines" // a key a line, lines that begin with * say something else; the authors of LIRS
	FormatBE64   Format = "be64"  // big-endian 64-bit keys; Corda
	FormatLE32   Format = "le32"  // little-endian 32-bit keys; cache2k
)

// Formats is all that a file can be read as.
func Formats() []Format { return []Format{FormatARC, FormatLines, FormatBE64, FormatLE32} }

var parsers = map[Format]func(*bufio.Reader, *tape) error{
	FormatARC:   parseARC,
	FormatLines: parseLines,
	FormatBE64:  parseBE64,
	FormatLE32:  parseLE32,
}

// names is how the collections name their files, in lower case; the first pattern that fits counts.
var names = []struct {
	pattern string
	format  Format
}{
	{"trace_*", FormatBE64},
	{"*.trace.xz", FormatLE32},
	{"*.trace", FormatLines}, {"*.trace.gz", FormatLines}, {"*.txt", FormatLines}, {"*.txt.gz", FormatLines},
	{"oltp*", FormatARC}, {"*.lis", FormatARC}, {"*.lis.gz", FormatARC}, {"*.arc", FormatARC}, {"*.arc.gz", FormatARC},
}

// formatOf chooses by name.
func formatOf(path string) (Format, error) {
	base := strings.ToLower(filepath.Base(path))
	for _, n := range names {
		if fits, _ := filepath.Match(n.pattern, base); fits {
			return n.format, nil
		}
	}
	return "", fmt.Errorf("trace: the name of %s does not tell its format: give a --format, one of %v", path, Formats())
}

func parseARC(r *bufio.Reader, t *tape) error {
	keys := number[uint64](t)
	return eachLine(r, func(line []byte) error {
		var start, count uint64
		if _, err := fmt.Sscan(string(line), &start, &count); err != nil {
			return fmt.Errorf("%q is not \"start count …\": %w", line, err)
		}
		if count > most-uint64(len(t.requests)) {
			return errMost
		}
		for i := range count {
			if err := keys.add(start + i); err != nil {
				return err
			}
		}
		return nil
	})
}

func parseLines(r *bufio.Reader, t *tape) error {
	keys := number[string](t)
	return eachLine(r, func(line []byte) error {
		if line[0] == '*' {
			return nil
		}
		return keys.add(string(line))
	})
}

// eachLine gives lines that are not blank to f, without the white space around them.
func eachLine(r *bufio.Reader, f func(line []byte) error) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func parseBE64(r *bufio.Reader, t *tape) error {
	keys := number[uint64](t)
	return eachWord(r, 8, func(b []byte) error { return keys.add(binary.BigEndian.Uint64(b)) })
}

func parseLE32(r *bufio.Reader, t *tape) error {
	keys := number[uint32](t)
	return eachWord(r, 4, func(b []byte) error { return keys.add(binary.LittleEndian.Uint32(b)) })
}

// eachWord gives parts of size bytes to f; a part of a part at the end is an error.
func eachWord(r *bufio.Reader, size int, f func([]byte) error) error {
	word := make([]byte, size)
	for {
		if _, err := io.ReadFull(r, word); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("a key has %d bytes: %w", size, err)
		}
		if err := f(word); err != nil {
			return err
		}
	}
}
