package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/wire"
)

// liar is a member that says that it has everything in the same version, and sends what part says.
type liar struct {
	*sim.Node
	m     *mesh
	size  uint64
	offer func(key string) wire.Offer
	part  func(l *liar, to geo.ID, t *wire.Take)
	asked int
}

// lying is a mesh of an honest holder of "k", a reader without it, and a liar that is nearest to the reader.
func lying(t *testing.T) (m *mesh, value string, l *liar) {
	m = newMesh(t, 2)
	value = large(seven, 1)
	m.set(0, "k", value)
	m.Run(time.Second)
	l = &liar{Node: m.Add("here"), m: m, size: seven}
	l.offer = func(key string) wire.Offer {
		v := m.caches[0].Store().Known("k").Version
		return wire.Offer{Key: key, Version: v, Seq: 1, Deadline: m.Nodes()[0].Now()/1e6 + 60_000, Size: l.size, Sum: 1}
	}
	l.Serve(l.frame, func(geo.Peer) {}, func(geo.Drop) {})
	m.Links.Way = func(from, to int) time.Duration {
		if from+to == 3 {
			return time.Millisecond
		}
		return 20 * time.Millisecond
	}
	m.Run(30 * time.Second)
	return m, value, l
}

func (l *liar) send(to geo.ID, lane uint8, m wire.Message) {
	b, err := wire.Encode(m)
	if err != nil {
		l.m.t.Fatal(err)
	}
	l.Send(to, lane, b)
}

func (l *liar) frame(from geo.ID, lane uint8, _ string, b []byte) bool {
	m, err := wire.Decode(b)
	if err != nil {
		return true
	}
	switch m := m.(type) {
	case *wire.Probe:
		if !m.Reply {
			l.send(from, geo.LaneProbe, &wire.Probe{ID: m.ID, Reply: true, Time: l.Now() / 1e6, Caches: []wire.CacheState{
				{Name: "c", TTL: time.Hour.Milliseconds(), Hash: 1},
			}})
		}
	case *wire.Fetch:
		o := &wire.Offers{Cache: "c", ID: m.ID}
		for _, w := range m.Wants {
			o.Offers = append(o.Offers, l.offer(w.Key))
		}
		l.send(from, geo.LaneFetch, o)
		l.send(from, geo.LaneFetch, &wire.Fetched{Cache: "c", ID: m.ID, Last: true})
	case *wire.Take:
		l.asked++
		l.part(l, from, m)
	}
	return true
}

// sends answers a Take with so many bytes from an offset.
func (l *liar) sends(to geo.ID, t *wire.Take, offset uint64, n int) {
	l.send(to, geo.LanePart, &wire.Part{Cache: "c", ID: t.ID, Offset: offset, Bytes: make([]byte, n)})
}

// TestLies: whatever a member sends for a value that it says to have, the reader gets the true one from the next holder, soon.
func TestLies(t *testing.T) {
	whole := func(l *liar, to geo.ID, t *wire.Take) { l.sends(to, t, t.Offset, wire.PartBytes) }
	for name, c := range map[string]struct {
		change func(*liar)
		part   func(l *liar, to geo.ID, t *wire.Take)
		strike bool
	}{
		"wrong sum":       {part: whole, strike: true},
		"nothing":         {part: func(*liar, geo.ID, *wire.Take) {}},
		"none left":       {part: func(l *liar, to geo.ID, t *wire.Take) { l.sends(to, t, t.Offset, 0) }},
		"short":           {part: func(l *liar, to geo.ID, t *wire.Take) { l.sends(to, t, t.Offset, wire.PartBytes-1) }, strike: true},
		"long":            {part: func(l *liar, to geo.ID, t *wire.Take) { l.sends(to, t, t.Offset, wire.PartBytes+1) }, strike: true},
		"of elsewhere":    {part: func(l *liar, to geo.ID, t *wire.Take) { l.sends(to, t, t.Offset+wire.PartBytes, wire.PartBytes) }, strike: true},
		"at the very end": {part: func(l *liar, to geo.ID, t *wire.Take) { l.sends(to, t, 1<<64-1, wire.PartBytes) }, strike: true},
		"again and again": {part: func(l *liar, to geo.ID, t *wire.Take) { l.sends(to, t, 0, wire.PartBytes) }, strike: true},
		"without being asked": {part: func(l *liar, to geo.ID, t *wire.Take) {
			if l.asked > 1 {
				return
			}
			for at := uint64(0); at < seven+1<<20; at += wire.PartBytes {
				l.sends(to, t, at, wire.PartBytes)
			}
		}, strike: true},
		"less than it says": {change: func(l *liar) { l.size = wire.MaxValue }, part: func(l *liar, to geo.ID, t *wire.Take) {
			l.sends(to, t, t.Offset, min(wire.PartBytes, max(0, 300<<10-int(t.Offset))))
		}, strike: true},
		"too large": {change: func(l *liar) { l.size = wire.MaxValue + 1 }, part: whole},
		"endless":   {change: func(l *liar) { l.size = 1<<64 - 1 }, part: whole},
		"one part":  {change: func(l *liar) { l.size = wire.PartBytes }, part: whole},
		"of the future": {change: func(l *liar) {
			before := l.offer
			l.offer = func(key string) wire.Offer {
				o := before(key)
				o.Version.Time = crdt.At(l.Now()/1e6 + 60_000)
				o.Deadline = o.Version.Time.Milli() + 1000
				return o
			}
		}, part: whole},
		"of another key": {change: func(l *liar) {
			before := l.offer
			l.offer = func(string) wire.Offer { return before("other") }
		}, part: whole},
	} {
		t.Run(name, func(t *testing.T) {
			m, value, l := lying(t)
			if c.change != nil {
				c.change(l)
			}
			l.part = c.part
			malformed := m.Malformed
			m.wantFound(m.ask(1, "k"), "k", value, 4*time.Second)
			if struck := m.Malformed > malformed; struck != c.strike {
				t.Errorf("counts as malformed: %v", struck)
			}
			m.wantStreams(1, 0)
			m.Run(time.Minute)
			if l.asked > 80 {
				t.Errorf("%d parts are asked for of 56", l.asked)
			}
		})
	}
}

// TestManyLies: a member that offers all that is asked for, and sends it by and by, has no more memory held than any.
func TestManyLies(t *testing.T) {
	m, _, l := lying(t)
	l.size = wire.MaxValue
	l.part = func(l *liar, to geo.ID, t *wire.Take) {
		m.Nodes()[0].After(time.Second, func() { l.sends(to, t, t.Offset, wire.PartBytes) })
	}
	var keys []string
	for i := range 600 {
		keys = append(keys, fmt.Sprint("never", i))
	}
	m.doubt(1)
	a := m.ask(1, keys...)
	most := 0
	m.Until(time.Minute, func() bool { most = max(most, m.caches[1].Load().Streams); return a.done })
	if most > 16<<20 || most < 4<<20 {
		t.Errorf("%d bytes were held", most)
	}
}

// TestForgedByAnother: a member says that a node wrote what it did not. Whoever was told so is believed no more than before,
// but has done nothing wrong; and the node says so once.
func TestForgedByAnother(t *testing.T) {
	m, _, l := lying(t)
	m.set(1, "own", "v")
	m.Run(time.Second)
	o := m.caches[1].Store().Known("own").Version.Origin
	malformed := m.Malformed
	for i := range 10 {
		now := m.Nodes()[0].Now() / 1e6
		r := wire.Record{Key: fmt.Sprint("forged", i), Register: crdt.Register{Version: crdt.Version{Time: crdt.At(now), Origin: o}, Seq: 1 << 40, Kind: crdt.Tombstone}}
		for _, to := range m.Nodes()[:2] {
			l.send(to.Self(), geo.LaneFetch, &wire.Fetched{Cache: "c", ID: 1, Last: true, Records: []wire.Record{r}})
		}
		m.set(0, "k", fmt.Sprint(i))
		m.Run(30 * time.Second)
	}
	if m.Malformed > malformed {
		t.Errorf("%d frames of honest nodes count as malformed", m.Malformed-malformed)
	}
	m.set(1, "after", "v")
	m.want(0, "after", "v", time.Second)
}
