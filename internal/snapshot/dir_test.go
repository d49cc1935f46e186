package snapshot_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/geolru/geolru/internal/snapshot"
)

func TestOnDisk(t *testing.T) {
	dir := t.TempDir()
	m := sample(300, 1000, 100_000)
	for range 2 { // the second replaces the first, and a leftover
		if err := os.WriteFile(filepath.Join(dir, name+".tmp"), []byte("leftover"), 0o666); err != nil {
			t.Fatal(err)
		}
		write(t, snapshot.At(dir), m)
	}
	if got, err := read(snapshot.At(dir), title, now); err != nil || !same(got, m) {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Fatalf("files %v", left)
	}
}

// placed are things that are no snapshot, in the place of one.
var placed = map[string]func(path string) error{
	"directory": func(path string) error { return os.MkdirAll(filepath.Join(path, "full"), 0o700) },
	"symlink": func(path string) error {
		if err := os.WriteFile(path+".target", []byte("precious"), 0o600); err != nil {
			return err
		}
		return os.Symlink(path+".target", path)
	},
	"loop": func(path string) error { return os.Symlink(path, path) },
}

// older are things that may stand where a bad file is to go.
var older = map[string]func(path string) error{
	"nothing":   func(string) error { return nil },
	"file":      func(path string) error { return os.WriteFile(path, []byte("older"), 0o600) },
	"directory": func(path string) error { return os.Mkdir(path, 0o700) },
}

func TestWhatIsNoPlainFile(t *testing.T) {
	for what, place := range placed {
		for before, make := range older {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if err := place(path); err != nil {
				t.Skip(err)
			}
			if err := make(path + ".bad"); err != nil {
				t.Fatal(err)
			}
			if m, err := read(snapshot.At(dir), title, now); m != nil || err == nil {
				t.Fatalf("%s: read", what)
			}
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Fatalf("%s before %s: still there, %v", what, before, err)
			}
			if _, err := os.Lstat(path + ".bad"); err != nil {
				t.Fatalf("%s before %s: %v", what, before, err)
			}
			write(t, snapshot.At(dir), sample(5, 5, 5))
			if b, err := os.ReadFile(path + ".target"); err == nil && string(b) != "precious" {
				t.Fatalf("%s: it was written through", what)
			}
		}
	}
}

// A link where the temporary file is to be is not written through either.
func TestLinkInTheWayOfTheTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := errors.Join(os.WriteFile(target, []byte("precious"), 0o600), os.Symlink(target, filepath.Join(dir, name+".tmp"))); err != nil {
		t.Skip(err)
	}
	write(t, snapshot.At(dir), sample(5, 5, 5))
	if b, err := os.ReadFile(target); err != nil || string(b) != "precious" {
		t.Fatalf("%q, %v", b, err)
	}
}

func TestDirectoryThatCannotBeWritten(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	if err := snapshot.Write(snapshot.At(gone), name, title, sample(1, 1, 1).snapshot()); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if os.Geteuid() <= 0 {
		t.Skip("root may write anywhere, and elsewhere modes mean nothing")
	}
	dir := t.TempDir()
	write(t, snapshot.At(dir), sample(5, 5, 5))
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	if err := snapshot.Write(snapshot.At(dir), name, title, sample(9, 9, 9).snapshot()); !errors.Is(err, os.ErrPermission) {
		t.Fatal(err)
	}
	if got, err := read(snapshot.At(dir), title, now); err != nil || !same(got, sample(5, 5, 5)) {
		t.Fatal(err)
	}
	lock, err := snapshot.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := snapshot.Lock(dir); !errors.Is(err, snapshot.ErrLocked) {
		t.Fatal(err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		first, err := snapshot.Lock(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := snapshot.Lock(dir); !errors.Is(err, snapshot.ErrLocked) {
			t.Fatalf("the second got it: %v", err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := snapshot.Lock(filepath.Join(dir, "none")); err == nil || errors.Is(err, snapshot.ErrLocked) {
		t.Fatal(err)
	}
}
