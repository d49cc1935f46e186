package replica

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/geolru/geolru/crdt"
)

// A survey goes in short steps with rests between: at once it took 36 ms for 1.1 M entries, and several times that where
// their keys must be hashed, while records that came waited up to 15 ms for a processor (geobench replicate, two cores).
const (
	surveyStep = 2048 // slots: 0.1 to 0.4 ms
	surveyRest = time.Millisecond
	// settled is how old a record is, at least, that should be everywhere.
	settled = time.Minute
)

// survey is a walk over what is known of one partition of the keys.
type survey struct {
	partition, seed uint64
	old             crdt.Time // what is younger may still be under way
	cursor          uint64
	visit           func(a item, key string)
	done            func()
}

// survey hands over the items of a partition that are old enough to be everywhere, then calls done; never if the cache
// closes meanwhile. How old is drawn to the minute, so that two nodes mostly draw it at one place, whenever each begins.
func (c *Cache) survey(partition, seed uint64, visit func(a item, key string), done func()) {
	old := c.engine.millis() - settled.Milliseconds()
	old -= old % settled.Milliseconds()
	c.surveyOn(&survey{partition: partition, seed: seed, old: crdt.At(old), visit: visit, done: done})
}

func (c *Cache) surveyOn(s *survey) {
	s.cursor = c.store.Each(s.cursor, surveyStep, s.look)
	switch {
	case s.cursor == 0:
		s.done()
	case !c.isClosed():
		c.engine.clock.After(surveyRest, func() { c.surveyOn(s) })
	}
}

func (s *survey) look(key string, r crdt.Register) {
	if r.Seq == 0 || r.Version.Time > s.old {
		return
	}
	sum := sha256.Sum256([]byte(key))
	if k := binary.BigEndian.Uint64(sum[:]); k%partitions == s.partition {
		s.visit(item{mix(k ^ s.seed), uint64(r.Version.Time), uint64(r.Version.Origin), r.Seq}, key)
	}
}
