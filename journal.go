package geolru

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/wire"
)

// mostWaiting is how many bytes of records may wait to be written to a journal: twice what a peer may have under way. A disk
// that is slower than the network loses the rest, which costs no more than to have it sent again after a kill.
const mostWaiting = 16 << 20

// journal keeps what large syncs bring to a cache until the next snapshot holds it, for a process that is killed writes no
// snapshot. Safe for concurrent use.
type journal struct {
	disk  *disk
	cache string
	ttl   int64

	mu      sync.Mutex // guards what follows
	waiting []note
	bytes   int
	writing bool // a goroutine is at it
	closed  bool

	file sync.Mutex // guards out; taken before mu
	out  *snapshot.Journal
}

// note is a frame of records, and who vouches for them.
type note struct {
	by      *crdt.Seen
	total   uint64
	records *wire.Records
	size    int
}

// replay hands over what is in the file, before anything is noted.
func (j *journal) replay(take func(*crdt.Seen, uint64, *wire.Records)) {
	j.file.Lock()
	defer j.file.Unlock()
	var err error
	j.out, err = snapshot.OpenJournal(j.disk.dir, j.disk.base(j.cache)+".journal", j.disk.title(j.cache, j.ttl), take)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.disk.log.Info("geolru: the journal ends early; what is behind comes from a peer", "cache", j.cache, "err", err)
	}
}

// note has a frame written, soon.
func (j *journal) note(by *crdt.Seen, total uint64, m *wire.Records) {
	n := note{by: by, total: total, records: m}
	for _, r := range m.Records {
		n.size += wire.RecordSize(len(r.Key), len(r.Value))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || j.bytes+n.size > mostWaiting {
		return
	}
	j.waiting, j.bytes = append(j.waiting, n), j.bytes+n.size
	if !j.writing {
		j.writing = true
		go j.write()
	}
}

// write writes until nothing waits.
func (j *journal) write() {
	for j.flush() {
	}
}

// flush writes what waits; false if that is nothing.
func (j *journal) flush() bool {
	j.file.Lock()
	defer j.file.Unlock()
	notes := j.take()
	for _, n := range notes {
		if err := j.out.Append(n.by, n.total, n.records); err != nil {
			j.disk.unkept.Add(1)
			j.disk.log.Error("geolru: the journal is given up until the next snapshot", "cache", j.cache, "err", err)
		}
	}
	return len(notes) > 0
}

func (j *journal) take() (notes []note) {
	j.mu.Lock()
	defer j.mu.Unlock()
	notes, j.waiting, j.bytes = j.waiting, nil, 0
	j.writing = len(notes) > 0
	return notes
}

// mark is where the journal is now, with all that was noted before.
func (j *journal) mark() int64 {
	j.flush()
	j.file.Lock()
	defer j.file.Unlock()
	return j.out.Mark()
}

// trim takes out what was noted before a mark, for it is in a snapshot.
func (j *journal) trim(mark int64) {
	j.file.Lock()
	defer j.file.Unlock()
	if err := j.out.Trim(mark); err != nil {
		j.disk.log.Warn("geolru: the journal stays longer than it need", "cache", j.cache, "err", err)
	}
}

// over tells whether it is closed.
func (j *journal) over() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

// close ends it. What is noted from now on is not written.
func (j *journal) close() {
	j.mu.Lock()
	j.closed, j.waiting, j.bytes = true, nil, 0
	j.mu.Unlock()
	j.file.Lock()
	defer j.file.Unlock()
	if err := j.out.Close(); err != nil {
		j.disk.log.Warn("geolru: close the journal", "cache", j.cache, "err", err)
	}
}
