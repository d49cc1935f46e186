package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/geolru/geolru/geo"
)

// How gossipsub v1.1 has batches travel (github.com/libp2p/specs, gossipsub-v1.1.md; the parameters are those of package
// geo), as far as it shows in what arrives when: the author floods all it is connected to, whoever gets a batch for the
// first time hands it on to its mesh, and once a second everybody tells some of the others which batches it has, so that
// they ask for what they lack. A queue that is full drops in silence. Left out are who dialled whom, and the messages
// that make and leave a mesh: both sides agree at once. Package p2p holds it against the real one.
const chance = time.Millisecond // what a batch waits for company in a queue: nothing arrives at the moment it is sent

// message is a batch on its way.
type message struct {
	author *Node
	cache  string
	batch  []byte
	at     int64 // when it was published
}

// topic is a node's part in the gossip of a cache. Slices, not maps: their order is part of the story.
type topic struct {
	mesh  []*Node
	had   map[*message]int64 // and when it came
	young []*message         // of the last heartbeats, as they came
	shun  map[*Node]int64    // not to be asked into the mesh before
	beats int                // since it was joined
}

// Publish gossips a batch.
func (n *Node) Publish(cache string, batch []byte) bool {
	if n.Congested {
		return false
	}
	n.world.Tally.Batches++
	m := &message{author: n, cache: cache, batch: slices.Clone(batch), at: n.world.now}
	if t := n.topics[cache]; t != nil {
		t.take(m, n.world.now)
	}
	for _, to := range n.world.nodes {
		n.pass(to, m)
	}
	return true
}

// pass hands a batch to one that it is connected to. On the way it may be lost, doubled, late or dropped.
func (n *Node) pass(to *Node, m *message) {
	l, w := n.links[to.id], n.world
	if l == nil {
		return
	}
	copies := 1
	if w.rnd.Float64() < w.Links.Duplicate {
		w.Tally.Doubled++
		copies = 2
	}
	for range copies {
		switch {
		case w.rnd.Float64() < w.Links.Loss || l.cut():
			w.Tally.Lost++
		case l.queue >= w.Links.queue():
			n.dropped(geo.Drop{Cache: m.cache, Peer: to.id, N: 1})
		default:
			l.carry(m)
		}
	}
}

func (l Links) queue() int {
	if l.Queue == 0 {
		return geo.QueueLimit
	}
	return l.Queue
}

// dropped tells the engine of a batch that a full queue dropped.
func (n *Node) dropped(d geo.Drop) {
	n.world.Tally.Dropped++
	n.After(0, func() { n.drop(d) })
}

func (l *link) carry(m *message) {
	life, w := l.to.life, l.from.world
	d := l.delay()
	if w.Links.Slow > 0 && w.rnd.Float64() < w.Links.Slow {
		w.Tally.Late++
		d += time.Duration(w.rnd.Float64() * float64(w.Links.Late))
	}
	l.queue++
	w.after(d, func() {
		l.queue--
		if l.to.life == life && !l.closed && !l.cut() {
			l.to.arrive(l.from, m)
		}
	})
}

// arrive puts a batch behind those that wait to be looked at.
func (n *Node) arrive(from *Node, m *message) {
	w := n.world
	if w.Links.Work == 0 {
		n.receive(from, m)
		return
	}
	n.free = max(n.free, w.now)
	if (n.free-w.now)/int64(w.Links.Work) >= int64(w.Links.queue()) {
		n.dropped(geo.Drop{Cache: m.cache, Peer: from.id, Here: true, N: 1})
		return
	}
	n.free += int64(w.Links.Work)
	life := n.life
	w.after(time.Duration(n.free-w.now), func() {
		if n.life == life {
			n.receive(from, m)
		}
	})
}

// receive takes a batch in: always where it comes from its author straight, once where it is handed on.
func (n *Node) receive(from *Node, m *message) {
	t, w := n.topics[m.cache], n.world
	w.Tally.Copies++
	w.Tally.CopyBytes += len(m.batch)
	if t == nil || w.Links.Gossip && !t.take(m, w.now) {
		return
	}
	w.tell(from, n, 0, m.batch)
	sound := n.frame(m.author.id, 0, m.cache, m.batch)
	n.step()
	if !sound || !w.Links.Gossip {
		return
	}
	for _, to := range slices.Clone(t.mesh) {
		if to != from && to != m.author {
			n.pass(to, m)
		}
	}
}

// take notes a batch; false if it was here already.
func (t *topic) take(m *message, now int64) bool {
	if _, had := t.had[m]; had {
		return false
	}
	t.had[m] = now
	t.young = append(t.young, m)
	return true
}

// Open takes part in the gossip of a cache.
func (n *Node) Open(cache string) error {
	t := &topic{had: map[*message]int64{}, shun: map[*Node]int64{}}
	n.topics[cache] = t
	if n.world.Links.Gossip {
		n.graft(cache, t)
	}
	n.beat(cache, t)
	return nil
}

// Shut leaves the gossip of a cache.
func (n *Node) Shut(cache string) { delete(n.topics, cache) }

// beat is the heartbeat of a topic. It beats in a world without gossip as well, and does nothing.
func (n *Node) beat(cache string, t *topic) {
	n.After(geo.Heartbeat, func() {
		if n.topics[cache] != t {
			return
		}
		if n.world.Links.Gossip {
			n.graft(cache, t)
			if t.beats++; t.beats%geo.GraftBeats == 0 {
				n.better(cache, t)
			}
			n.announce(cache, t)
		}
		t.forget(n.world.now)
		n.beat(cache, t)
	})
}

// graft drops from the mesh who is gone, asks others at random when they are few, and when they are many sends some away, of
// those with a bad score if so many have a good one.
func (n *Node) graft(cache string, t *topic) {
	t.mesh = slices.DeleteFunc(t.mesh, func(m *Node) bool { return n.links[m.id] == nil || m.topics[cache] == nil })
	if few := geo.MeshDegree - len(t.mesh); len(t.mesh) < geo.MeshLow {
		others := slices.DeleteFunc(n.strangers(cache, t), func(m *Node) bool { return n.world.now < t.shun[m] })
		for _, m := range others[:min(len(others), few)] {
			n.ask(cache, m)
		}
	}
	if len(t.mesh) >= geo.MeshHigh {
		n.shuffle(t.mesh)
		slices.SortStableFunc(t.mesh, func(a, b *Node) int { return cmp.Compare(n.score(b), n.score(a)) })
		n.shuffle(t.mesh[geo.MeshScore:])
		for _, m := range slices.Clone(t.mesh[geo.MeshDegree:]) {
			n.prune(cache, m)
		}
	}
}

// better asks some with a good score, if less than half of the mesh has one.
func (n *Node) better(cache string, t *topic) {
	if len(t.mesh) < 2 {
		return
	}
	scores := make([]float64, len(t.mesh))
	for i, m := range t.mesh {
		scores[i] = n.score(m)
	}
	slices.Sort(scores)
	median := scores[len(scores)/2]
	if median >= geo.GoodScore {
		return
	}
	good := slices.DeleteFunc(n.strangers(cache, t), func(m *Node) bool { return n.world.now < t.shun[m] || n.score(m) <= median })
	for _, m := range good[:min(len(good), geo.GraftPeers)] {
		n.ask(cache, m)
	}
}

func (n *Node) score(m *Node) float64 { return geo.MeshScoreOf(n.region, m.region) }

func (n *Node) shuffle(all []*Node) {
	n.world.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

// ask takes another into the mesh, if it has room and has not sent this one away of late.
func (n *Node) ask(cache string, m *Node) {
	mine, other := n.topics[cache], m.topics[cache]
	switch {
	case slices.Contains(other.mesh, n):
		mine.mesh = append(mine.mesh, m)
	case len(other.mesh) >= geo.MeshHigh || n.world.now < other.shun[n]:
		n.prune(cache, m)
	default:
		mine.mesh, other.mesh = append(mine.mesh, m), append(other.mesh, n)
	}
}

// prune parts two in the mesh for a while.
func (n *Node) prune(cache string, m *Node) {
	until := n.world.now + int64(geo.MeshBackoff)
	n.topics[cache].part(m, until)
	m.topics[cache].part(n, until)
}

func (t *topic) part(m *Node, until int64) {
	t.mesh = slices.DeleteFunc(t.mesh, func(o *Node) bool { return o == m })
	t.shun[m] = until
}

// strangers is the connected of a topic outside the mesh, in random order.
func (n *Node) strangers(cache string, t *topic) (all []*Node) {
	for _, m := range n.world.nodes {
		if n.links[m.id] != nil && m.topics[cache] != nil && !slices.Contains(t.mesh, m) {
			all = append(all, m)
		}
	}
	n.shuffle(all)
	return all
}

// announce tells some outside the mesh what is here (IHAVE); what they lack they ask for (IWANT).
func (n *Node) announce(cache string, t *topic) {
	if len(t.young) == 0 {
		return
	}
	has := slices.Clone(t.young)
	others := n.strangers(cache, t)
	some := max(geo.GossipPeers, int(geo.GossipFactor*float64(len(others))))
	for _, m := range others[:min(len(others), some)] {
		n.control(m, func() {
			if t := m.topics[cache]; t != nil {
				lacks := slices.DeleteFunc(slices.Clone(has), func(h *message) bool { _, had := t.had[h]; return had })
				m.control(n, func() { n.passAll(m, lacks) })
			}
		})
	}
}

func (n *Node) passAll(to *Node, all []*message) {
	for _, m := range all {
		n.pass(to, m)
	}
}

// control carries a message of gossip about gossip: small, and lost like the rest.
func (n *Node) control(to *Node, arrive func()) {
	l, life := n.links[to.id], to.life
	if l == nil || l.cut() || n.world.rnd.Float64() < n.world.Links.Loss {
		return
	}
	n.world.after(l.delay()+chance, func() {
		if to.life == life && !l.closed && !l.cut() {
			arrive()
		}
	})
}

// forget drops the batches that are told of no more, and those that may come again.
func (t *topic) forget(now int64) {
	t.young = slices.DeleteFunc(t.young, func(m *message) bool { return now-t.had[m] > geo.GossipBeats*int64(geo.Heartbeat) })
	for m, at := range t.had {
		if now-at > int64(geo.SeenFor) {
			delete(t.had, m)
		}
	}
}
