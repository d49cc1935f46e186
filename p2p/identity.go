package p2p

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/libp2p/go-libp2p/core/crypto"
)

// maxKeyFile is far more than an ed25519 key takes (68 bytes) and far less than what would hurt to read.
const maxKeyFile = 4096

// identity loads the key at path, makes it when there is none, and makes one in memory for "".
func identity(path string) (crypto.PrivKey, error) {
	if path == "" {
		return newKey()
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return storeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("p2p: read key: %w", err)
	}
	// Checked before opening, for opening a FIFO would wait for its other end.
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("p2p: read key %s: it is a %s, want a plain file", path, kind(info.Mode()))
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("p2p: read key %s: mode %#o lets others read it, want 0600", path, info.Mode().Perm())
	}
	return loadKey(path)
}

func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symlink"
	case m.IsDir():
		return "directory"
	case m&fs.ModeNamedPipe != 0:
		return "FIFO"
	}
	return "special file"
}

func newKey() (crypto.PrivKey, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("p2p: make key: %w", err)
	}
	return key, nil
}

func loadKey(path string) (crypto.PrivKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("p2p: read key: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("p2p: read key %s: %w", path, err)
	}
	if len(b) > maxKeyFile {
		return nil, fmt.Errorf("p2p: read key %s: it is longer than %d bytes, no ed25519 key is", path, maxKeyFile)
	}
	key, err := crypto.UnmarshalPrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("p2p: read key %s: no ed25519 key in it: %w", path, err)
	}
	if key.Type() != crypto.Ed25519 {
		return nil, fmt.Errorf("p2p: read key %s: it holds a key of type %s, want Ed25519", path, key.Type())
	}
	return key, nil
}

// storeKey makes a key and its file. The file appears whole or not at all: a crash leaves no half key behind.
func storeKey(path string) (crypto.PrivKey, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	b, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("p2p: encode key: %w", err)
	}
	// A link refuses to replace a key that another process made meanwhile; a rename would not.
	if err := writeWhole(path, b, os.Link); err != nil {
		return nil, fmt.Errorf("p2p: write key %s: %w", path, err)
	}
	return key, nil
}

// writeWhole writes a file that appears whole or not at all; put moves it to its place.
func writeWhole(path string, b []byte, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return put(f.Name(), path)
}
