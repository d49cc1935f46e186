package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/plant"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/wire"
)

// directed is a small world for each bug that can be planted, in which it does its harm. Drawn at random some of them
// show in one world of a thousand.
var directed = map[plant.Bug]func(*testing.T) *small{
	plant.ArrivalOrder:    older,
	plant.NoTieBreak:      tie,
	plant.WallClock:       slowWriter,
	plant.BlindStore:      forgottenDelete,
	plant.CallerRefused:   forgottenDelete,
	plant.NoFloor:         forgottenDelete,
	plant.NoForgotten:     forgottenDelete,
	plant.TombstoneSilent: forgottenDelete,
	plant.VouchAtAsk:      forgottenMeanwhile,
	plant.SilentEviction:  evicted,
	plant.GhostIgnored:    announced,
	plant.OwnDeadline:     shortLife,
	plant.NoSlack:         clocksApart,
	plant.SeenFirst:       slowAnswer,
	plant.SeenAfterCut:    cutAnswer,
	plant.SeenRefused:     refusedInAnswer,
	plant.ForgotMeanwhile: forgottenInAnswer,
	plant.SkipYoung:       youngest,
	plant.SkipExpiring:    expiring,
	plant.NoLossy:         lossy,
	plant.LossyKeeps:      lossy,
	plant.LossyTombstones: lossyTombstone,
	plant.LossyNoFloor:    lossyFloor,
	plant.FloorNotClock:   lossyClock,
	plant.FutureTaken:     future,
	plant.FutureClock:     future,
	plant.NoSkewCheck:     clocksFarApart,
	plant.LoadAtEnd:       overtakenLoad,
	plant.ClearOnce:       cleared,
	plant.ClearShort:      cleared,
	plant.SameOrigin:      restarted,
	plant.TouchUnbounded:  touched,
	plant.TombstoneFixed:  longForgotten,
	plant.RingUnbounded:   forgottenDelete,
	plant.ServedLate:      deadline,
	plant.ExpiryDelete:    expired,
	plant.MarkedUnapplied: survived,
	plant.WriteAsks:       older,
	plant.DropIgnored:     overflown,
	plant.SettledWhole:    flowing,
	plant.JournalWhole:    killed,
	plant.PartsMixed:      halved,
	plant.ContentUnion:    older,
}

// TestDirectedWorlds: with nothing planted nothing is wrong in any of them.
func TestDirectedWorlds(t *testing.T) {
	for bug := plant.None + 1; bug < plant.Bugs; bug++ {
		t.Run(bug.String(), func(t *testing.T) {
			if directed[bug] == nil {
				t.Fatal("there is no world for it")
			}
			if faults := directed[bug](t).faults(); len(faults) > 0 {
				t.Error(faults)
			}
		})
	}
}

var roomy = replica.Options{Capacity: 400, TTL: time.Hour}

// rings of one: the second tombstone has the first forgotten.
var tight = replica.Options{Capacity: 400, TTL: time.Hour, Ghosts: 1, Tombstones: 1}

// older: a write is met by an older one after a cut.
func older(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	s.cut(0, 1)
	s.put(0, "k")
	s.Run(time.Second)
	s.put(1, "k")
	return s
}

// tie: two nodes write at the same time.
func tie(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	s.cut(0, 1)
	s.put(0, "k")
	s.put(1, "k")
	return s
}

// slowWriter: a node whose clock is behind overwrites what one with a fast clock wrote.
func slowWriter(t *testing.T) *small {
	s := newSmall(t, roomy, 10*time.Second, 0)
	s.put(0, "k")
	s.Run(time.Second)
	s.put(1, "k")
	return s
}

// outdated makes a world in which the holder has an old value of k, and the reader knew better and has forgotten it.
func outdated(t *testing.T, room replica.Options, better func(*small)) *small {
	s := newSmall(t, room, 0, 0, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.cut(0, 0, 1)
	better(s)
	s.Run(time.Second)
	return s
}

// forgottenDelete: the reader has forgotten a delete when it asks the holder.
func forgottenDelete(t *testing.T) *small {
	s := outdated(t, tight, func(s *small) {
		s.drop(writer, "k")
		s.Run(time.Second)
		s.drop(writer, "j")
	})
	s.meet(reader, "k", 1, 0, 0)
	return s
}

// forgottenMeanwhile: the reader deletes, and forgets the delete, while the holder's answer is on its way. It had asked with
// what it knew before: of a delete that it knows it would say so, and be sent nothing.
func forgottenMeanwhile(t *testing.T) *small {
	s := outdated(t, tight, func(s *small) { s.put(writer, "i") })
	s.Links.Delay = 200 * time.Millisecond
	s.Cut(1, 0, 0)
	s.watch(time.Second, reader, "k")
	s.drop(reader, "k")
	s.drop(reader, "j")
	s.watch(time.Second, reader, "k")
	return s
}

// evicted: the reader has evicted the newer value.
func evicted(t *testing.T) *small {
	s := outdated(t, replica.Options{Capacity: 1, TTL: time.Hour}, func(s *small) {
		s.put(writer, "k")
		s.Run(time.Second)
		s.put(reader, "j")
	})
	s.meet(reader, "k", 1, 0, 0)
	return s
}

// announced: a value too large for gossip takes the place of a small one.
func announced(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.set(writer, "k", s.room.TTL, 17<<10)
	s.Run(time.Second)
	s.read(reader, "k")
	return s
}

// shortLife: the newer value lives shorter than the older one.
func shortLife(t *testing.T) *small {
	s := outdated(t, roomy, func(s *small) {
		s.set(writer, "k", 2*time.Second, 0)
		s.Run(3 * time.Second)
	})
	s.meet(reader, "k", 1, 0, 0)
	return s
}

// clocksApart: a delete is L old by the clock of one node, while the value lives on by the clock of another.
func clocksApart(t *testing.T) *small {
	s := newSmall(t, replica.Options{Capacity: 100, TTL: time.Minute}, 0, 14*time.Second, -14*time.Second)
	s.put(writer, "k")
	s.Run(time.Second)
	s.cut(0, 0, 1)
	s.drop(writer, "k")
	s.Run(47 * time.Second)
	s.Cut(1, 0, 0)
	s.watch(10*time.Second, holder, "k")
	return s
}

// clocksFarApart: the clock of one node is so far ahead that it has outlived the delete when it meets the value.
func clocksFarApart(t *testing.T) *small {
	s := newSmall(t, replica.Options{Capacity: 100, TTL: time.Minute}, 0, 100*time.Second, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.cut(0, 0, 1)
	s.drop(writer, "k")
	s.Run(20 * time.Second)
	s.put(writer, "j") // so that the origin is remembered
	s.Run(5 * time.Second)
	s.Cut(1, 0, 0)
	s.watch(20*time.Second, holder, "k")
	return s
}

// Values of 15 KB each. An answer with bulk of them has to wait for credit. Of held ones they are less than half, or it would
// be a bootstrap, which has another order and more credit.
const (
	bulk = 120
	held = 260
)

// bulky makes a world in which the reader lacks much, and is in the middle of an answer from a node: what it lacks of k
// comes last.
func bulky(t *testing.T, room replica.Options, from int, last func(*small), offsets ...time.Duration) *small {
	s := newSmall(t, room, offsets...)
	s.fill(held)
	s.put(writer, "k")
	s.Run(time.Second)
	groups := make([]int, len(offsets))
	groups[reader] = 1
	s.cut(groups...)
	s.fill(bulk)
	s.Run(30 * time.Second)
	last(s)
	s.Run(time.Second)
	for i := range groups {
		groups[i] = 1
	}
	groups[reader], groups[from] = 0, 0
	s.Links.Delay = 500 * time.Millisecond
	s.Cut(groups...)
	first := s.caches[from].Store().Known("bulk0").Version
	if !s.Until(time.Minute, func() bool { return s.caches[reader].Store().Known("bulk0").Version == first }) {
		t.Fatal("no answer came")
	}
	return s
}

func (s *small) fill(n int) {
	for i := range n {
		s.set(writer, fmt.Sprint("bulk", i), s.room.TTL, 15<<10)
	}
}

// slowAnswer: a read in the middle of an answer.
func slowAnswer(t *testing.T) *small {
	s := bulky(t, roomy, writer, func(s *small) { s.put(writer, "k") }, 0, 0)
	s.read(reader, "k")
	return s
}

// cutAnswer: the connection breaks in the middle of an answer.
func cutAnswer(t *testing.T) *small {
	s := slowAnswer(t)
	s.Break(s.Nodes()[reader], s.Nodes()[writer])
	s.Run(100 * time.Millisecond)
	s.read(reader, "k")
	return s
}

// refusedInAnswer: the reader's clock is set back in the middle of an answer, and what follows is in the future.
func refusedInAnswer(t *testing.T) *small {
	s := bulky(t, roomy, holder, func(s *small) { s.put(writer, "k") }, 20*time.Second, 0, 0)
	s.Nodes()[reader].Step(-18 * time.Second)
	s.watch(3*time.Second, reader, "k")
	return s
}

// forgottenInAnswer: the answerer forgets a delete that it was about to send.
func forgottenInAnswer(t *testing.T) *small {
	s := bulky(t, tight, writer, func(s *small) { s.drop(writer, "k") }, 0, 0)
	s.drop(writer, "j")
	s.watch(3*time.Second, reader, "k")
	return s
}

// lossyClock: a write right after a lossy sync, by a clock below the floor that came with it.
func lossyClock(t *testing.T) *small {
	s := bulky(t, tight, writer, func(s *small) {
		s.drop(writer, "k")
		s.drop(writer, "j")
	}, 20*time.Second, 0)
	s.put(reader, "new")
	return s
}

// youngest: a write is a second old when it is synced, and gossip brings nothing.
func youngest(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.Links.Loss = 1
	for range 30 {
		s.put(writer, "k")
		s.Run(700 * time.Millisecond)
		s.read(reader, "k")
	}
	return s
}

// expiring: a write is about to expire when it is synced.
func expiring(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.Links.Loss = 1
	for range 30 {
		s.set(writer, "k", 1500*time.Millisecond, 0)
		s.Run(700 * time.Millisecond)
		s.read(reader, "k")
	}
	return s
}

// lossy: the writer has forgotten a delete that the reader has not seen.
func lossy(t *testing.T) *small {
	s := newSmall(t, tight, 0, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.cut(0, 1)
	s.drop(writer, "k")
	s.drop(writer, "j")
	s.Heal()
	s.watch(5*time.Second, reader, "k")
	return s
}

// lossyFloor: after a lossy sync the reader meets the old value once more.
func lossyFloor(t *testing.T) *small {
	s := newSmall(t, tight, 0, 0, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.cut(0, 1, 2)
	s.drop(writer, "k")
	s.drop(writer, "j")
	s.cut(0, 0, 1)
	s.Run(20 * time.Second)
	s.meet(reader, "k", 1, 0, 0)
	return s
}

// lossyTombstone: the reader has a delete, the holder a write after it, and the writer has evicted and then forgotten a
// write after that.
func lossyTombstone(t *testing.T) *small {
	s := newSmall(t, replica.Options{Capacity: 1, TTL: time.Hour, Ghosts: 1, Tombstones: 1}, 0, 0, 0)
	s.drop(writer, "k")
	s.Run(time.Second)
	s.cut(0, 1, 0)
	s.put(holder, "k")
	s.Run(time.Second)
	s.cut(0, 1, 2)
	for _, key := range []string{"k", "i", "j"} {
		s.put(writer, key)
	}
	s.cut(0, 0, 1)
	s.Run(20 * time.Second)
	s.meet(reader, "k", 1, 0, 0)
	return s
}

// future: a node's clock is an hour ahead.
func future(t *testing.T) *small {
	s := newSmall(t, roomy, time.Hour, 0)
	s.Nodes()[writer].Mad = true
	s.put(writer, "k")
	s.Run(time.Second)
	s.read(reader, "k")
	s.put(reader, "j")
	return s
}

// overtakenLoad: a write elsewhere comes while a value is loaded.
func overtakenLoad(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	n, c := s.Nodes()[reader], s.caches[reader]
	at := s.oracle.BeginLoad(n, "k")
	s.Run(time.Second)
	s.put(writer, "k")
	s.Run(time.Second)
	c.Store().EndLoad("k", at, sim.Content(1000, at, 0), s.room.TTL.Milliseconds())
	s.read(reader, "k")
	return s
}

// cleared: the reader knows of a Clear, the holder does not.
func cleared(t *testing.T) *small {
	s := outdated(t, roomy, func(s *small) { s.oracle.Clear(s.Nodes()[writer]) })
	s.meet(reader, "k", 1, 0, 0)
	return s
}

// restarted: a node restarts and writes on, and gossip brings nothing.
func restarted(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	for range 5 {
		s.put(writer, "k")
		s.Run(time.Second)
	}
	n := s.Nodes()[writer]
	n.Crash()
	s.oracle.Detach(n)
	s.Run(5 * time.Second)
	n.Start()
	s.open(t, writer)
	s.Links.Loss = 1
	s.Run(10 * time.Second)
	s.put(writer, "k")
	s.Run(20 * time.Second)
	return s
}

// touched: a value is touched half way through the longest life that it may have.
func touched(t *testing.T) *small {
	s := newSmall(t, replica.Options{Capacity: 100, TTL: time.Minute}, 0, 0)
	s.put(writer, "k")
	s.Run(30 * time.Second)
	s.caches[writer].Store().Touch("k", time.Minute.Milliseconds())
	s.read(writer, "k")
	return s
}

// deadline: a value is read until after its deadline.
func deadline(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	s.set(writer, "k", 1100*time.Millisecond, 0)
	for range 200 {
		s.Run(10 * time.Millisecond)
		s.read(writer, "k")
		s.read(reader, "k")
	}
	return s
}

// longForgotten: a delete is a minute old, of the hour that a value may live, when it meets the value.
func longForgotten(t *testing.T) *small {
	s := outdated(t, roomy, func(s *small) {
		s.drop(writer, "k")
		s.Run(time.Minute)
	})
	s.meet(reader, "k", 1, 0, 0)
	return s
}

// expired: a value expires by the clock of one node while another writes it anew.
func expired(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 10*time.Second)
	s.set(writer, "k", 15*time.Second, 0)
	s.Run(8 * time.Second)
	return s
}

// survived: a write has come to one other node by gossip, and to the next by sync, when its writer dies.
func survived(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0, 0)
	s.cut(0, 1, 0)
	s.put(writer, "k")
	s.Run(time.Second)
	s.Links.Loss = 1
	s.Heal()
	s.Run(10 * time.Second)
	n := s.Nodes()[writer]
	n.Crash()
	s.oracle.Detach(n)
	s.Run(time.Second)
	n.Start()
	s.open(t, writer)
	return s
}

// killed: a node dies while it is filled, and comes back with its journal.
func killed(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	n := s.Nodes()[reader]
	n.Crash()
	s.oracle.Detach(n)
	s.Run(time.Second)
	s.fill(held)
	s.put(writer, "k")
	s.Run(time.Second)
	type note struct {
		by    *crdt.Seen
		total uint64
		m     *wire.Records
	}
	var notes []note
	s.room.Journal = func(by *crdt.Seen, total uint64, m *wire.Records) { notes = append(notes, note{by, total, m}) }
	n.Start()
	s.open(t, reader)
	if !s.Until(time.Minute, func() bool { return s.caches[reader].Store().Len() > held/4 }) {
		t.Fatal("it is not filled")
	}
	n.Crash()
	s.oracle.Detach(n)
	s.Run(time.Second)
	n.Start()
	s.room.Journal, s.room.Replay = nil, func(replay func(*crdt.Seen, uint64, *wire.Records)) {
		for _, n := range notes {
			replay(n.by, n.total, n.m)
		}
	}
	s.open(t, reader)
	if here := s.caches[reader].Store().Len(); here <= held/4 || here >= held {
		t.Fatalf("%d of %d came back", here, held)
	}
	return s
}

// flowing: gossip brings nothing, and rounds go on while keys are written, each once, at the reader too.
func flowing(t *testing.T) *small {
	s := newSmall(t, roomy, 0, 0)
	s.put(writer, "k")
	s.Run(15 * time.Second) // until nobody is new any more
	s.Links.Loss = 1
	for i := range 40 {
		s.put(writer, fmt.Sprint("j", i))
		s.put(reader, fmt.Sprint("i", i))
		if i == 20 {
			s.put(writer, "k")
		}
		s.Run(700 * time.Millisecond)
		s.read(reader, "k")
	}
	if c := s.Nodes()[reader].Engine.Counters(); c.Settled == 0 || c.Moved == 0 {
		t.Fatalf("%d settled syncs, %d records moved", c.Settled, c.Moved)
	}
	return s
}
