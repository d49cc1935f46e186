package geolru

import (
	"iter"
	"log/slog"
	"time"
)

// slowEvery is after how long of silence a log says how far something is.
const slowEvery = 2 * time.Second

// slow is something that may take long, and says in the log how far it is. It must be made by newSlow, and one goroutine
// uses it.
type slow struct {
	log  *slog.Logger
	now  func() time.Time
	said time.Time // or when it began
}

func newSlow(log *slog.Logger) *slow { return &slow{log, time.Now, time.Now()} }

// at says, if it is time to, what is going on and how far it is.
func (s *slow) at(what string, far ...any) {
	if now := s.now(); now.Sub(s.said) >= slowEvery {
		s.said = now
		s.log.Info(what, far...)
	}
}

// slowStep is how many items pass between two looks at the clock.
const slowStep = 4096

// counted has what goes through items said of a cache.
func counted[T any](items iter.Seq2[T, error], s *slow, what, cache string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		for item, err := range items {
			if n++; n%slowStep == 0 {
				s.at(what, "cache", cache, "records", n)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
