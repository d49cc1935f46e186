package replica_test

import (
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/wire"
)

// TestAnswerThatNeverEnds: a peer that tells something now and then, and never all, does not hold up the syncs with others.
func TestAnswerThatNeverEnds(t *testing.T) {
	m, _, l := lying(t)
	l.Serve(func(from geo.ID, lane uint8, cache string, b []byte) bool {
		if p, err := wire.Decode(b); err == nil {
			if p, ok := p.(*wire.Pull); ok && p.Last {
				l.tellNothing(from, p.Session, 100)
			}
		}
		return l.frame(from, lane, cache, b)
	}, func(geo.Peer) {}, func(geo.Drop) {})
	m.Run(time.Minute)
	m.Links.Loss = 1
	m.set(0, "lost", "x")
	m.Run(100 * time.Millisecond)
	m.Links.Loss = 0
	m.want(1, "lost", "x", 30*time.Second)
}

// tellNothing sends a page of an empty digest, and so many more.
func (l *liar) tellNothing(to geo.ID, session uint64, more int) {
	l.send(to, geo.LaneSync, &wire.Answer{Cache: "c", Session: session})
	if more > 0 {
		l.After(1500*time.Millisecond, func() { l.tellNothing(to, session, more-1) })
	}
}
