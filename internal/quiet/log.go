// Package quiet writes logs that nobody outside can fill a disk with.
package quiet

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// silence is how long a subject of the log stays silent after a line; maxSubjects bounds how many are remembered.
const (
	silence     = 10 * time.Second
	maxSubjects = 4096
)

// Log writes at most one line per subject (a peer, an address) in 10 s. Safe for concurrent use; make one with New.
type Log struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	last map[string]time.Time // by subject; guarded by mu
}

// New returns a Log that writes to log, nil = nowhere, and tells time by now.
func New(log *slog.Logger, now func() time.Time) *Log {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Log{log: log, now: now, last: map[string]time.Time{}}
}

// Error writes an error about a subject.
func (l *Log) Error(subject, msg string, args ...any) { l.write(slog.LevelError, subject, msg, args) }

// Warn writes a warning about a subject.
func (l *Log) Warn(subject, msg string, args ...any) { l.write(slog.LevelWarn, subject, msg, args) }

// Info writes what is good to know about a subject.
func (l *Log) Info(subject, msg string, args ...any) { l.write(slog.LevelInfo, subject, msg, args) }

func (l *Log) write(level slog.Level, subject, msg string, args []any) {
	if l.due(subject) {
		l.log.Log(context.Background(), level, msg, args...)
	}
}

func (l *Log) due(subject string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if at, ok := l.last[subject]; ok && now.Sub(at) < silence {
		return false
	}
	if len(l.last) >= maxSubjects {
		l.pruneLocked(now)
	}
	if len(l.last) >= maxSubjects {
		return false
	}
	l.last[subject] = now
	return true
}

func (l *Log) pruneLocked(now time.Time) {
	for s, at := range l.last {
		if now.Sub(at) >= silence {
			delete(l.last, s)
		}
	}
}
