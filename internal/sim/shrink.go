package sim

import "slices"

// Shrink looks for a shorter plan that breaks the same rule: first for the shortest beginning of its operations, then
// with ever smaller parts of them left out (Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input, 2002).
// It ends when nothing more can be left out or more says that it is enough.
func Shrink(p Plan, rule string, more func() bool) Plan {
	fails := func(ops []Op) bool {
		q := p
		q.Ops = ops
		return more() && breaks(q.Run(nil), rule)
	}
	ops := prefix(p.Ops, fails)
	for size := len(ops) / 2; size > 0 && more(); size /= 2 {
		ops = without(ops, size, fails)
	}
	p.Ops = ops
	return p
}

func breaks(o Outcome, rule string) bool {
	return slices.ContainsFunc(o.Faults, func(f Fault) bool { return f.Rule == rule })
}

// prefix is the shortest beginning that fails, if failing is for good.
func prefix(ops []Op, fails func([]Op) bool) []Op {
	low, high := 0, len(ops)
	for low < high {
		if mid := (low + high) / 2; fails(ops[:mid]) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return ops[:high]
}

// without leaves out every part of a size that is not needed.
func without(ops []Op, size int, fails func([]Op) bool) []Op {
	for at := 0; at < len(ops); {
		rest := slices.Concat(ops[:at], ops[min(at+size, len(ops)):])
		if fails(rest) {
			ops = rest
		} else {
			at += size
		}
	}
	return ops
}
