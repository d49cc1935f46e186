package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// temporary ends the name of a file that is being written.
const temporary = ".tmp"

// Rooms for what lies in a frame besides the names and numbers that it begins with, and the most that one item of each
// kind takes.
const (
	frameRoom   = usualBlock - 1024
	forgotBatch = 1024 // of at most 28 bytes
)

// Write writes a snapshot in the place of the one of this name. On an error that one is still there, whole, unless it is
// of the last step, the sync of the directory: then either is. Two must not write the same name at a time.
func Write(dir Dir, name string, t Title, s *store.Snapshot) error {
	err := writeTemporary(dir, name+temporary, t, s)
	if err == nil {
		err = dir.Rename(name+temporary, name)
	}
	if err != nil {
		_ = dir.Remove(name + temporary) // what cannot be removed is replaced by the next one
	} else {
		err = dir.Sync()
	}
	if err != nil {
		return fmt.Errorf("snapshot: write %s: %w", name, err)
	}
	return nil
}

// Drop removes the snapshot of this name, if there is one, or empties it, so that it is not read again.
func Drop(dir Dir, name string) error {
	if err := discard(dir, name); err != nil {
		return fmt.Errorf("snapshot: drop %s: %w", name, err)
	}
	return nil
}

// discard takes a file away, or what is in it: that needs no right to write to the directory.
func discard(dir Dir, name string) error {
	err := dir.Remove(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		return dir.Sync()
	}
	f, unopened := dir.Append(name, 0)
	if unopened != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeTemporary writes a file and has it on the disk.
func writeTemporary(dir Dir, name string, t Title, s *store.Snapshot) error {
	f, err := dir.Create(name)
	if err != nil {
		return err
	}
	w := &writer{blockWriter: blockWriter{to: f}, cache: t.Cache}
	if err = w.all(t, s); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// writer writes the parts of a file in their order.
type writer struct {
	blockWriter
	cache   string
	records uint64 // written so far
}

func (w *writer) all(t Title, s *store.Snapshot) error {
	if _, err := w.to.Write(preamble(magic)); err != nil {
		return err
	}
	if err := w.write(t.encode()); err != nil {
		return err
	}
	if err := w.seen(s.Seen); err != nil {
		return err
	}
	if err := w.content(s.Records); err != nil {
		return err
	}
	past := s.Past()
	if err := w.past(past); err != nil {
		return err
	}
	return w.end(past.Ceiling)
}

func (w *writer) frame(m wire.Message) error {
	b, err := wire.Encode(m)
	if err != nil {
		return err
	}
	return w.write(b)
}

// seen writes a digest, at least one page.
func (w *writer) seen(known []crdt.Known) error {
	pages := wire.DigestPages(known, frameRoom)
	for i, page := range pages {
		m := &wire.Pull{Cache: w.cache, Session: w.blocks, Digest: page, Last: i == len(pages)-1}
		if err := w.frame(m); err != nil {
			return err
		}
	}
	return nil
}

// content writes records, as many to a block as it holds, and one that no block holds to a block of its own.
func (w *writer) content(records iter.Seq2[store.Record[[]byte], error]) error {
	m, room := &wire.Records{Cache: w.cache}, frameRoom
	for rec, err := range records {
		if err != nil {
			return err
		}
		size := wire.RecordSize(len(rec.Key), len(rec.Value))
		if size > room || len(m.Records) == wire.MaxFrameRecords {
			if err := w.flush(m); err != nil {
				return err
			}
			room = frameRoom
		}
		m.Records, room = append(m.Records, wire.Record(rec)), room-size
	}
	return w.flush(m)
}

func (w *writer) flush(m *wire.Records) error {
	if len(m.Records) == 0 {
		return nil
	}
	m.Session = w.blocks
	w.records += uint64(len(m.Records))
	err := w.frame(m)
	clear(m.Records) // or the last of their values would be held for long
	m.Records = m.Records[:0]
	return err
}

// past writes what is forgotten, on at least one page.
func (w *writer) past(p store.Past) error {
	origins := slices.Sorted(maps.Keys(p.Forgotten))
	for {
		n := min(len(origins), forgotBatch)
		m := &wire.Answer{Cache: w.cache, Session: w.blocks, Floor: p.Floor, Last: n == len(origins)}
		for _, o := range origins[:n] {
			m.Forgotten = append(m.Forgotten, wire.Forgotten{Origin: o, N: p.Forgotten[o].N, Time: p.Forgotten[o].Time})
		}
		if err := w.frame(m); err != nil || m.Last {
			return err
		}
		origins = origins[n:]
	}
}

func (w *writer) end(ceiling crdt.Time) error {
	b := binary.BigEndian.AppendUint64(nil, uint64(ceiling))
	b = binary.BigEndian.AppendUint64(b, w.records)
	return w.write(binary.BigEndian.AppendUint64(b, w.blocks))
}
