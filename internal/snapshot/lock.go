package snapshot

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// ErrLocked: another node uses the directory, in this process or another one.
var ErrLocked = errors.New("another node uses it")

// lockName is the file that is locked. It stays when the lock is gone: to remove it would be a race with the next one.
const lockName = "lock"

// Lock takes a directory for one node alone, until the lock is closed or the process ends in whatever way. An error is
// [ErrLocked] if another node has it. On systems that know no such lock it takes nothing.
func Lock(dir string) (io.Closer, error) {
	l, err := lock(dir, filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("snapshot: lock %s: %w", dir, err)
	}
	return l, nil
}
