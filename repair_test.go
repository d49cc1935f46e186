package geolru

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

// pair is two nodes with a cache each, and a way between them that can be cut. The second dials the first through it.
type pair struct {
	t     testing.TB
	way   *proxy
	nodes [2]*Node
	c     [2]*Cache[[]byte]
	dir   string // of the second node
}

// payload is the value that repairs are measured with, 100 bytes.
var payload = make([]byte, 100)

func newPair(t testing.TB, capacity, held int) *pair {
	p := &pair{t: t, way: newProxy(t)}
	p.nodes[0] = p.way.behind(t, Mesh{})
	p.c[0] = on(t, p.nodes[0], Options[[]byte]{Capacity: capacity})
	p.write(0, "held", held)
	p.join(Mesh{}, capacity)
	ready(t, p.nodes[1])
	return p
}

// join makes the second node.
func (p *pair) join(m Mesh, capacity int) {
	p.t.Helper()
	m.Bootstrap, p.dir = []string{p.way.addr()}, m.Dir
	p.nodes[1] = joined(p.t, m)
	p.c[1] = on(p.t, p.nodes[1], Options[[]byte]{Capacity: capacity})
}

func (p *pair) write(i int, prefix string, n int) {
	p.t.Helper()
	for k := range n {
		if err := p.c[i].Set(fmt.Sprintf("%s%07d", prefix, k), payload); err != nil {
			p.t.Fatal(err)
		}
	}
	eventually(p.t, "gossip has taken it", func() bool { return p.c[i].mesh.Store().Waiting() == 0 })
}

func (p *pair) connected() bool { return p.nodes[0].connected() && p.nodes[1].connected() }

// cut ends the connection, and waits until both know.
func (p *pair) cut() {
	p.t.Helper()
	p.way.cut()
	eventually(p.t, "the cut is noticed", func() bool { return !p.nodes[0].connected() && !p.nodes[1].connected() })
}

// equal tells whether both have seen the same.
func (p *pair) equal() bool {
	return p.c[0].mesh.Digest().Hash() == p.c[1].mesh.Digest().Hash()
}

// mended is what a repair took.
type mended struct {
	took    time.Duration // from the new connection until nothing is missing
	sync    float64       // bytes of frames of sync, both ways
	bytes   int64         // that crossed the way, all there is to a connection included
	records uint64        // sent
}

// mend ends a cut.
func (p *pair) mend() (m mended) {
	p.t.Helper()
	sync, moved := p.lanes("sync"), p.moved()
	bytes := p.way.bytes.Load()
	p.way.heal()
	eventually(p.t, "they are connected again", p.connected)
	from := time.Now()
	eventually(p.t, "nothing is missing", p.equal)
	m.took = time.Since(from)
	m.sync, m.records, m.bytes = p.lanes("sync")-sync, p.moved()-moved, p.way.bytes.Load()-bytes
	return m
}

func (p *pair) moved() uint64 {
	return p.nodes[0].engine.Counters().Moved + p.nodes[1].engine.Counters().Moved
}

// lanes is how many bytes of frames of a lane the two nodes have sent.
func (p *pair) lanes(lane string) (bytes float64) {
	p.t.Helper()
	for _, n := range p.nodes {
		bytes += laneBytes(p.t, n, lane)
	}
	return bytes
}

// laneBytes is how many bytes of frames of a lane a node has sent.
func laneBytes(t testing.TB, n *Node, lane string) (bytes float64) {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(n.Collector())
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "geolru_p2p_frame_bytes_total" && len(m.Label) == 2 && m.Label[0].GetValue() == "out" && m.Label[1].GetValue() == lane {
				bytes += m.Counter.GetValue()
			}
		}
	}
	return bytes
}

// encoded is how many bytes the records take whose keys begin so.
func (p *pair) encoded(prefix string) (bytes float64) {
	p.t.Helper()
	s := p.c[0].mesh.Store()
	m := &wire.Records{Cache: "c"}
	flush := func() {
		b, err := wire.Encode(m)
		if err != nil {
			p.t.Fatal(err)
		}
		bytes += float64(len(b))
		m.Records = m.Records[:0]
	}
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = s.Walk(cursor, 1<<16, func(r store.Record[replica.Blob]) bool {
			if len(r.Key) > len(prefix) && r.Key[:len(prefix)] == prefix {
				m.Records = append(m.Records, wire.Record{Key: r.Key, Register: r.Register, Value: r.Value.Bytes()})
			}
			if len(m.Records) == wire.MaxFrameRecords {
				flush()
			}
			return true
		})
	}
	flush()
	return bytes
}

// repair cuts two nodes that hold so many records, has one miss some, and mends the cut.
func repair(t testing.TB, held, missed int) (m mended, records float64) {
	p := newPair(t, 2*held, held)
	p.cut()
	p.write(0, "missed", missed)
	records = p.encoded("missed")
	if m = p.mend(); int(m.records) != missed {
		t.Errorf("%d records were sent for %d", m.records, missed)
	}
	if got := p.c[1].Len(); got != held+missed {
		t.Errorf("%d of %d are there", got, held+missed)
	}
	t.Logf("%d of %d missed: whole after %v, %.0f bytes of records, %.0f of sync frames, %d on the wire", missed, held+missed, m.took, records, m.sync, m.bytes)
	return m, records
}

func TestFewMissedCostFewBytes(t *testing.T) {
	if m, records := repair(t, 5000, 100); m.sync > records+64<<10 {
		t.Errorf("%.0f bytes beyond the records", m.sync-records)
	}
}

func TestManyMissedCostTheirBytes(t *testing.T) {
	if m, records := repair(t, 5000, 4000); m.sync > 1.2*records {
		t.Errorf("%.2f times the records", m.sync/records)
	}
}

func TestNothingMissedCostsNothing(t *testing.T) {
	if m, _ := repair(t, 5000, 0); m.sync != 0 {
		t.Errorf("%.0f bytes", m.sync)
	}
}

// resume stops the second node at about half of its bootstrap, starts it again, and tells how many records were sent.
func resume(t testing.TB, n int, stop func(p *pair)) (sent uint64) {
	p := &pair{t: t, way: newProxy(t)}
	p.nodes[0] = p.way.behind(t, Mesh{})
	p.c[0] = on(t, p.nodes[0], Options[[]byte]{Capacity: 2 * n})
	p.write(0, "held", n)
	p.way.rate.Store(40 << 20) // slow enough to be caught at half
	p.join(Mesh{Dir: t.TempDir()}, 2*n)
	eventually(t, "half is there", func() bool { return p.c[1].Stats().Bootstrap >= 0.5 })
	before := p.nodes[1]
	stop(p)
	here := p.c[1].Len()
	if p.nodes[1] != before {
		sent = before.engine.Counters().Moved
	}
	eventually(t, "all is there", func() bool { return p.c[1].Stats().Bootstrap == 1 })
	sent += p.nodes[1].engine.Counters().Moved
	if got := p.c[1].Len(); got != n || here < n*3/10 {
		t.Errorf("%d of %d are there, %d after the start", got, n, here)
	}
	t.Logf("%d records were sent for %d, %.1f %% of them twice; %d were there after the break", sent, n, 100*(float64(sent)/float64(n)-1), here)
	return sent
}

func breaks(p *pair) {
	p.cut()
	p.way.heal()
}

func restarts(p *pair) {
	if err := p.nodes[1].Close(); err != nil {
		p.t.Fatal(err)
	}
	p.join(Mesh{Dir: p.dir}, 1<<21)
}

// kills has the second node come back with what a kill at this moment would have left.
func kills(p *pair) {
	p.cut()
	left := cloned(p.t, p.dir)
	if err := p.nodes[1].Close(); err != nil {
		p.t.Fatal(err)
	}
	p.way.heal()
	p.join(Mesh{Dir: left}, 1<<21)
}

func TestABootstrapIsResumedAfterABreak(t *testing.T) {
	if sent := resume(t, 30_000, breaks); sent > 33_000 {
		t.Errorf("%d records were sent", sent)
	}
}

func TestABootstrapIsResumedAfterARestart(t *testing.T) {
	if sent := resume(t, 30_000, restarts); sent > 33_000 {
		t.Errorf("%d records were sent", sent)
	}
}

func TestABootstrapIsResumedAfterAKill(t *testing.T) {
	if sent := resume(t, 30_000, kills); sent > 33_000 {
		t.Errorf("%d records were sent", sent)
	}
}
