package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// Oracle knows what every living node has known of every key of one cache, and judges each read by it. A write that died
// with its node before anybody else had it is no fault: only what a living node knew counts.
//
// It judges by the age of what is read, not by its version alone: a value that was loaded is as old as the start of its
// load, whatever stamp it has been given (see Content).
type Oracle struct {
	Faults []Fault // what was found wrong; empty in a sound mesh

	world *World
	ttl   int64
	views map[*Node]*view
	most  map[crdt.Version]int64        // the latest deadline that anybody gave a version
	aged  map[crdt.Version]crdt.Version // the age of what is older than its version
	named map[uint64]crdt.Version       // the version of each Content
	made  map[crdt.Version]bool         // versions that an application has written
	dots  map[string][]crdt.Register    // versions of a key that have left their node, of Clears under ""
}

// Fault is a rule that did not hold.
type Fault struct {
	At   time.Duration
	Rule string // AGREE, STALE …: what testing calls it
	Node geo.ID
	Key  string
	Text string
}

func (f Fault) String() string {
	return fmt.Sprintf("%v %s %s %q: %s", f.At, f.Rule, f.Node, f.Key, f.Text)
}

// view is what one node, in its present life, has held.
type view struct {
	cache *replica.Cache
	known map[string]crdt.Version // ages, not versions
	own   map[string]crdt.Version // written here
	shown map[string]crdt.Version // read here
	clear crdt.Version
	stamp crdt.Time // the last one given here

	newest map[string]written
}

// NewOracle makes an oracle for a cache whose lifetime bound is ttl milliseconds.
func NewOracle(w *World, ttl int64) *Oracle {
	return &Oracle{
		world: w, ttl: ttl, views: map[*Node]*view{}, most: map[crdt.Version]int64{},
		aged: map[crdt.Version]crdt.Version{}, named: map[uint64]crdt.Version{}, dots: map[string][]crdt.Register{},
		made: map[crdt.Version]bool{},
	}
}

// Attach follows the replica of a node in its present life.
func (o *Oracle) Attach(n *Node, c *replica.Cache) {
	v := &view{
		cache: c, known: map[string]crdt.Version{}, own: map[string]crdt.Version{}, shown: map[string]crdt.Version{},
		newest: map[string]written{},
	}
	o.views[n] = v
	c.Store().OnChange(func(ch store.Change[replica.Blob]) { o.changed(n, v, ch) })
}

// Detach forgets a node that died.
func (o *Oracle) Detach(n *Node) { delete(o.views, n) }

func (o *Oracle) changed(n *Node, v *view, ch store.Change[replica.Blob]) {
	r := ch.Register
	if o.world.Trace != nil {
		o.world.Trace("%v %s %s %q %v", o.world.Now(), n.id, changeNames[ch.Kind], ch.Key, r)
	}
	o.remember(ch.Key, r)
	v.hold(ch.Key, r, ch.Value.Len())
	if ch.Kind == store.ChangeClear {
		v.clear = later(v.clear, r.Version)
		return
	}
	if id, age, ok := readContent(ch.Value.Bytes()); ok && ch.Kind == store.ChangePut {
		if tail := ch.Value.Bytes()[contentSize:]; bytes.Count(tail, []byte{byte(id)}) < len(tail) {
			o.fault("WHOLE", n, ch.Key, "parts of other values in that of %v", r.Version)
		}
		o.named[id] = r.Version
		if age != (crdt.Version{}) && age != r.Version {
			o.aged[r.Version] = age
		}
	}
	v.known[ch.Key] = later(v.known[ch.Key], o.age(r.Version))
	o.most[r.Version] = max(o.most[r.Version], r.Deadline)
}

// hold notes what a node has of a key, if it is newer than all that it had.
func (v *view) hold(key string, r crdt.Register, size int) {
	if key != "" && v.newest[key].Version.Less(r.Version) {
		v.newest[key] = written{r, size > announced}
	}
}

var changeNames = [...]string{
	store.ChangePut: "put", store.ChangeDelete: "delete", store.ChangeExpire: "expire", store.ChangeEvict: "evict",
	store.ChangeClear: "clear",
}

func later(a, b crdt.Version) crdt.Version {
	if a.Less(b) {
		return b
	}
	return a
}

// age is how old what a version carries is.
func (o *Oracle) age(v crdt.Version) crdt.Version {
	if a, ok := o.aged[v]; ok {
		return a
	}
	return v
}

// contentMark begins the bytes of a Content.
const contentMark = "sim:"

const contentSize = len(contentMark) + 3*8

// Content is a value of at least n bytes for a store. The oracle tells it from all others by its number, and knows how
// old it is: as old as its version, or as `age` if that is not zero, the stamp at the start of a load. What is beyond the
// least repeats the number, so that it shows when parts of two values are mixed.
func Content(number uint64, age crdt.Version, n int) replica.Blob {
	b := append(make([]byte, 0, max(n, contentSize)), contentMark...)
	b = binary.BigEndian.AppendUint64(b, number)
	b = binary.BigEndian.AppendUint64(b, uint64(age.Time))
	b = binary.BigEndian.AppendUint64(b, uint64(age.Origin))
	return replica.BlobOf(append(b, bytes.Repeat([]byte{byte(number)}, max(n-len(b), 0))...))
}

func readContent(b []byte) (number uint64, age crdt.Version, ok bool) {
	if len(b) < contentSize || !bytes.HasPrefix(b, []byte(contentMark)) {
		return 0, age, false
	}
	b = b[len(contentMark):]
	age = crdt.Version{Time: crdt.Time(binary.BigEndian.Uint64(b[8:])), Origin: crdt.Origin(binary.BigEndian.Uint64(b[16:]))}
	return binary.BigEndian.Uint64(b), age, true
}

// manyDots is when versions are looked through for those that have outlived everything.
const manyDots = 256

// remember notes that a version has left its node under a dot.
func (o *Oracle) remember(key string, r crdt.Register) {
	if r.Seq == 0 || slices.ContainsFunc(o.dots[key], func(d crdt.Register) bool { return d.Version == r.Version }) {
		return
	}
	all := append(o.dots[key], r)
	if len(all) >= manyDots {
		slices.SortFunc(all, func(a, b crdt.Register) int { return a.Version.Compare(b.Version) })
		all = all[manyDots/2:]
	}
	o.dots[key] = all
}

func (o *Oracle) fault(rule string, n *Node, key, format string, args ...any) {
	o.Faults = append(o.Faults, Fault{o.world.Now(), rule, n.id, key, fmt.Sprintf(format, args...)})
}
