package sim

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math/rand/v2"
	"time"
)

// Epoch is when every world begins, Unix nanoseconds (2026-01-01). Any would do; it is far from zero so that times
// before the beginning can be written.
const Epoch = int64(1_767_225_600_000_000_000)

// World is a simulated world. It is not safe for concurrent use: one goroutine drives it.
type World struct {
	Rand      *rand.Rand            // for the test's own draws: they are part of the seed's story
	Links     Links                 // of all nodes; may be changed between runs
	Tally     Tally                 // what has happened so far
	Trace     func(string, ...any)  // is told every change of every replica that an oracle follows; nil = nobody is
	Stepped   func(*Node)           // is told of each node that something has happened at, after it; nil = nobody is
	Drop      func(lane uint8) bool // tells which frames between two nodes are lost; nil = none is
	Unhedged  bool                  // the engines of nodes that start from now on hedge no requests
	Malformed int                   // frames that a node sent and another refused: none in a sound mesh

	now     int64 // nanoseconds since the Epoch
	highest int64 // that a sound clock has shown, Unix nanoseconds
	drawn   uint64
	events  events
	nodes   []*Node
	rnd     *rand.Rand
	story   hash.Hash
	local   *Oracle // a local operation is under way, which it follows
	line    []byte  // of the story, while it is put together
}

// Tally counts what has happened in a world.
type Tally struct {
	Events, Frames, Batches, Copies, Lost, Dropped, Doubled, Late, Crashes, Restored, Replayed, Cuts, Mutes, Breaks, Steps int

	CopyBytes int // of all Copies
}

// New makes a world.
func New(seed uint64) *World {
	return &World{
		Rand: rand.New(rand.NewPCG(seed, 1)), rnd: rand.New(rand.NewPCG(seed, 2)),
		Links: Links{Delay: 20 * time.Millisecond}, story: sha256.New(),
	}
}

// Story is a hash over every frame that has arrived so far, and when and where: two worlds of one seed, driven alike,
// have the same.
func (w *World) Story() string { return hex.EncodeToString(w.story.Sum(nil)) }

func (w *World) tell(from, to *Node, lane uint8, frame []byte) {
	w.Tally.Frames++
	b := binary.BigEndian.AppendUint64(w.line[:0], uint64(w.now))
	b = append(b, from.id...)
	b = append(b, to.id...)
	b = binary.BigEndian.AppendUint32(append(b, lane), uint32(len(frame)))
	w.line = append(b, frame...)
	w.story.Write(w.line)
}

// Now is how long the world exists.
func (w *World) Now() time.Duration { return time.Duration(w.now) }

// Nodes is the nodes in the order in which they were added.
func (w *World) Nodes() []*Node { return w.nodes }

// Run lets time pass.
func (w *World) Run(d time.Duration) {
	w.until(func() bool { return false }, w.now+int64(d))
}

// Until lets time pass until cond holds, looking after every event, at most for d; false if it did not come to hold.
func (w *World) Until(d time.Duration, cond func() bool) bool {
	return w.until(cond, w.now+int64(d))
}

func (w *World) until(cond func() bool, end int64) bool {
	for !cond() {
		if len(w.events) == 0 || w.events[0].at > end {
			w.now = end
			return cond()
		}
		e := heap.Pop(&w.events).(*event)
		w.now = e.at
		if !e.stopped {
			e.done = true
			w.Tally.Events++
			e.run()
		}
	}
	return true
}

// after has f run when d has passed.
func (w *World) after(d time.Duration, f func()) *event {
	w.drawn++
	e := &event{at: w.now + max(int64(d), 0), number: w.drawn, run: f}
	heap.Push(&w.events, e)
	return e
}

// event is something that will happen; those of one moment happen in the order in which they were planned.
type event struct {
	at            int64
	number        uint64
	run           func()
	stopped, done bool
}

type events []*event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].number < q[j].number
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(*event)) }
func (q *events) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}

// Plus is the sum of two tallies.
func (t Tally) Plus(u Tally) Tally {
	return Tally{
		t.Events + u.Events, t.Frames + u.Frames, t.Batches + u.Batches, t.Copies + u.Copies, t.Lost + u.Lost, t.Dropped + u.Dropped, t.Doubled + u.Doubled, t.Late + u.Late,
		t.Crashes + u.Crashes, t.Restored + u.Restored, t.Replayed + u.Replayed, t.Cuts + u.Cuts, t.Mutes + u.Mutes, t.Breaks + u.Breaks, t.Steps + u.Steps,
		t.CopyBytes + u.CopyBytes,
	}
}
