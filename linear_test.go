package geolru

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

var historiesFlag = flag.Int("histories", 200, "histories of TestLinearizable, of each kind of cache")

// step is one operation of a history.
type step struct {
	kind  string
	key   string
	value int // that a set writes
}

// seen is what an operation told: a value, if there is one.
type seen struct {
	value int
	ok    bool
}

// register is what a cache must look like from outside, key by key: a value or none.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		byKey := map[string][]porcupine.Operation{}
		for _, o := range history {
			k := o.Input.(step).key
			byKey[k] = append(byKey[k], o)
		}
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return seen{} },
	Step: func(state, input, output any) (bool, any) {
		held, in, out := state.(seen), input.(step), output.(seen)
		switch in.kind {
		case "set":
			return true, seen{in.value, true}
		case "delete":
			return true, seen{}
		case "add":
			sum := seen{held.value + 1, true}
			return out == sum, sum
		}
		return out == held, held
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprint(in, " → ", out) },
}

// do does a step on a cache and tells what it told.
func (s step) do(t *testing.T, c *Cache[int]) (out seen) {
	var err error
	switch s.kind {
	case "set":
		err = c.Set(s.key, s.value)
	case "delete":
		err = c.Delete(s.key)
	case "add":
		out.ok = true
		out.value, err = c.Update(s.key, 0, func(old int, _ bool) (int, Op) {
			runtime.Gosched() // whoever wants to write between the two may
			return old + 1, OpWrite
		})
	case "get":
		out.value, err = c.Get(t.Context(), s.key)
		if out.ok = err == nil; errors.Is(err, ErrNotFound) {
			err = nil
		}
	default:
		out.value, out.ok = c.GetIfPresent(s.key)
	}
	if err != nil {
		t.Errorf("%v: %v", s, err)
	}
	return out
}

// history has some goroutines do some steps each, and notes when each began and ended.
func history(t *testing.T, c *Cache[int], number int) (all []porcupine.Operation) {
	const goroutines, each = 4, 15
	var now atomic.Int64 // counts what began and ended: finer than any clock
	parts := make([][]porcupine.Operation, goroutines)
	var done sync.WaitGroup
	for g := range goroutines {
		done.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(number), uint64(g)))
			for i := range each {
				kinds := [...]string{"set", "set", "delete", "add", "get", "look", "look"}
				in := step{kinds[rnd.IntN(len(kinds))], fmt.Sprint(number, " ", rnd.IntN(2)), 1000*g + 10*i}
				o := porcupine.Operation{ClientId: g, Input: in, Call: now.Add(1)}
				yield(rnd)
				o.Output = in.do(t, c)
				yield(rnd)
				o.Return = now.Add(1)
				parts[g] = append(parts[g], o)
			}
		})
	}
	done.Wait()
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// yield lets others in, or not: on few processors they would hardly meet otherwise.
func yield(rnd *rand.Rand) {
	if rnd.IntN(2) == 0 {
		runtime.Gosched()
	}
}

// TestLinearizable: whatever goroutines do with a cache on one node at a time, it looks as if they had done it one after
// the other. Alone and as a member of a mesh, where each write also gets a version and waits in the outbox.
func TestLinearizable(t *testing.T) {
	node := joined(t, Mesh{})
	caches := map[string]*Cache[int]{
		"alone":     opened(t, Options[int]{}, wall),
		"in a mesh": replicas(t, []*Node{node}, Options[int]{Name: "c"})[0],
	}
	for name, c := range caches {
		t.Run(name, func(t *testing.T) {
			overlaps := 0
			for n := range *historiesFlag {
				h := history(t, c, n)
				if porcupine.CheckOperationsTimeout(register, h, time.Minute) != porcupine.Ok {
					t.Fatalf("history %d is none of one operation after the other: %v", n, h)
				}
				overlaps += overlapping(h)
			}
			if overlaps < 10**historiesFlag {
				t.Errorf("only %d operations overlapped another goroutine's", overlaps)
			}
			t.Logf("%d histories, %d operations overlapped another goroutine's", *historiesFlag, overlaps)
		})
	}
}

// overlapping counts the operations during which another one began.
func overlapping(h []porcupine.Operation) (n int) {
	for _, o := range h {
		if o.Return > o.Call+1 {
			n++
		}
	}
	return n
}
