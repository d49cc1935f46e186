package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// small is a world of three nodes or so in which one thing is shown. Nodes are called by number.
type small struct {
	*sim.World
	oracle *sim.Oracle
	caches []*replica.Cache
	room   replica.Options // of every node
	number uint64
}

const (
	writer = 0 // what the nodes are called in most worlds
	reader = 1
	holder = 2
)

// newSmall makes a world of nodes whose clocks are off by so much, with capacities and rings as in room.
func newSmall(t *testing.T, room replica.Options, offsets ...time.Duration) *small {
	t.Helper()
	s := &small{World: sim.New(1), room: room}
	s.Links = sim.Links{Delay: 20 * time.Millisecond, Notice: 500 * time.Millisecond, Redial: 500 * time.Millisecond}
	s.room.Name, s.room.Hash = "c", sim.Hash
	s.room.TTL = max(room.TTL, time.Minute)
	s.room.Capacity = max(room.Capacity, 1)
	s.oracle = sim.NewOracle(s.World, s.room.TTL.Milliseconds())
	s.Stepped = func(n *sim.Node) {
		if s.room.Ghosts > 0 {
			s.oracle.Bounded(n, s.room.Capacity, s.room.Ghosts, s.room.Tombstones)
		}
	}
	for i, d := range offsets {
		n := s.Add("r")
		n.Offset = d
		s.caches = append(s.caches, nil)
		s.open(t, i)
	}
	s.Run(2 * time.Second)
	return s
}

func (s *small) open(t *testing.T, i int) {
	t.Helper()
	c, err := s.Nodes()[i].Engine.Open(s.room)
	if err != nil {
		t.Fatal(err)
	}
	s.caches[i] = c
	s.oracle.Attach(s.Nodes()[i], c)
}

func (s *small) set(i int, key string, ttl time.Duration, size int) {
	s.number++
	s.oracle.Set(s.Nodes()[i], key, sim.Content(s.number, crdt.Version{}, size), ttl.Milliseconds())
}

// put is a Set of a small value that lives as long as it may.
func (s *small) put(i int, key string) { s.set(i, key, s.room.TTL, 0) }

func (s *small) drop(i int, key string) { s.oracle.Delete(s.Nodes()[i], key) }

func (s *small) read(i int, key string) { s.oracle.Read(s.Nodes()[i], key) }

func (s *small) ask(i int, key string) { s.oracle.Ask(s.Nodes()[i], key, func(bool) {}) }

// cut divides the nodes and waits until all have noticed.
func (s *small) cut(groups ...int) {
	s.Cut(groups...)
	s.Run(3 * time.Second)
}

// meet has a node find those of its group, and ask for a key and read it again and again while it does.
func (s *small) meet(i int, key string, groups ...int) {
	s.Cut(groups...)
	s.watch(2*time.Second, i, key)
}

// watch asks for a key and reads it every 10 ms.
func (s *small) watch(d time.Duration, i int, key string) {
	for end := s.Now() + d; s.Now() < end; {
		s.ask(i, key)
		s.read(i, key)
		s.Run(10 * time.Millisecond)
	}
}

// faults heals the world, lets it come to rest and tells what was wrong.
func (s *small) faults() []sim.Fault {
	s.Heal()
	s.Links.Loss, s.Links.Break = 0, 0
	for range 12 {
		s.Run(5 * time.Second)
		for i := range s.caches {
			s.read(i, "k")
		}
	}
	s.oracle.Settled()
	s.oracle.Promised(s.room.Capacity >= 100)
	before := s.moved()
	s.Run(15 * time.Second)
	if n := s.moved() - before; n > 0 {
		s.oracle.Faults = append(s.oracle.Faults, sim.Fault{At: s.Now(), Rule: "IDLE", Text: fmt.Sprint(n, " records moved")})
	}
	return s.oracle.Faults
}

func (s *small) moved() (n uint64) {
	for _, m := range s.Nodes() {
		n += m.Engine.Counters().Moved
	}
	return n
}
