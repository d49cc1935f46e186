package snapshot

import (
	"errors"
	"fmt"
	"io"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/wire"
)

// largestJournal is the most bytes of a journal: six million entries of 100 bytes. What comes beyond that waits for the
// next snapshot.
const largestJournal = 1 << 30

// Journal is the file beside a snapshot in which lies what large syncs have brought since. The zero value does not work,
// make one with [OpenJournal]. Not safe for concurrent use.
//
// Nothing is synced: what was written survives the end of the process, and of what a loss of power leaves the whole
// blocks count.
type Journal struct {
	dir     Dir
	name    string
	title   Title
	file    File  // nil = not open
	size    int64 // of the whole blocks; 0 = there is no file, or none of use
	session uint64
	told    bool // what the sender of session had seen stands in the file, behind the last mark
	failed  bool // nothing is written until a snapshot is
}

// OpenJournal hands what the journal of this name holds to take, piece by piece: a frame of records, what their sender had
// seen before it read them, and how many it was about to send, 0 if that was no bootstrap. It goes up to the first block
// that is damaged. The error tells why it ends before its end, fs.ErrNotExist if there is no journal; whatever it is, the
// journal that is returned works, and goes on behind what was taken.
func OpenJournal(dir Dir, name string, want Title, take func(by *crdt.Seen, total uint64, m *wire.Records)) (*Journal, error) {
	want.Created = 0 // its records tell their own age
	j := &Journal{dir: dir, name: name, title: want}
	f, size, err := dir.Open(name)
	if err != nil {
		return j, fmt.Errorf("snapshot: read journal %s: %w", name, err)
	}
	defer f.Close()
	r := &journalReader{blockReader: blockReader{from: f, left: size}}
	t, err := r.title(journalMagic)
	if err == nil {
		err = t.belongs(want)
	}
	for err == nil {
		j.size = size - r.left
		if r.left == 0 {
			return j, nil
		}
		err = r.frame(want.Cache, take)
	}
	return j, fmt.Errorf("snapshot: read journal %s: %w", name, err)
}

// journalReader reads the parts of a journal.
type journalReader struct {
	blockReader
	session uint64
	pages   []crdt.Known
	by      *crdt.Seen // nil = not whole yet
	total   uint64
}

func (r *journalReader) frame(cache string, take func(*crdt.Seen, uint64, *wire.Records)) error {
	b, err := r.next()
	if err != nil {
		return err
	}
	m, err := wire.Decode(b)
	if err != nil {
		return err
	}
	if wire.CacheOf(m) != cache {
		return errors.New("a block is of another cache")
	}
	switch m := m.(type) {
	case *wire.Answer:
		return r.begun(m)
	case *wire.Records:
		if r.by == nil || m.Session != r.session {
			return errors.New("records without what their sender had seen")
		}
		take(r.by, r.total, m)
		return nil
	}
	return errors.New("a block does not belong there")
}

// begun reads a page of what a sender had seen.
func (r *journalReader) begun(m *wire.Answer) (err error) {
	if r.by != nil || m.Session != r.session {
		r.by, r.pages = nil, nil
	}
	if len(r.pages)+len(m.Digest) > crdt.MaxOrigins {
		return errors.New("too long a digest")
	}
	r.session, r.total = m.Session, m.Total
	if r.pages = wire.AppendPage(r.pages, m.Digest); m.Last {
		r.by, err = crdt.FromKnown(r.pages)
	}
	return err
}

// Append writes a piece. After an error there is no journal, for its room may be what the next snapshot lacks, and nothing
// is written until that is in place.
func (j *Journal) Append(by *crdt.Seen, total uint64, m *wire.Records) error {
	if j.failed || j.size >= largestJournal {
		return nil
	}
	if err := j.append(by, total, m); err != nil {
		j.failed = true
		return fmt.Errorf("snapshot: write journal %s: %w", j.name, errors.Join(err, j.remove()))
	}
	return nil
}

func (j *Journal) append(by *crdt.Seen, total uint64, m *wire.Records) error {
	if err := j.open(); err != nil {
		return err
	}
	if !j.told || j.session != m.Session {
		if err := j.tell(by, total, m.Session); err != nil {
			return err
		}
	}
	return j.write(m)
}

// tell writes what the sender of a session had seen.
func (j *Journal) tell(by *crdt.Seen, total, session uint64) error {
	pages := wire.DigestPages(by.Known(), wire.DigestBytes)
	for i, page := range pages {
		m := &wire.Answer{Cache: j.title.Cache, Session: session, Digest: page, Total: total, Last: i == len(pages)-1}
		if err := j.write(m); err != nil {
			return err
		}
	}
	j.session, j.told = session, true
	return nil
}

func (j *Journal) write(m wire.Message) error {
	b, err := wire.Encode(m)
	if err != nil {
		return err
	}
	w := blockWriter{to: j.file}
	if err := w.write(b); err != nil {
		return err
	}
	j.size += int64(len(b) + blockHead)
	return nil
}

// open opens the file, which is made if there is none.
func (j *Journal) open() (err error) {
	switch {
	case j.file != nil:
		return nil
	case j.size > 0:
		j.file, err = j.dir.Append(j.name, j.size)
		return err
	}
	j.file, j.size, err = j.create(j.name)
	return err
}

// create makes a file without a piece.
func (j *Journal) create(name string) (f File, size int64, err error) {
	if f, err = j.dir.Create(name); err != nil {
		return nil, 0, err
	}
	head := preamble(journalMagic)
	if _, err = f.Write(head); err == nil {
		w := blockWriter{to: f}
		err = w.write(j.title.encode())
		size = int64(len(head) + len(w.buf))
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

// Mark is where the journal is now. What is written from then on does not need what stands before.
func (j *Journal) Mark() int64 {
	j.told = false
	return j.size
}

// Trim takes out what was written before a mark: a snapshot holds it. After an error it may still be there, which does no
// harm, as what it holds is older than the snapshot or the same.
func (j *Journal) Trim(mark int64) error {
	j.failed = false
	if j.size == 0 {
		mark = 0
	}
	var err error
	if mark == j.size {
		err = j.remove()
	} else {
		err = j.cut(mark)
	}
	if err != nil {
		return fmt.Errorf("snapshot: trim journal %s: %w", j.name, err)
	}
	return nil
}

// remove takes the file away; what may be there and is of no use, too.
func (j *Journal) remove() error {
	err := j.Close()
	j.size, j.told = 0, false
	return errors.Join(err, discard(j.dir, j.name))
}

// cut puts what stands behind a mark into a file of its own, which takes the place of the other.
func (j *Journal) cut(mark int64) error {
	if err := j.Close(); err != nil {
		return err
	}
	size, err := j.copyTail(j.name+temporary, mark)
	if err == nil {
		err = j.dir.Rename(j.name+temporary, j.name)
	}
	if err != nil {
		_ = j.dir.Remove(j.name + temporary)
		return err
	}
	j.size = size
	return nil
}

func (j *Journal) copyTail(to string, mark int64) (size int64, err error) {
	from, _, err := j.dir.Open(j.name)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	if _, err := io.CopyN(io.Discard, from, mark); err != nil {
		return 0, err
	}
	f, size, err := j.create(to)
	if err != nil {
		return 0, err
	}
	n, err := io.CopyN(f, from, j.size-mark)
	return size + n, errors.Join(err, f.Close())
}

// Close closes the file. What is written after that opens it again.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return f.Close()
}
