package policy

// arc is ARC (Megiddo, Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003): two orders of use, of
// what was used once and of what was used more often, each with ghosts of what was evicted from it. A ghost of the one
// that comes back lets that one grow at the cost of the other.
//
// One step differs from the paper, whose cache has learned from a ghost when it makes room for it: here it learns
// after that. So target is late by one step, which is a step of many.
type arc struct {
	once, often         chain // T1 and T2
	goneOnce, goneOften chain // B1 and B2
	in                  []*chain
	target              int // p: what once may keep
	size                int // c
}

func newARC(keys, size int) order {
	return &arc{
		once: newChain(keys), often: newChain(keys), goneOnce: newChain(keys), goneOften: newChain(keys),
		in: make([]*chain, keys), size: size,
	}
}

// move puts a key into a list, out of the one that it is in; nil is none.
func (a *arc) move(key uint32, to *chain) {
	if from := a.in[key]; from != nil {
		from.remove(key)
	}
	if a.in[key] = to; to != nil {
		to.push(key)
	}
}

func (a *arc) use(key uint32) { a.move(key, &a.often) }

func (a *arc) add(key uint32) {
	to := &a.often
	switch a.in[key] {
	case &a.goneOnce:
		a.target = min(a.target+max(a.goneOften.len()/a.goneOnce.len(), 1), a.size)
	case &a.goneOften:
		a.target = max(a.target-max(a.goneOnce.len()/a.goneOften.len(), 1), 0)
	default:
		to = &a.once
	}
	a.move(key, to)
	a.trim()
}

// trim forgets ghosts: with what was used once there are no more than the cache has entries, and in all of it twice
// as many.
func (a *arc) trim() {
	for a.goneOnce.len() > 0 && a.once.len()+a.goneOnce.len() > a.size {
		a.move(a.goneOnce.oldest(), nil)
	}
	for a.goneOften.len() > 0 && a.len()+a.goneOnce.len()+a.goneOften.len() > 2*a.size {
		a.move(a.goneOften.oldest(), nil)
	}
}

func (a *arc) evict() uint32 {
	from, to := &a.often, &a.goneOften
	if a.once.len() > a.target || a.often.len() == 0 {
		from, to = &a.once, &a.goneOnce
	}
	key := from.oldest()
	a.move(key, to)
	return key
}

func (a *arc) len() int { return a.once.len() + a.often.len() }
