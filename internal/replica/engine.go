package replica

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/quiet"
	"github.com/geolru/geolru/internal/wire"
)

const (
	maxCaches = 1024 // per node

	tick     = 250 * time.Millisecond // of probes, expiry and rounds
	planning = 30 * time.Second       // between two looks at whom to be connected to
	pruning  = time.Minute            // between two looks at what may be forgotten
	lostFor  = 24 * time.Hour         // after which a member that left is no longer listed
)

// ErrClosed: the engine or the cache is closed.
var ErrClosed = errors.New("replica: closed")

// Config is what an engine is made of. Net, Clock and Rand are needed.
type Config struct {
	Net     Network
	Clock   Clock
	Rand    *rand.Rand // the engine's alone
	Region  string
	Timeout time.Duration // of asking peers; 0 = 3.6 s
	Log     *slog.Logger  // nil = silent

	Unhedged bool // no second peer is asked because the first takes long: for comparison
}

// Engine replicates the caches of one node. Safe for concurrent use; make one with New.
type Engine struct {
	net     Network
	clock   Clock
	self    geo.ID
	region  string
	timeout time.Duration
	log     *slog.Logger
	quiet   *quiet.Log // of what peers bring about
	single  bool       // no request is hedged
	budget  geo.Budget // of hedged requests; guarded by mu

	mu        sync.Mutex // guards all below, and rnd
	rnd       *rand.Rand
	closed    bool
	names     map[string]struct{} // of caches that open, are open, or part
	named     sync.WaitGroup      // as many as names
	caches    []*Cache            // open, by name
	peers     []*peer             // members, by ID, connected or not
	rank      *geo.Ranking
	ids       uint64 // the last drawn number of a request or session
	asks      map[uint64]*ask
	overtaken map[overtaken]int64 // when they were sent, Unix nanoseconds
	streams   streams
	explains  map[uint64]*inquiry
	ready     []*waiter
	greeting  bool  // a probe to everybody is scheduled
	arrived   int64 // when the last member connected, Unix nanoseconds; 0 = none ever
	planned   int64 // when last, Unix nanoseconds
	pruned    int64
	counters  Counters
}

// Counters is what an engine has done since it was made.
type Counters struct {
	Batches, Records, Malformed, Future, Unknown uint64 // gossip that came in: batches, records, dropped by cause
	Published, Congested                         uint64 // batches that went out, or could not
	Pulls, Whole, Lossy, Busy                    uint64 // syncs begun here, whole ones, lossy ones, refused ones
	Settled                                      uint64 // syncs begun here that ask for what is settled alone
	Moved                                        uint64 // records that came by sync
	Dropped                                      uint64 // records that lossy syncs had this node forget
	Fetches, Hedges                              uint64 // requests to peers, and those of them that were hedges
	Lost, Doubts, Wide                           uint64 // gossip that queues dropped, comparisons for it, waits of the wide window
	Transfers, Resumed                           uint64 // values that came in parts, and times that another holder went on with one
}

// Plus is the sum of two engines' counters.
func (c Counters) Plus(d Counters) Counters {
	return Counters{
		c.Batches + d.Batches, c.Records + d.Records, c.Malformed + d.Malformed, c.Future + d.Future, c.Unknown + d.Unknown,
		c.Published + d.Published, c.Congested + d.Congested,
		c.Pulls + d.Pulls, c.Whole + d.Whole, c.Lossy + d.Lossy, c.Busy + d.Busy, c.Settled + d.Settled,
		c.Moved + d.Moved, c.Dropped + d.Dropped, c.Fetches + d.Fetches, c.Hedges + d.Hedges,
		c.Lost + d.Lost, c.Doubts + d.Doubts, c.Wide + d.Wide,
		c.Transfers + d.Transfers, c.Resumed + d.Resumed,
	}
}

// New makes an engine and begins its traffic.
func New(c Config) *Engine {
	if c.Timeout == 0 {
		c.Timeout = 3600 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		net: c.Net, clock: c.Clock, self: c.Net.Self(), region: c.Region, timeout: c.Timeout, log: c.Log, rnd: c.Rand,
		single: c.Unhedged, rank: geo.NewRanking(c.Region, c.Rand), names: map[string]struct{}{}, asks: map[uint64]*ask{}, overtaken: map[overtaken]int64{}, explains: map[uint64]*inquiry{},
		streams: streams{awaited: map[uint64]*transfer{}, came: map[geo.ID]uint64{}},
	}
	e.quiet = quiet.New(c.Log, func() time.Time { return time.Unix(0, c.Clock.Now()) })
	e.ids = c.Rand.Uint64() >> 16
	c.Net.Serve(e.frame, e.peer, e.drop)
	c.Clock.After(tick, e.tick)
	return e
}

// millis is the physical clock in Unix milliseconds.
func (e *Engine) millis() int64 { return e.clock.Now() / int64(time.Millisecond) }

// newID is the number of a new request or session. mu is held.
func (e *Engine) newID() uint64 {
	e.ids++
	return e.ids
}

// cache finds an open cache; nil if there is none of that name.
func (e *Engine) cache(name string) *Cache {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i, ok := e.find(name); ok {
		return e.caches[i]
	}
	return nil
}

func (e *Engine) find(name string) (int, bool) {
	return slices.BinarySearchFunc(e.caches, name, func(c *Cache, n string) int { return compare(c.name, n) })
}

// all is the open caches at this moment.
func (e *Engine) all() []*Cache {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.caches)
}

// reserve takes the name of a cache, before anything is done in it.
func (e *Engine) reserve(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, taken := e.names[name]
	switch {
	case e.closed:
		return ErrClosed
	case taken:
		return fmt.Errorf("replica: open cache %q: it is open on this node already", name)
	case len(e.names) == maxCaches:
		return fmt.Errorf("replica: open cache %q: this node has %d caches, the most it may", name, maxCaches)
	}
	e.names[name] = struct{}{}
	e.named.Add(1)
	return nil
}

// release gives a name back.
func (e *Engine) release(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.names, name)
	e.named.Done()
}

// register adds a cache that is about to open.
func (e *Engine) register(c *Cache) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	i, _ := e.find(c.name)
	e.caches = slices.Insert(e.caches, i, c)
	return nil
}

// tick is the engine's pulse.
func (e *Engine) tick() {
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return
	}
	for _, c := range e.all() {
		c.expire()
	}
	e.mu.Lock()
	now := e.clock.Now()
	var due []func()
	e.probe(now)
	for _, c := range e.caches {
		c.ripen(now)
		c.round(now)
		c.timeouts(now)
		c.claims.expire(now)
		due = append(due, c.met()...)
		c.dropEarly(now)
	}
	e.plan(now)
	e.prune(now)
	e.mu.Unlock()
	runAll(due)
	e.checkReady()
	e.clock.After(tick, e.tick)
}

// plan tells the network whom to stay connected to. mu is held.
func (e *Engine) plan(now int64) {
	if now-e.planned < int64(planning) {
		return
	}
	if e.planned = now; len(e.peers) == 0 {
		return
	}
	members := make([]geo.Peer, 0, len(e.peers))
	for _, p := range e.peers {
		members = append(members, p.Peer)
	}
	e.net.Keep(e.rank.Plan(e.self, members, e.rnd))
}

// prune forgets origins and members that nothing is to be expected of any more. mu is held.
func (e *Engine) prune(now int64) {
	if now-e.pruned < int64(pruning) {
		return
	}
	e.pruned = now
	for _, c := range e.caches {
		c.prune(now / int64(time.Millisecond))
	}
	e.peers = slices.DeleteFunc(e.peers, func(p *peer) bool { return !p.Connected && now-p.left > int64(lostFor) })
}

// frame takes in what comes from the network; false calls it malformed.
func (e *Engine) frame(from geo.ID, lane uint8, cache string, b []byte) bool {
	if lane == 0 {
		return e.gossip(from, cache, b)
	}
	m, err := wire.Decode(b)
	if errors.Is(err, wire.ErrUnknownType) {
		e.count(func(c *Counters) { c.Unknown++ })
		return true
	}
	if err != nil {
		e.count(func(c *Counters) { c.Malformed++ })
		e.quiet.Warn("frame "+string(from), "malformed frame", "peer", from, "lane", lane, "err", err)
		return false
	}
	return e.message(from, m)
}

// message hands a frame to whom it is for. What is for a cache that is not open here is ignored.
func (e *Engine) message(from geo.ID, m wire.Message) bool {
	if p, ok := m.(*wire.Probe); ok {
		e.probed(from, p)
		return true
	}
	c := e.cache(wire.CacheOf(m))
	if c == nil {
		return true
	}
	switch m := m.(type) {
	case *wire.Fetch:
		c.lend(from, m)
	case *wire.Fetched:
		c.fetched(from, m)
	case *wire.Offers:
		c.offered(from, m)
	case *wire.Take:
		c.lendPart(from, m)
	case *wire.Part:
		return c.part(from, m)
	case *wire.Claim:
		c.heardClaim(from, m)
	case *wire.Claimed:
		c.heardClaimed(from, m)
	case *wire.Ack:
		c.acked(from, m)
	case *wire.Explain:
		c.explain(from, m)
	case *wire.Explained:
		c.explained(from, m)
	default:
		return c.sync(from, m)
	}
	return true
}

func (e *Engine) count(f func(*Counters)) {
	e.mu.Lock()
	f(&e.counters)
	e.mu.Unlock()
}

// Counters reads the counters.
func (e *Engine) Counters() Counters {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counters
}

// send encodes and sends a message; false if it could not be.
func (e *Engine) send(to geo.ID, lane uint8, m wire.Message) bool {
	b, err := wire.Encode(m)
	if err != nil {
		e.log.Error("message not encodable", "peer", to, "lane", lane, "err", err)
		return false
	}
	return e.net.Send(to, lane, b)
}

// waiter is a continuation that runs once.
type waiter struct{ done func() }

// Ready calls done once every open cache has had one whole sync from a peer, or there are members and none of them holds
// it; at once if all have.
func (e *Engine) Ready(done func()) (cancel func()) {
	w := &waiter{done}
	e.mu.Lock()
	e.ready = append(e.ready, w)
	e.mu.Unlock()
	e.checkReady()
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.ready = slices.DeleteFunc(e.ready, func(o *waiter) bool { return o == w })
	}
}

func (e *Engine) checkReady() {
	e.mu.Lock()
	var due []*waiter
	now := e.clock.Now()
	if !slices.ContainsFunc(e.caches, func(c *Cache) bool { return !c.whole && !c.alone(now) }) {
		due, e.ready = e.ready, nil
	}
	e.mu.Unlock()
	for _, w := range due {
		w.done()
	}
}

// Close closes the caches and ends the engine; what another goroutine opens or closes meanwhile has parted, too, when it
// returns. The network is the caller's to close.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	for _, c := range e.all() {
		c.Close()
	}
	e.named.Wait()
}

// runAll runs continuations, which may call the engine: the caller holds no lock.
func runAll(due []func()) {
	for _, f := range due {
		f()
	}
}
