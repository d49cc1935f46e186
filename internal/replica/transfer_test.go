package replica_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/wire"
)

// large is a value of so many bytes, like no other.
func large(size int, seed uint64) string {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	r.Read(b)
	return string(b)
}

// parts counts the frames of the lane of parts that each node sends.
func (m *mesh) parts() []int {
	n := make([]int, len(m.Nodes()))
	for i, node := range m.Nodes() {
		node.Sent = func(lane uint8) {
			if lane == geo.LanePart {
				n[i]++
			}
		}
	}
	return n
}

// answer is what became of an ask.
type answer struct {
	done  bool
	at    time.Duration
	found map[string]replica.Blob
}

func (m *mesh) ask(i int, keys ...string) *answer {
	a := &answer{}
	m.caches[i].Ask(keys, func(found map[string]replica.Blob) { *a = answer{true, m.Now(), found} })
	return a
}

// wantFound waits for an ask to bring one value.
func (m *mesh) wantFound(a *answer, key, value string, within time.Duration) {
	m.t.Helper()
	if !m.Until(within, func() bool { return a.done }) {
		m.t.Fatalf("no answer after %v", within)
	}
	if b, ok := a.found[key]; !ok || string(b.Bytes()) != value {
		m.t.Fatalf("found %v, %d bytes, want %d", ok, b.Len(), len(value))
	}
}

const seven = 7 << 20

// TestLargeValueComesInParts, once however many wait for it.
func TestLargeValueComesInParts(t *testing.T) {
	m := newMesh(t, 2)
	value := large(seven, 1)
	m.set(0, "k", value)
	m.Run(time.Second)
	sent := m.parts()
	first := m.ask(1, "k")
	m.Run(50 * time.Millisecond)
	second := m.ask(1, "k")
	began := m.Now()
	m.wantFound(first, "k", value, 3*time.Second)
	m.wantFound(second, "k", value, 0)
	m.want(1, "k", value, 0)
	if want := seven / wire.PartBytes; sent[0] != want || sent[1] != want {
		t.Errorf("%d parts were sent and %d asked for, want %d", sent[0], sent[1], want)
	}
	if took, rtts := m.Now()-began, seven/(1<<20)+2; took > time.Duration(rtts)*41*time.Millisecond {
		t.Errorf("it took %v: a window is to be under way", took)
	}
}

// TestSizesOfLargeValues: at the bounds of what goes whole, and of parts.
func TestSizesOfLargeValues(t *testing.T) {
	m := newMesh(t, 2)
	for i, size := range []int{
		wire.AnnounceAbove + 1, wire.PartBytes, wire.PartBytes + 1, 2*wire.PartBytes - 1, 2 * wire.PartBytes, 2*wire.PartBytes + 1, wire.MaxValue,
	} {
		key, value := fmt.Sprint("k", i), large(size, uint64(i))
		m.set(0, key, value)
		m.Run(100 * time.Millisecond)
		sent := m.parts()
		m.wantFound(m.ask(1, key), key, value, 3*time.Second)
		want := (size + wire.PartBytes - 1) / wire.PartBytes
		if size <= wire.PartBytes {
			want = 0
		}
		if sent[0] != want {
			t.Errorf("%d bytes go in %d parts, want %d", size, sent[0], want)
		}
	}
}

// holders is a mesh of which nodes 0 and 1 hold a large value that node 2 lacks. Node 0 is nearest to it.
func holders(t *testing.T) (m *mesh, value string) {
	m = newMesh(t, 3)
	m.Links.Way = func(from, to int) time.Duration {
		if from+to == 2 {
			return 10 * time.Millisecond
		}
		return 30 * time.Millisecond
	}
	m.Run(30 * time.Second)
	value = large(seven, 1)
	m.set(0, "k", value)
	m.Run(time.Second)
	m.wantFound(m.ask(1, "k"), "k", value, 3*time.Second)
	return m, value
}

// half lets half of the value come to node 2 from node 0.
func (m *mesh) half(sent []int) {
	m.t.Helper()
	if !m.Until(3*time.Second, func() bool { return sent[0] >= 28 }) || sent[1] > 0 {
		m.t.Fatalf("parts sent: %v", sent)
	}
}

// resumed: what had come was not sent again, but for what was under way.
func (m *mesh) resumed(sent []int) {
	m.t.Helper()
	if sent[1] < 20 || sent[1] > 28+16 {
		m.t.Errorf("the next holder sends %d parts of 56, half of which have come", sent[1])
	}
}

// TestHolderDies in the middle: the next one goes on.
func TestHolderDies(t *testing.T) {
	m, value := holders(t)
	m.Links.Notice = 100 * time.Millisecond
	sent := m.parts()
	a := m.ask(2, "k")
	m.half(sent)
	m.Nodes()[0].Crash()
	m.wantFound(a, "k", value, 2*time.Second)
	m.resumed(sent)
	if c := m.Nodes()[2].Engine.Counters(); c.Transfers != 1 || c.Resumed != 1 {
		t.Errorf("counted %d, resumed %d", c.Transfers, c.Resumed)
	}
}

// TestHolderStalls in the middle, though its connection stands.
func TestHolderStalls(t *testing.T) {
	m, value := holders(t)
	m.Links.Notice = time.Minute
	sent := m.parts()
	a := m.ask(2, "k")
	m.half(sent)
	m.Mute(m.Nodes()[0], m.Nodes()[2])
	m.wantFound(a, "k", value, 1800*time.Millisecond+time.Second)
	m.resumed(sent)
}

// TestHolderDrops the version in the middle, for another one: that one is what the node gets, from its beginning.
func TestHolderDrops(t *testing.T) {
	m, _ := holders(t)
	sent := m.parts()
	a := m.ask(2, "k")
	m.half(sent)
	m.Links.Loss = 1 // node 1 keeps the one before
	next := large(seven-1, 2)
	m.set(0, "k", next)
	m.Run(10 * time.Millisecond)
	m.Links.Loss = 0
	m.Until(3*time.Second, func() bool { return a.done })
	if b := a.found["k"]; b.Len() != seven && b.Len() != seven-1 {
		t.Fatalf("%d bytes", b.Len())
	} else if s := string(b.Bytes()); s != next && s != large(seven, 1) {
		t.Error("parts of two values")
	}
}

// TestAnotherVersionBeginsAnew: the only other holder has a later version.
func TestAnotherVersionBeginsAnew(t *testing.T) {
	m, value := holders(t)
	m.Links.Notice = 100 * time.Millisecond
	m.Links.Loss = 1
	next := value[:seven/2] + large(seven/2, 9)
	m.set(1, "k", next)
	m.Run(10 * time.Millisecond)
	sent := m.parts()
	a := m.ask(2, "k")
	m.half(sent)
	m.Nodes()[0].Crash()
	m.wantFound(a, "k", next, 3*time.Second)
	if sent[1] < 56 {
		t.Errorf("%d parts of another version are enough", sent[1])
	}
}

// TestOverwrittenWhileItComes: the holder writes the key anew, as often as it may, and what it has in the end is found.
func TestOverwrittenWhileItComes(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", large(seven, 0))
	m.Run(time.Second)
	sent := m.parts()
	a := m.ask(1, "k")
	value := ""
	for i := range replica.MaxAgain {
		if !m.Until(3*time.Second, func() bool { return sent[0] >= 40 }) { // of the version before 16 are under way at most
			t.Fatalf("%d parts sent in round %d", sent[0], i)
		}
		sent[0], value = 0, large(seven, uint64(i+1))
		m.set(0, "k", value)
	}
	m.wantFound(a, "k", value, 3*time.Second)
	m.want(1, "k", value, 0)
}

// TestOverwrittenForEver: an ask whose value never comes whole before the next one is written ends all the same.
func TestOverwrittenForEver(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", large(seven, 0))
	m.Run(time.Second)
	a := m.ask(1, "k")
	for i := 0; !a.done; i++ {
		if m.Run(100 * time.Millisecond); i > 20 {
			t.Fatal("it does not end")
		}
		m.set(0, "k", large(seven, uint64(i+1)))
	}
	m.wantStreams(1, 0)
}

// TestOverwrittenElsewhere: while a large value comes another node overwrites it. Nobody has the old one any more.
func TestOverwrittenElsewhere(t *testing.T) {
	m := newMesh(t, 3)
	m.set(0, "k", large(seven, 1))
	m.Run(time.Second)
	sent := m.parts()
	a := m.ask(1, "k")
	if !m.Until(3*time.Second, func() bool { return sent[0] >= 28 }) {
		t.Fatalf("%d parts sent", sent[0])
	}
	next := large(seven, 2)
	m.set(2, "k", next)
	m.wantFound(a, "k", next, 3*time.Second)
}

// TestAnnouncedWhileItIsLent: a value of one frame meets at the door the news of the next one, whose value is elsewhere.
func TestAnnouncedWhileItIsLent(t *testing.T) {
	m := newMesh(t, 3)
	m.Links.Way = func(from, to int) time.Duration {
		if from+to == 1 {
			return 100 * time.Millisecond
		}
		return 10 * time.Millisecond
	}
	m.set(0, "k", large(2*wire.AnnounceAbove, 1))
	m.Run(30 * time.Second)
	a := m.ask(1, "k")
	next := large(2*wire.AnnounceAbove, 2)
	m.Run(120 * time.Millisecond) // node 2 has said that it has nothing
	m.set(2, "k", next)
	m.wantFound(a, "k", next, time.Second)
}

// TestDeletedWhileItComes: nobody is asked again for what is gone.
func TestDeletedWhileItComes(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", large(seven, 1))
	m.Run(time.Second)
	sent := m.parts()
	a := m.ask(1, "k")
	if !m.Until(3*time.Second, func() bool { return sent[0] >= 28 }) {
		t.Fatalf("%d parts sent", sent[0])
	}
	m.caches[0].Store().Delete("k")
	if !m.Until(time.Second, func() bool { return a.done }) || len(a.found) != 0 {
		t.Errorf("done %v, found %d", a.done, len(a.found))
	}
	m.want(1, "k", "", time.Second)
	m.wantStreams(1, 0)
}

// TestNobodyElse: the only holder dies, and the ask ends with nothing soon after its peers have answered.
func TestNobodyElse(t *testing.T) {
	m := newMesh(t, 3)
	m.Links.Notice = 100 * time.Millisecond
	m.set(0, "k", large(seven, 1))
	m.Run(time.Second)
	sent := m.parts()
	a := m.ask(2, "k")
	m.half(sent)
	m.Nodes()[0].Crash()
	if !m.Until(time.Second, func() bool { return a.done }) || len(a.found) != 0 {
		t.Errorf("done %v, found %d", a.done, len(a.found))
	}
	m.wantStreams(2, 0)
}

func (m *mesh) wantStreams(i, most int) {
	m.t.Helper()
	if n := m.caches[i].Load().Streams; n > most {
		m.t.Errorf("%d bytes are held of what comes, %d at most", n, most)
	}
}

// TestProgressIsNotTimedOut: on a slow way a value takes longer than Mesh.Timeout, and comes.
func TestProgressIsNotTimedOut(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Delay = 500 * time.Millisecond
	m.Run(30 * time.Second)
	value := large(seven, 1)
	m.set(0, "k", value)
	m.Run(5 * time.Second)
	began, a := m.Now(), m.ask(1, "k")
	m.wantFound(a, "k", value, 12*time.Second)
	if m.Now()-began < 4*time.Second {
		t.Error("it was no slow way")
	}
}

// TestStalledAloneIsTimedOut: nothing more comes from the only holder.
func TestStalledAloneIsTimedOut(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Notice = time.Minute
	m.set(0, "k", large(seven, 1))
	m.Run(time.Second)
	sent := m.parts()
	a := m.ask(1, "k")
	m.Until(time.Second, func() bool { return sent[0] >= 28 })
	m.Mute(m.Nodes()[0], m.Nodes()[1])
	if !m.Until(2*time.Second, func() bool { return a.done }) || len(a.found) != 0 {
		t.Errorf("done %v, found %d", a.done, len(a.found))
	}
	m.wantStreams(1, 0)
}

// TestCancelledTransfer holds nothing, and no more is sent than was under way.
func TestCancelledTransfer(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", large(seven, 1))
	m.Run(time.Second)
	sent := m.parts()
	cancel := m.caches[1].Ask([]string{"k"}, func(map[string]replica.Blob) {})
	m.Until(time.Second, func() bool { return sent[0] >= 16 })
	cancel()
	m.wantStreams(1, 0)
	m.Run(5 * time.Second)
	if sent[0] > 16+16 {
		t.Errorf("%d parts were sent", sent[0])
	}
}

// TestManyLargeValues come all, some at a time: memory is bounded whatever is asked for at once.
func TestManyLargeValues(t *testing.T) {
	m := newMesh(t, 2)
	var keys []string
	values := map[string]string{}
	for i := range 20 {
		key := fmt.Sprint("k", i)
		keys, values[key] = append(keys, key), large(3<<20, uint64(i))
		m.set(0, key, values[key])
	}
	m.Run(time.Second)
	together := m.ask(1, keys[:10]...)
	var single []*answer
	for _, k := range keys[10:] {
		single = append(single, m.ask(1, k))
	}
	most := 0
	over := func() bool {
		most = max(most, m.caches[1].Load().Streams)
		for _, a := range single {
			if !a.done {
				return false
			}
		}
		return together.done
	}
	if !m.Until(20*time.Second, over) || most > 16<<20 || most < 8<<20 {
		t.Fatalf("%d bytes were held at once", most)
	}
	for i, a := range single {
		if !bytes.Equal(a.found[keys[10+i]].Bytes(), []byte(values[keys[10+i]])) {
			t.Errorf("%s is missing", keys[10+i])
		}
	}
	if len(together.found) != 10 {
		t.Errorf("%d of 10 asked for together", len(together.found))
	}
}
