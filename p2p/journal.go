package p2p

import (
	"log/slog"
	"sync"
	"time"
)

// quiet is how long a subject of the journal stays silent after a line; maxSubjects bounds how many are remembered.
const (
	quiet       = 10 * time.Second
	maxSubjects = 4096
)

// journal writes at most one line per subject (a peer, an address) in 10 s, so that nobody outside can fill a disk.
// Safe for concurrent use.
type journal struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	last map[string]time.Time // by subject; guarded by mu
}

func newJournal(log *slog.Logger) *journal {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &journal{log: log, now: time.Now, last: map[string]time.Time{}}
}

func (j *journal) warn(subject, msg string, args ...any) {
	if j.due(subject) {
		j.log.Warn(msg, args...)
	}
}

func (j *journal) info(subject, msg string, args ...any) {
	if j.due(subject) {
		j.log.Info(msg, args...)
	}
}

func (j *journal) due(subject string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.now()
	if at, ok := j.last[subject]; ok && now.Sub(at) < quiet {
		return false
	}
	if len(j.last) >= maxSubjects {
		j.pruneLocked(now)
	}
	if len(j.last) >= maxSubjects {
		return false
	}
	j.last[subject] = now
	return true
}

func (j *journal) pruneLocked(now time.Time) {
	for s, at := range j.last {
		if now.Sub(at) >= quiet {
			delete(j.last, s)
		}
	}
}
