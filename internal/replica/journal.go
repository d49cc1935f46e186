package replica

import (
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/wire"
)

// A process that is killed in a large sync has all that the sync brought sent again, unless it is kept: Options.Journal
// is told of it, and Options.Replay gives it back to the next life.
//
// What comes back is a sync that was cut before its end mark, however much later, and on top of whatever snapshot: every
// record goes through the door, vouched for by what its sender had seen before it read it, against what is forgotten here
// by now; then its own dot is marked, which it covers, and no other. So a journal need not fit the snapshot beside it, nor
// be whole.

// note tells the journal of a frame that is here. Of a repair it is told once that has brought more than may be under
// way: what comes before costs less to send again than to write down each time.
func (c *Cache) note(s *pull, m *wire.Records) {
	if c.journal != nil && (s.total > 0 || s.size > creditWindow) {
		c.journal(s.answer, s.total, m)
	}
}

// replay takes in what an earlier life told its journal. Nobody else knows the replica yet.
func (c *Cache) replay(by *crdt.Seen, total uint64, m *wire.Records) {
	c.take(&pull{answer: by, total: total}, m.Records)
	c.claimAll(by)
}
