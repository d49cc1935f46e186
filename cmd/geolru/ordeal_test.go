package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	ordealNodes = flag.Int("processes", 3, "processes of TestOrdeal, at least 3")
	ordealKills = flag.Int("ordeals", 1, "how often TestOrdeal kills a process; as often each it stops one, cuts, slows and loses")
)

// ordeal is a mesh of real processes with a strait before each: whoever dials a node comes through there, for that is
// the address that it announces. One writer works at each node; a round brings one fault, and ends when all agree.
type ordeal struct {
	t       *testing.T
	rnd     *rand.Rand
	listen  []string // multiaddrs, kept from life to life
	dirs    []string // "" = nothing is kept
	straits []*strait
	nodes   []*process
	writers []*writer
}

func newOrdeal(t *testing.T, n int) *ordeal {
	o := &ordeal{t: t, rnd: rand.New(rand.NewPCG(3, 4)), nodes: make([]*process, n), dirs: make([]string, n)}
	o.dirs[0] = t.TempDir()
	for i := range n {
		addr, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		s, err := newStrait(addr.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		o.listen, o.straits = append(o.listen, "/ip4/127.0.0.1/tcp/"+strings.Split(addr.String(), ":")[1]), append(o.straits, s)
		o.writers = append(o.writers, &writer{t: t, node: i, others: n - 1, rnd: rand.New(rand.NewPCG(5, uint64(i)))})
	}
	for i := range n {
		o.start(i)
	}
	o.whole()
	return o
}

// start starts node i, which may have lived before.
func (o *ordeal) start(i int) {
	o.t.Helper()
	args := []string{"--listen", o.listen[i], "--announce", multiaddr(o.straits[i].ln.Addr())}
	for j, s := range o.straits {
		if j != i {
			args = append(args, "--bootstrap", multiaddr(s.ln.Addr()))
		}
	}
	if o.dirs[i] != "" {
		args = append(args, "--dir", o.dirs[i])
	}
	o.nodes[i] = serveProcess(o.t, args...)
	o.writers[i].reborn()
}

// connected tells whether each node is connected to so many others.
func (o *ordeal) connected(n int) bool {
	for _, p := range o.nodes {
		r := p.redis()
		up := p.connected(r)
		r.Close()
		if up != n {
			return false
		}
	}
	return true
}

func (o *ordeal) whole() {
	o.t.Helper()
	wait(o.t, "all are connected", func() bool { return o.connected(len(o.nodes) - 1) })
}

// written waits until each of the nodes has served so many more requests.
func (o *ordeal) written(steps int64, nodes ...int) {
	o.t.Helper()
	for _, i := range nodes {
		w := o.writers[i]
		end := w.steps.Load() + steps
		wait(o.t, fmt.Sprintf("node %d goes on serving", i), func() bool { return w.steps.Load() >= end })
	}
}

func (o *ordeal) weather(w weather) {
	for _, s := range o.straits {
		s.set(w)
	}
}

// others are the nodes but one.
func (o *ordeal) others(i int) (all []int) {
	for j := range o.nodes {
		if j != i {
			all = append(all, j)
		}
	}
	return all
}

// round has all write while a fault is there and goes, and judges when they have done.
func (o *ordeal) round(name string, fault func(victim int)) {
	o.t.Helper()
	began := time.Now()
	victim := o.rnd.IntN(len(o.nodes))
	halt := make(chan struct{})
	var all sync.WaitGroup
	for i, w := range o.writers {
		r := o.nodes[i].redis()
		all.Go(func() { w.work(r, halt) })
	}
	o.written(100, o.others(-1)...)
	fault(victim)
	close(halt)
	all.Wait()
	o.whole()
	o.judge(name)
	o.t.Logf("%s of node %d: %v", name, victim, time.Since(began).Round(time.Millisecond))
	if o.t.Failed() {
		o.t.Fatalf("in a round of %q with node %d for a victim", name, victim)
	}
}

// judge waits until all hold the same, and looks for what was deleted.
func (o *ordeal) judge(name string) {
	o.t.Helper()
	var first map[string]string
	wait(o.t, "all agree after "+name, func() bool {
		for i, p := range o.nodes {
			r := p.redis()
			has := p.contents(r)
			r.Close()
			if i == 0 {
				first = has
			} else if !maps.Equal(has, first) {
				return false
			}
		}
		return true
	})
	for _, w := range o.writers {
		for key := range w.gone {
			if v, back := first[key]; back {
				o.t.Errorf("%s = %q was deleted everywhere, and is back", key, v)
			}
		}
		for key, least := range w.sure {
			if v, held := first[key]; !held || seqOf(v, w.node) > 0 && seqOf(v, w.node) < least {
				o.t.Errorf("%s is %q; all nodes had write %d of node %d", key, v, least, w.node)
			}
		}
	}
}

func (o *ordeal) kill(victim int) {
	o.nodes[victim].kill()
	o.written(300, o.others(victim)...)
	o.start(victim)
	o.written(300, o.others(victim)...)
}

func (o *ordeal) stop(victim int) {
	o.nodes[victim].cmd.Process.Signal(syscall.SIGSTOP)
	o.written(300, o.others(victim)...)
	o.nodes[victim].cmd.Process.Signal(syscall.SIGCONT)
	o.written(100, victim)
}

func (o *ordeal) cut(int) {
	o.weather(weather{cut: true})
	wait(o.t, "nobody is connected", func() bool { return o.connected(0) })
	o.written(300, o.others(-1)...)
	o.weather(weather{})
}

func (o *ordeal) slow(int) {
	o.weather(weather{delay: 30 * time.Millisecond, rate: 100_000})
	o.written(300, o.others(-1)...)
	o.weather(weather{})
}

// lose has what is sent to one node and what it answers there be lost on the way, while the connections stand.
func (o *ordeal) lose(victim int) {
	o.straits[victim].set(weather{hole: true})
	o.written(300, o.others(-1)...)
	o.straits[victim].set(weather{})
}

// TestOrdeal has real processes killed, stopped, cut off, slowed and their bytes lost, while all write and read: after every
// fault they agree, what was deleted stays so, and nobody ever reads less than what it was told is written.
func TestOrdeal(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t, *ordealNodes)
	for range *ordealKills {
		o.round("kill -9", o.kill)
		o.round("SIGSTOP", o.stop)
		o.round("cut", o.cut)
		o.round("delay and throttle", o.slow)
		o.round("loss", o.lose)
	}
	var steps, gone int64
	for _, w := range o.writers {
		steps, gone = steps+w.steps.Load(), gone+int64(len(w.gone))
	}
	if gone == 0 {
		t.Error("nothing was ever deleted everywhere")
	}
	t.Logf("%d processes, %d rounds of each fault, %d requests, %d keys deleted for good", len(o.nodes), *ordealKills, steps, gone)
}

// writer writes and reads at one node, and knows what it may rely on. Of one goroutine, but for steps.
type writer struct {
	t            *testing.T
	node, others int
	rnd          *rand.Rand
	seq          int
	doomed       []string
	steps        atomic.Int64

	// own is the last write of each key that the node acknowledged in this life, and dead what it deleted; a crash may
	// take what nobody else has yet.
	own  map[string]int
	dead map[string]bool
	// sure and gone are what all nodes had: no crash takes it.
	sure map[string]int
	gone map[string]bool
	fell atomic.Bool // the node was killed: an error is to be expected
}

// reborn is called when no one works.
func (w *writer) reborn() {
	w.fell.Store(true)
	if w.gone == nil {
		w.sure, w.gone = map[string]int{}, map[string]bool{}
	}
}

// work goes on until halt is closed, or the node is killed.
func (w *writer) work(r *redis, halt chan struct{}) {
	if w.fell.Swap(false) {
		w.own, w.dead, w.doomed = map[string]int{}, map[string]bool{}, nil
	}
	for {
		select {
		case <-halt:
			return
		default:
		}
		if err := w.step(r); err != nil {
			return // the round tells whether the node serves that should
		}
		w.steps.Add(1)
	}
}

func (w *writer) step(r *redis) error {
	key := fmt.Sprint("key", w.rnd.IntN(200))
	w.seq++
	switch n := w.rnd.IntN(100); {
	case n < 40:
		if _, err := r.do("SET", key, fmt.Sprintf("%d:%d", w.node, w.seq)); err != nil {
			return err
		}
		w.own[key] = w.seq
		return nil
	case n < 45:
		return w.doom(r)
	case n < 46:
		return w.settle(r)
	case n < 50 && len(w.dead) > 0:
		return w.missing(r)
	}
	return w.read(r, key)
}

// read checks that an own write is there, or another's that came after it.
func (w *writer) read(r *redis, key string) error {
	a, err := r.do("GET", key)
	if err != nil {
		return err
	}
	got, _ := a.(string)
	if own := w.own[key]; own > 0 && (a == nil || seqOf(got, w.node) > 0 && seqOf(got, w.node) < own) {
		w.t.Errorf("node %d reads %q of %s, and acknowledged write %d", w.node, got, key, own)
	}
	return nil
}

// doom makes a key that is to be deleted, and deletes one that was made a while ago.
func (w *writer) doom(r *redis) error {
	key := fmt.Sprintf("doomed %d:%d", w.node, w.seq)
	if _, err := r.do("SET", key, "x"); err != nil {
		return err
	}
	if w.doomed = append(w.doomed, key); len(w.doomed) < 10 {
		return nil
	}
	key, w.doomed = w.doomed[0], w.doomed[1:]
	if _, err := r.do("DEL", key); err != nil {
		return err
	}
	w.dead[key] = true
	return nil
}

// missing checks that an own deletion holds.
func (w *writer) missing(r *redis) error {
	for key := range w.dead {
		a, err := r.do("GET", key)
		if err == nil && a != nil {
			w.t.Errorf("node %d reads %v of %s, which it has deleted", w.node, a, key)
		}
		return err
	}
	return nil
}

// settle asks that all others have what was written here.
func (w *writer) settle(r *redis) error {
	a, err := r.do("WAIT", strconv.Itoa(w.others), "100")
	if err != nil || a != int64(w.others) {
		return err
	}
	maps.Copy(w.sure, w.own)
	maps.Copy(w.gone, w.dead)
	return nil
}

// seqOf is the number of a write by a node; 0 if another node wrote the value.
func seqOf(value string, node int) int {
	by, seq, _ := strings.Cut(value, ":")
	n, _ := strconv.Atoi(seq)
	if by != strconv.Itoa(node) {
		return 0
	}
	return n
}
