//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package snapshot

import (
	"io"
	"os"
	"strings"
)

// plainly has no counterpart here: the look before has to do.
const plainly = 0

// syncNames tries to sync a directory, which not all of these systems can.
func syncNames(f *os.File) error {
	_ = f.Sync()
	return nil
}

// lock takes nothing.
func lock(string, string) (io.Closer, error) { return io.NopCloser(strings.NewReader("")), nil }
