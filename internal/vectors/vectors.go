// Package vectors reads the test vectors and the grammar of docs/wire.md, so that the page and the program cannot differ.
// Tests alone use it.
package vectors

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// Read is the vectors of one section, by name: the lines `name hexadecimal` of all code blocks marked `vectors section` in
// the page at path. It fails for a line of another form and for a name that stands there twice.
func Read(path, section string) (map[string][]byte, error) {
	lines, err := Block(path, "vectors "+section)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, line := range lines {
		name, digits, _ := strings.Cut(line, " ")
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) == 0 || all[name] != nil {
			return nil, fmt.Errorf("vectors: read %s: %q is no vector, or one of a name that was there before", path, line)
		}
		all[name] = b
	}
	return all, nil
}

// Block is the lines of all code blocks with this mark, in their order, without empty ones. It fails if there is none.
func Block(path, mark string) (lines []string, err error) {
	page, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("vectors: read page: %w", err)
	}
	inside := false
	for line := range strings.Lines(string(page)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "```"):
			inside = line == "```"+mark
		case inside && line != "":
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("vectors: read %s: no block is marked %q", path, mark)
	}
	return lines, nil
}
