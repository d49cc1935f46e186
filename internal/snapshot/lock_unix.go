//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package snapshot

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// plainly opens without following a link and without waiting for the other end of a FIFO.
const plainly = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// syncNames syncs a directory. Some file systems have nothing to sync there and say so.
func syncNames(f *os.File) error {
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// lock locks a file in the directory, or the directory itself where nothing can be written. The lock is of the open file,
// so it excludes a second one of the same process too.
func lock(dir, path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|plainly, 0o600)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, err = os.Open(dir)
	}
	if err != nil {
		return nil, err
	}
	if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, err
}
