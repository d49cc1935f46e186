package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// aside ends the name of a file that could not be restored.
const aside = ".bad"

// Read opens the snapshot of this name and hands it to fill, once, if its beginning is what it should be; fill reads it
// to its end, and throws away what it has taken if the records end with an error. now is Unix milliseconds.
//
// nil: it is restored. fs.ErrNotExist: there is none. [ErrOld]: it is too old to be of use, and is left alone. Any other
// error, also one of fill: it cannot be restored, and is renamed to end in .bad, in the place of an older one, so that it
// can be looked at and is not tried again. All but nil are a cold start, none is a reason not to start.
func Read(dir Dir, name string, want Title, now int64, fill func(*store.Snapshot) error) error {
	err := read(dir, name, want, now, fill)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrOld) {
		err = errors.Join(err, setAside(dir, name))
	}
	return fmt.Errorf("snapshot: read %s: %w", name, err)
}

// setAside renames a bad file. One that an older bad one cannot give way to, as a file to a directory, comes after it is
// removed.
func setAside(dir Dir, name string) error {
	err := dir.Rename(name, name+aside)
	if err != nil && dir.Remove(name+aside) == nil {
		err = dir.Rename(name, name+aside)
	}
	return err
}

func read(dir Dir, name string, want Title, now int64, fill func(*store.Snapshot) error) error {
	f, size, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := &reader{blockReader: blockReader{from: f, left: size}, cache: want.Cache}
	t, err := r.title(magic)
	if err != nil {
		return err
	}
	if err := t.check(want, now); err != nil {
		return err
	}
	seen, err := r.seen()
	if err != nil {
		return err
	}
	if err := fill(&store.Snapshot{Seen: seen, Records: r.content, Past: func() store.Past { return r.past }}); err != nil {
		return err
	}
	if !r.whole {
		return errors.New("it was not read to its end")
	}
	return nil
}

// reader reads the parts of a file in their order.
type reader struct {
	blockReader
	cache   string
	records uint64 // read so far
	past    store.Past
	whole   bool // all of the file has been read, and is good
}

// frame reads a block that is a frame, which must be of this cache and in its place.
func (r *reader) frame() (wire.Message, error) {
	number := r.blocks
	b, err := r.next()
	if err != nil {
		return nil, err
	}
	m, err := wire.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", number, err)
	}
	var session uint64
	large := false
	switch m := m.(type) {
	case *wire.Pull:
		session = m.Session
	case *wire.Records:
		session, large = m.Session, len(m.Records) == 1
	case *wire.Answer:
		session = m.Session
	}
	if session != number || wire.CacheOf(m) != r.cache || len(b) > usualBlock && !large {
		return nil, fmt.Errorf("block %d: it does not belong there", number)
	}
	return m, nil
}

// seen reads the digest.
func (r *reader) seen() (known []crdt.Known, err error) {
	for {
		m, err := r.frame()
		if err != nil {
			return nil, err
		}
		p, ok := m.(*wire.Pull)
		if !ok || len(known)+len(p.Digest) > crdt.MaxOrigins {
			return nil, fmt.Errorf("block %d: no digest, or too long a one", r.blocks-1)
		}
		if known = wire.AppendPage(known, p.Digest); p.Last {
			return known, nil
		}
	}
}

// content is the records. Behind them the rest of the file is read, so that without an error all of it is good.
func (r *reader) content(yield func(store.Record[[]byte], error) bool) {
	for {
		m, err := r.frame()
		if err != nil {
			yield(store.Record[[]byte]{}, err)
			return
		}
		records, ok := m.(*wire.Records)
		if !ok {
			if err := r.finish(m); err != nil {
				yield(store.Record[[]byte]{}, err)
			}
			return
		}
		r.records += uint64(len(records.Records))
		for _, rec := range records.Records {
			if !yield(store.Record[[]byte](rec), nil) {
				return
			}
		}
	}
}

// finish reads what stands behind the records, of which m is the first frame.
func (r *reader) finish(m wire.Message) error {
	r.past.Forgotten = map[crdt.Origin]store.Forgotten{}
	for last := false; !last; {
		a, ok := m.(*wire.Answer)
		if !ok || len(r.past.Forgotten)+len(a.Forgotten) > crdt.MaxOrigins {
			return fmt.Errorf("block %d: no forgotten numbers, or too many", r.blocks-1)
		}
		r.past.Floor = a.Floor
		for _, f := range a.Forgotten {
			r.past.Forgotten[f.Origin] = store.Forgotten{N: f.N, Time: f.Time}
		}
		if last = a.Last; !last {
			var err error
			if m, err = r.frame(); err != nil {
				return err
			}
		}
	}
	return r.end()
}

func (r *reader) end() error {
	blocks := r.blocks
	b, err := r.next()
	switch {
	case err != nil:
		return err
	case len(b) != 24 || binary.BigEndian.Uint64(b[8:]) != r.records || binary.BigEndian.Uint64(b[16:]) != blocks:
		return errors.New("its end does not fit its contents")
	case r.left != 0:
		return errors.New("there is something behind its end")
	}
	r.past.Ceiling = crdt.Time(binary.BigEndian.Uint64(b))
	r.whole = true
	return nil
}
