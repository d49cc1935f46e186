package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is what an operation does.
type Kind uint8

// All a Plan can hold. The letters say which fields of an Op count.
const (
	OpRead   Kind = iota // Node, Key; Ask: a miss asks peers; TTL > 0: then loads, which takes For
	OpSet                // Node, Key, TTL, Size
	OpDelete             // Node, Key
	OpTouch              // Node, Key, TTL
	OpClear              // Node
	OpSave               // Node; it writes a snapshot to its disk
	OpCrash              // Node; it comes back For later; Keep: with its last snapshot, else without memory
	OpStep               // Node; its clock is off by For from now on
	OpCut                // Groups
	OpMute               // Node and Other: what the first sends to the second is lost
	OpHeal               //
)

var kinds = [...]string{
	OpRead: "read", OpSet: "set", OpDelete: "delete", OpTouch: "touch", OpClear: "clear", OpSave: "save", OpCrash: "crash",
	OpStep: "step", OpCut: "cut", OpMute: "mute", OpHeal: "heal",
}

// Op is one thing that is done in a world, or to it.
type Op struct {
	At          time.Duration
	Kind        Kind
	Node, Other int
	Key         int
	TTL, For    time.Duration
	Size        int
	Ask, Keep   bool
	Groups      []int
	number      uint64 // of the value that it writes
}

func (o Op) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12v node %d %s", o.At, o.Node, kinds[o.Kind])
	switch o.Kind {
	case OpRead:
		fmt.Fprintf(&b, " k%d ask %v load %v in %v", o.Key, o.Ask, o.TTL, o.For)
	case OpSet, OpTouch:
		fmt.Fprintf(&b, " k%d for %v, %d B", o.Key, o.TTL, o.Size)
	case OpDelete:
		fmt.Fprintf(&b, " k%d", o.Key)
	case OpCrash:
		fmt.Fprintf(&b, " for %v, snapshot %v", o.For, o.Keep)
	case OpStep:
		fmt.Fprintf(&b, " to %v", o.For)
	case OpMute:
		fmt.Fprintf(&b, " to %d", o.Other)
	case OpCut:
		fmt.Fprintf(&b, " %v", o.Groups)
	}
	return b.String()
}

// work bounds what a world may cost whose length is not given: nodes squared, for each probes every other, times hours.
const work = 36.0

// script draws what is done.
func (d *draw) script(p *Plan, m *manners, length time.Duration) {
	n := float64(len(p.Nodes))
	most, quiet := time.Duration(min(work/(n*n), 1)*float64(time.Hour)), d.quiet(p)
	if length > 0 {
		most = max(length, Least) - ending
		quiet = d.lulls(m, most)
	}
	t := time.Duration(0)
	for len(p.Ops) < m.ops {
		if t += time.Duration(d.ExpFloat64()*float64(m.gap)) + quiet(); t >= most {
			break
		}
		p.Ops = append(p.Ops, d.op(p, m, t)...)
	}
	for i := range p.Ops {
		p.Ops[i].number = uint64(i + 1)
		t = max(t, p.Ops[i].At)
	}
	p.Horizon = t
	if length > 0 {
		p.Horizon = most
		p.Ops = slices.DeleteFunc(p.Ops, func(o Op) bool { return o.At >= most })
	}
}

// quiet draws a part of a lifetime, now and then.
func (d *draw) quiet(p *Plan) func() time.Duration {
	return func() time.Duration {
		if d.IntN(150) == 0 {
			return d.upTo(p.TTL)
		}
		return 0
	}
}

// lulls divides what is left of a world when all is done among some quiet stretches.
func (d *draw) lulls(m *manners, most time.Duration) func() time.Duration {
	n := 1 + d.IntN(24)
	left := max(0, most-time.Duration(m.ops)*m.gap)
	return func() time.Duration {
		if d.IntN(m.ops) >= n {
			return 0
		}
		return time.Duration(d.ExpFloat64() * float64(left) / float64(n))
	}
}

// op draws an operation; some of the faults are several.
func (d *draw) op(p *Plan, m *manners, t time.Duration) []Op {
	o := Op{At: t, Node: d.IntN(len(p.Nodes)), Key: d.key(p, m)}
	switch at := d.Float64(); {
	case at < m.crashes:
		o.Kind, o.For, o.Keep = OpCrash, time.Duration(d.ExpFloat64()*float64(m.gap)*20), d.IntN(2) == 0
	case at < m.crashes+m.saves:
		o.Kind = OpSave
	case at < m.crashes+m.saves+m.steps:
		o.Kind, o.For = OpStep, d.around(p.spread)
	case at < m.crashes+m.saves+m.steps+m.cuts:
		return d.cut(p, t)
	case at < m.crashes+m.saves+m.steps+m.cuts+m.mutes:
		o.Kind, o.Other = OpMute, d.IntN(len(p.Nodes))
		heal := Op{At: t + d.upTo(30*m.gap), Kind: OpHeal}
		return []Op{o, heal}
	default:
		d.use(p, m, &o)
	}
	return []Op{o}
}

// use draws what an application does.
func (d *draw) use(p *Plan, m *manners, o *Op) {
	writes := 1 - m.reads - m.clears - m.touches
	switch at := d.Float64(); {
	case at < m.reads:
		o.Kind, o.Ask = OpRead, d.IntN(3) > 0
		if d.IntN(3) == 0 {
			o.TTL, o.For = d.life(p, m), time.Duration(d.ExpFloat64()*float64(m.gap)*d.of(1, 1, 8))
		}
	case at < m.reads+m.clears:
		o.Kind = OpClear
	case at < m.reads+m.clears+m.touches:
		o.Kind, o.TTL = OpTouch, d.life(p, m)
	case at < m.reads+m.clears+m.touches+writes*m.deletes:
		o.Kind = OpDelete
	default:
		o.Kind, o.TTL = OpSet, d.life(p, m)
		switch at := d.Float64(); {
		case at < m.large:
			o.Size = 17 << 10
		case at > 1-m.bulk:
			o.Size = m.size
		}
	}
}

func (d *draw) key(p *Plan, m *manners) int {
	if m.hot && d.IntN(2) == 0 {
		return d.IntN(min(2, p.Keys))
	}
	return d.IntN(p.Keys)
}

// life is a TTL: the bound itself, or one of all sizes.
func (d *draw) life(p *Plan, m *manners) time.Duration {
	if d.Float64() < m.mixed {
		return time.Millisecond + time.Duration(d.Float64()*d.Float64()*float64(p.TTL-time.Millisecond))
	}
	return p.TTL
}

// cut draws a partition of up to three parts, the end of one, or one that flaps.
func (d *draw) cut(p *Plan, t time.Duration) []Op {
	parts := 1 + d.IntN(3)
	groups := make([]int, len(p.Nodes))
	for i := range groups {
		groups[i] = d.IntN(parts)
	}
	if parts == 1 {
		return []Op{{At: t, Kind: OpHeal}}
	}
	ops := []Op{{At: t, Kind: OpCut, Groups: groups}}
	if d.IntN(4) > 0 {
		return ops
	}
	every := d.ms(100, 2000, 15_000)
	for range 2 + d.IntN(6) {
		t += every
		ops = append(ops, Op{At: t, Kind: OpHeal})
		t += every
		ops = append(ops, Op{At: t, Kind: OpCut, Groups: groups})
	}
	return ops
}
