package geo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// mesh is many nodes that follow their plans.
type mesh struct {
	rnd   *rand.Rand
	nodes []*meshNode
	rtt   [][]time.Duration // symmetric
	cut   bool              // even nodes do not know of odd ones
}

type meshNode struct {
	*Ranking
	id    ID
	place city
	want  []bool // by the place in the mesh
}

// newMesh puts n nodes into the first cities of the table, connected to nobody.
func newMesh(seed uint64, n, regions int) *mesh {
	m := &mesh{rnd: seeded(seed)}
	for i := range n {
		c := cities[m.rnd.IntN(regions)]
		id := ID(fmt.Sprintf("%03d", i))
		m.nodes = append(m.nodes, &meshNode{Ranking: NewRanking(c.Region, m.rnd), id: id, place: c, want: make([]bool, n)})
		m.rtt = append(m.rtt, make([]time.Duration, n))
	}
	for i, a := range m.nodes {
		for j, b := range m.nodes[:i] {
			m.rtt[i][j] = path(a.place, b.place, m.rnd)
			m.rtt[j][i] = m.rtt[i][j]
		}
	}
	return m
}

// straighten makes every way no longer than any way round (Floyd and Warshall): chance alone makes so many short cuts that
// gossip would arrive before the direct message.
func (m *mesh) straighten() {
	for k := range m.nodes {
		for i := range m.nodes {
			for j := range m.nodes {
				m.rtt[i][j] = min(m.rtt[i][j], m.rtt[i][k]+m.rtt[k][j])
			}
		}
	}
}

// connected tells whether one of the two wants the other.
func (m *mesh) connected(i, j int) bool { return m.nodes[i].want[j] || m.nodes[j].want[i] }

// members is what node i is told of all, itself among them.
func (m *mesh) members(i int) []Peer {
	var all []Peer
	for j, b := range m.nodes {
		if m.cut && (i-j)%2 != 0 {
			continue
		}
		all = append(all, Peer{ID: b.id, Region: b.place.Region, Connected: m.connected(i, j)})
	}
	return all
}

// round lets every node measure whom it is connected to, then plan anew.
func (m *mesh) round() {
	for i, a := range m.nodes {
		for j, b := range m.nodes {
			m.measure(a, b, m.connected(i, j), m.rtt[i][j])
		}
		want := a.Plan(a.id, m.members(i), m.rnd)
		clear(a.want)
		for _, id := range want {
			j, _ := slices.BinarySearchFunc(m.nodes, id, func(b *meshNode, id ID) int { return cmp.Compare(b.id, id) })
			a.want[j] = true
		}
	}
}

func (m *mesh) measure(a, b *meshNode, connected bool, rtt time.Duration) {
	if !connected {
		a.Remove(b.id)
		return
	}
	a.Add(b.id, b.place.Region, 0)
	a.Sample(b.id, cloud.Draw(rtt, m.rnd), 0)
}

// reached is how many nodes node 0 reaches.
func (m *mesh) reached() int {
	seen, todo := map[int]bool{0: true}, []int{0}
	for len(todo) > 0 {
		i := todo[0]
		todo = todo[1:]
		for j := range m.nodes {
			if !seen[j] && m.connected(i, j) {
				seen[j] = true
				todo = append(todo, j)
			}
		}
	}
	return len(seen)
}

func TestPlansConnectTheMesh(t *testing.T) {
	for _, n := range []int{65, 100, 200, 500} {
		for _, regions := range []int{1, 10, 20} {
			m := newMesh(uint64(n), n, regions)
			for range 3 {
				m.round()
				if got := m.reached(); got != n {
					t.Fatalf("%d nodes in %d regions: one reaches %d", n, regions, got)
				}
			}
			m.check(t, regions)
		}
	}
}

func TestHalvesThatWereCutJoinAgain(t *testing.T) {
	for _, regions := range []int{1, 20} {
		m := newMesh(1, 400, regions)
		m.cut = true
		for range 3 {
			m.round()
		}
		if got := m.reached(); got != 200 {
			t.Fatalf("one of 200 cut off reaches %d", got)
		}
		m.cut = false
		m.round()
		if got := m.reached(); got != 400 {
			t.Errorf("after the cut one of 400 reaches %d", got)
		}
	}
}

// check holds the promises of Plan for each node.
func (m *mesh) check(t *testing.T, regions int) {
	t.Helper()
	most := max(connections, nearby+perRegion*(regions-1)+strangers)
	for i, a := range m.nodes {
		wants := 0
		for _, want := range a.want {
			if want {
				wants++
			}
		}
		if a.want[i] || wants > most || wants < connections {
			t.Fatalf("node %d of %d wants %d, itself %v; want %d to %d", i, len(m.nodes), wants, a.want[i], connections, most)
		}
		if regions > 1 && regions <= 10 && m.farther(i) == 0 {
			t.Fatalf("node %d of %d wants the nearest alone", i, len(m.nodes))
		}
		m.checkRegions(t, i)
	}
}

// farther is how many node i wants that are not among the nearest it could want.
func (m *mesh) farther(i int) int {
	rtts := slices.Sorted(slices.Values(m.rtt[i]))
	n := 0
	for j := range m.nodes {
		if m.nodes[i].want[j] && m.rtt[i][j] > rtts[connections] {
			n++
		}
	}
	return n
}

func (m *mesh) checkRegions(t *testing.T, i int) {
	t.Helper()
	there, wanted := make(map[string]int), make(map[string]int)
	for j, b := range m.nodes {
		there[b.place.Region]++
		if m.nodes[i].want[j] {
			wanted[b.place.Region]++
		}
	}
	for _, c := range cities {
		if other := c.Region != m.nodes[i].place.Region; other && wanted[c.Region] < min(perRegion, there[c.Region]) {
			t.Fatalf("node %d of %d wants %d of the %d in %s", i, len(m.nodes), wanted[c.Region], there[c.Region], c.Region)
		}
	}
}

// TestLastNodeHasAWriteSoon: 160 nodes, each sends its own writes to all that it is connected to and passes on those of others
// to six, of which two are near. When the last node has a write is compared with the direct way to the farthest.
func TestLastNodeHasAWriteSoon(t *testing.T) {
	var stretch []float64
	for seed := range uint64(4) {
		m := newMesh(seed, 160, 10)
		m.straighten()
		for range 5 {
			m.round()
		}
		pass := m.passOn()
		for i := range m.nodes {
			stretch = append(stretch, float64(m.last(i, pass))/float64(slices.Max(m.rtt[i])))
		}
	}
	slices.Sort(stretch)
	median, p99 := quantile(stretch, .5), quantile(stretch, .99)
	t.Logf("the last node has a write at %.3f× (median), %.3f× (p99) of the direct way", median, p99)
	if median > 1.1 || p99 > 1.25 {
		t.Errorf("last node at %.3f× (median), %.3f× (p99) of the direct way, want 1.1 and 1.25", median, p99)
	}
}

// passOn draws to whom each node passes on what it receives: both ways, as a gossip mesh is.
func (m *mesh) passOn() [][]int {
	pass := make([][]int, len(m.nodes))
	for i := range m.nodes {
		for _, j := range m.meshOf(i) {
			pass[i], pass[j] = append(pass[i], j), append(pass[j], i)
		}
	}
	return pass
}

// meshOf is half of the six of node i, the others being those that draw it: its nearest one and two at random.
func (m *mesh) meshOf(i int) []int {
	var all []int
	for j := range m.nodes {
		if m.connected(i, j) {
			all = append(all, j)
		}
	}
	m.rnd.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	slices.SortStableFunc(all[2:], func(a, b int) int { return cmp.Compare(m.rtt[i][a], m.rtt[i][b]) })
	return all[:3]
}

// last is the time at which the last node has a write of node from, in RTTs; by Dijkstra's shortest paths.
func (m *mesh) last(from int, pass [][]int) time.Duration {
	at, done := make([]time.Duration, len(m.nodes)), make([]bool, len(m.nodes))
	for j := range at {
		at[j] = time.Hour
		if m.connected(from, j) {
			at[j] = m.rtt[from][j]
		}
	}
	at[from], done[from] = 0, true
	for {
		i := -1
		for j := range at {
			if !done[j] && (i < 0 || at[j] < at[i]) {
				i = j
			}
		}
		if i < 0 {
			return slices.Max(at)
		}
		done[i] = true
		for _, j := range pass[i] {
			at[j] = min(at[j], at[i]+m.rtt[i][j])
		}
	}
}
