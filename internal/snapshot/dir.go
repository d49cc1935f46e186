package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Dir is a directory with plain files in it, named without a path. [At] is one of the operating system; tests and the
// simulator have others, that fail and forget.
type Dir interface {
	// Open opens a plain file for reading; anything else of that name is an error, at once. fs.ErrNotExist if there is none.
	Open(name string) (f io.ReadCloser, size int64, err error)
	// Create makes a file, mode 0600, in the place of one that may be there.
	Create(name string) (File, error)
	// Append opens a plain file that is written on after its first size bytes; what stands behind them is cut off.
	Append(name string, size int64) (File, error)
	// Rename gives a file a new name, in the place of one that may be there: at any moment one of both is there.
	Rename(from, to string) error
	Remove(name string) error
	// Sync has the names of the files on the disk.
	Sync() error
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	Sync() error // has its contents on the disk
}

// At is the directory at a path. It is not looked at before it is used.
func At(path string) Dir { return directory(path) }

type directory string

func (d directory) path(name string) string { return filepath.Join(string(d), name) }

// Open looks before it opens, for opening a FIFO waits for its other end, and looks again at what it got, for the two
// may differ.
func (d directory) Open(name string) (io.ReadCloser, int64, error) {
	before, err := os.Lstat(d.path(name))
	if err != nil {
		return nil, 0, err
	}
	if !before.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("it is not a plain file but %v", before.Mode())
	}
	f, err := os.OpenFile(d.path(name), os.O_RDONLY|plainly, 0)
	if err != nil {
		return nil, 0, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = errors.New("it was exchanged while it was opened")
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, after.Size(), nil
}

func (d directory) Create(name string) (File, error) {
	if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (d directory) Append(name string, size int64) (File, error) {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY|plainly, 0)
	if err != nil {
		return nil, err
	}
	if err = f.Truncate(size); err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (d directory) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d directory) Remove(name string) error { return os.Remove(d.path(name)) }

func (d directory) Sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(syncNames(f), f.Close())
}
