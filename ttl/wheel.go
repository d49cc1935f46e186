// Package ttl tells which slots of a shard have passed their deadline: a hierarchical timing wheel (Varghese and Lauck,
// "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 7).
//
// The life of one slot: Add asks for its deadline and links the slot into a bucket. There are eight levels of 64 buckets;
// a bucket of level 0 is one millisecond, one of level 1 is 64 ms, one of level 7 is 139 years. When Advance reaches the first
// millisecond of a bucket, its slots are looked at, a bounded number for each call: those whose deadline has come are
// unlinked and handed to the caller, the others move to the bucket of a lower level, at last to the one of their millisecond.
// So a slot is looked at no more than once for each level, most of them once or twice, and is handed over in its
// millisecond. Bits say which buckets hold slots, so that time is not counted through: an Advance by 60 days over nothing
// costs as much as one by a millisecond.
//
// The wheel keeps no deadlines, its owner does. A deadline may be put off without a word to the wheel: it asks again
// before it hands a slot over, and links it anew. One that is brought forward needs an Add, or is noticed late.
//
// Invariant: a slot is linked at the level of the highest 6-bit digit in which its deadline differs from the wheel's time.
// So a bucket's number is above the time's own digit, there is no wrapping around, all of a level comes before all of
// the next, and the first bit of the first level with any is the next bucket in time. Levels that count from the wheel's
// time on instead would wrap, and the next bucket would have to be searched for on all of them.
package ttl

import "math/bits"

const (
	digit  = 6 // bits of time for each level: 64 buckets, whose occupancy is one word
	levels = 8
	// horizon is the last millisecond that the levels can tell apart, in the year 10889. A hybrid logical time has 48
	// bits of milliseconds too. Later deadlines are held at it, and the wheel's time stays before it: they never come.
	horizon = 1<<(digit*levels) - 1
)

// Wheel holds slots by their deadlines. New makes one, the zero value does not work. It is not safe for concurrent use:
// its owner locks. It starts no goroutine and reads no clock. Times are Unix milliseconds.
type Wheel struct {
	time     int64 // up to here everything has been taken from its bucket; 0 to horizon-1, never falls
	deadline func(slot uint32) int64
	rings    rings
}

// New makes an empty wheel, whose time starts at now. The deadline of a linked slot is asked for with deadline, which
// must not call the wheel.
func New(now int64, deadline func(slot uint32) int64) *Wheel {
	return &Wheel{time: within(now), deadline: deadline}
}

// within bounds a time to what the wheel can be at.
func within(now int64) int64 { return max(0, min(now, horizon-1)) }

// Add links a slot under its deadline, anew if it is linked. With a deadline that is not after the wheel's time, it is
// handed over by the next Advance that is not behind the wheel's time. Memory is 8 bytes for every number up to the
// highest slot ever added.
func (w *Wheel) Add(slot uint32) {
	w.Remove(slot)
	w.rings.reach(slot)
	w.rings.link(w.bucket(w.deadline(slot)), slot)
}

// Remove unlinks a slot, if it is linked.
func (w *Wheel) Remove(slot uint32) {
	if w.Has(slot) {
		w.rings.unlink(slot)
	}
}

// Has tells whether a slot is linked. It may be asked of any number.
func (w *Wheel) Has(slot uint32) bool { return w.rings.has(slot) }

// Len counts the linked slots.
func (w *Wheel) Len() int { return w.rings.count }

// Advance moves the wheel's time to now and hands each slot whose deadline has come by then (is now or before) to
// expired, already unlinked, in the order of deadlines but for those added late. It looks at no more than limit slots,
// handed over or moved to a lower level, and returns false if that was not enough: call again, with the same time or a
// later one. A limit below 1 does no work.
//
// With a now before the wheel's time (a clock stepped back) it does nothing and returns true. Expired may call Add and
// Remove, of any slot, but not Advance; a slot that it adds under a deadline that has come is handed over again at once.
func (w *Wheel) Advance(now int64, limit int, expired func(slot uint32)) (done bool) {
	now = min(now, horizon-1)
	if now < w.time {
		return true
	}
	for {
		for ; w.rings.occupied[levels] != 0; limit-- {
			if limit <= 0 {
				return false
			}
			w.settle(w.rings.first(), expired)
		}
		if !w.turn(now) {
			return true
		}
	}
}

// settle hands over a slot of the due bucket, or links it where it belongs by now: the bucket it came from began with the
// wheel's time, so this is a lower level, or any bucket later if the deadline was put off, and never the due one again.
func (w *Wheel) settle(slot uint32, expired func(slot uint32)) {
	w.rings.unlink(slot)
	if b := w.bucket(w.deadline(slot)); b != due {
		w.rings.link(b, slot)
		return
	}
	expired(slot)
}

// turn moves the wheel's time to the next bucket that holds slots and makes these due, or, if that bucket begins after now,
// moves the time to now and returns false. What was due before must have been settled.
func (w *Wheel) turn(now int64) bool {
	b, start, ok := w.next()
	if !ok || start > now {
		w.time = now
		return false
	}
	w.time = start
	w.rings.pour(b)
	return true
}

// Next returns a time before which Advance will hand over nothing, and before which it need not be called: the next
// deadline, or earlier by less than the span of the bucket that it is in. It is the wheel's time if slots are already due.
// It is false if the wheel is empty.
func (w *Wheel) Next() (at int64, ok bool) {
	if w.rings.occupied[levels] != 0 {
		return w.time, true
	}
	_, at, ok = w.next()
	return at, ok
}

// next finds the earliest bucket that holds slots, and the millisecond with which it begins.
func (w *Wheel) next() (bucket uint32, start int64, ok bool) {
	for level, occupied := range w.rings.occupied[:levels] {
		if occupied != 0 {
			i := bits.TrailingZeros64(occupied)
			before := w.time >> (digit * (level + 1)) << digit
			return uint32(level<<digit | i), (before | int64(i)) << (digit * level), true
		}
	}
	return 0, 0, false
}

// bucket is where a slot with that deadline belongs.
func (w *Wheel) bucket(deadline int64) uint32 {
	if deadline <= w.time {
		return due
	}
	deadline = min(deadline, horizon)
	level := (bits.Len64(uint64(deadline^w.time)) - 1) / digit
	i := deadline >> (digit * level) & (1<<digit - 1)
	return uint32(level<<digit) | uint32(i)
}
