package sim

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/geolru/geolru/internal/snapshot"
)

// Disk is the directory of a node: a [snapshot.Dir] in memory. It outlives the node's lives; what was not synced when
// one of them ends may be gone (see Crash). The zero value is empty and works. Not safe for concurrent use.
type Disk struct {
	// Fail is asked before each operation whether it fails; nil = none does. What fails does nothing, but half of a write
	// is done. The operations are called open, create, append, write, sync, close, rename, remove and names (the sync of those).
	Fail func(op string) error

	names map[string]*content // as the node sees them
	kept  map[string]*content // as they are known to be on the disk
}

// content is a file: what is written of it, and how much of that is known to be on the disk.
type content struct {
	bytes []byte
	kept  int
}

func (d *Disk) ask(op string) error {
	if d.Fail == nil {
		return nil
	}
	return d.Fail(op)
}

// Open implements snapshot.Dir.
func (d *Disk) Open(name string) (io.ReadCloser, int64, error) {
	if err := d.ask("open"); err != nil {
		return nil, 0, err
	}
	c := d.names[name]
	if c == nil {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(c.bytes)), int64(len(c.bytes)), nil
}

// Create implements snapshot.Dir.
func (d *Disk) Create(name string) (snapshot.File, error) {
	if err := d.ask("create"); err != nil {
		return nil, err
	}
	c := &content{}
	d.put(name, c)
	return &writing{d, c}, nil
}

// Append implements snapshot.Dir.
func (d *Disk) Append(name string, size int64) (snapshot.File, error) {
	if err := d.ask("append"); err != nil {
		return nil, err
	}
	c := d.names[name]
	if c == nil {
		return nil, fs.ErrNotExist
	}
	c.bytes = c.bytes[:size]
	c.kept = min(c.kept, len(c.bytes))
	return &writing{d, c}, nil
}

func (d *Disk) put(name string, c *content) {
	if d.names == nil {
		d.names = map[string]*content{}
	}
	d.names[name] = c
}

// Rename implements snapshot.Dir.
func (d *Disk) Rename(from, to string) error {
	if err := d.ask("rename"); err != nil {
		return err
	}
	c := d.names[from]
	if c == nil {
		return fs.ErrNotExist
	}
	delete(d.names, from)
	d.names[to] = c
	return nil
}

// Remove implements snapshot.Dir.
func (d *Disk) Remove(name string) error {
	if err := d.ask("remove"); err != nil {
		return err
	}
	if d.names[name] == nil {
		return fs.ErrNotExist
	}
	delete(d.names, name)
	return nil
}

// Sync implements snapshot.Dir.
func (d *Disk) Sync() error {
	if err := d.ask("names"); err != nil {
		return err
	}
	d.kept = maps.Clone(d.names)
	return nil
}

// Crash takes away what a loss of power may: the names are those of now or of the last Sync, and of what was written to
// a file since its own Sync any part is there, perhaps with zeros in the place of its end.
func (d *Disk) Crash(rnd *rand.Rand) {
	if rnd.IntN(2) == 0 {
		d.names = maps.Clone(d.kept)
	}
	for _, name := range d.Names() {
		c := d.names[name]
		c.bytes = c.bytes[:c.kept+rnd.IntN(len(c.bytes)-c.kept+1)]
		clear(c.bytes[c.kept+rnd.IntN(len(c.bytes)-c.kept+1):])
		c.kept = len(c.bytes)
	}
	d.kept = maps.Clone(d.names)
}

// Names is the names of the files, sorted.
func (d *Disk) Names() []string { return slices.Sorted(maps.Keys(d.names)) }

// Get is a copy of what is in a file; nil if there is none.
func (d *Disk) Get(name string) []byte {
	if c := d.names[name]; c != nil {
		return slices.Clone(c.bytes)
	}
	return nil
}

// Put makes a file of these bytes, on the disk at once.
func (d *Disk) Put(name string, b []byte) {
	d.put(name, &content{slices.Clone(b), len(b)})
	d.kept = maps.Clone(d.names)
}

// writing is a file that is open.
type writing struct {
	disk *Disk
	*content
}

func (w *writing) Write(b []byte) (int, error) {
	if err := w.disk.ask("write"); err != nil {
		w.bytes = append(w.bytes, b[:len(b)/2]...)
		return len(b) / 2, err
	}
	w.bytes = append(w.bytes, b...)
	return len(b), nil
}

func (w *writing) Sync() error {
	if err := w.disk.ask("sync"); err != nil {
		return err
	}
	w.kept = len(w.bytes)
	return nil
}

func (w *writing) Close() error { return w.disk.ask("close") }
