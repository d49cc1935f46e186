package store

import (
	"math"

	"github.com/geolru/geolru/crdt"
)

// Outcome is what became of a record that was offered to a store.
type Outcome uint8

const (
	Lost     Outcome = iota // what is held wins, or says the same
	Won                     // it is held now
	Filled                  // its value fills the ghost of its version
	Extended                // its later deadline was taken
	Tied                    // an equal version with other bytes; the greater hash stayed
	Refused                 // rule 2: unknown, not above the floor, and nobody vouches
	Dead                    // outlived, or cleared
	crowded                 // this shard has no room for it; nothing was changed but what left for age or room
)

// Held tells whether the record is in the store now.
func (o Outcome) Held() bool { return o == Won || o == Filled || o == Extended }

// arrival is how a record comes to the door.
type arrival struct {
	now   int64
	by    Heads // who vouches
	local bool  // written here, just now: no age, and it waits in the outbox
	use   bool  // counts as a use
	cold  bool  // enters as the least recently used
}

// Via is by which way a record came from a peer.
type Via uint8

const (
	ViaGossip    Via = iota // enters as new, an overwrite counts as use
	ViaSync                 // enters as new, an overwrite is no use
	ViaBootstrap            // enters at the cold end, so that the order of a stream becomes the order of use; without room, as a ghost
)

// Merge offers a record from a peer: the only way in. The caller has refused what comes from the future or claims a
// deadline beyond time + L. now is Unix milliseconds. by tells what the sender had seen, no later than it read the
// record; nil if it is not known.
func (s *Store[P]) Merge(rec Record[P], now int64, by Heads, via Via) Outcome {
	if rec.Kind == crdt.Clear {
		return s.mergeClear(rec.Register, now)
	}
	hash := s.hash(rec.Key)
	sh := s.of(hash)
	return sh.fitting(func() Outcome {
		slot, known := sh.table.Find(hash, rec.Key)
		return sh.merge(hash, slot, known, &rec, arrival{now: now, by: by, use: via == ViaGossip, cold: via == ViaBootstrap})
	})
}

// merge is the one door (rule 1). The shard is locked.
func (sh *shard[P]) merge(hash uint64, slot uint32, known bool, rec *Record[P], a arrival) Outcome {
	s := sh.store
	if !a.local && s.outlived(rec.Version.Time, a.now) || s.cleared(rec.Version) {
		return Dead
	}
	if known && sh.expired(slot, a.now) { // and nobody has noticed: what is to be met is the ghost (rule 5)
		sh.fade(slot, CauseExpired, a.now)
		slot, known = sh.table.Find(hash, rec.Key)
	}
	weight := sh.weigh(rec, a.now)
	if known {
		return sh.meet(slot, rec, weight, a)
	}
	return sh.enter(hash, rec, weight, a)
}

// weigh is the weight of a value. One that is expired or heavier than the capacity is a ghost from here on (rule 5).
func (sh *shard[P]) weigh(rec *Record[P], now int64) int {
	if rec.Kind != crdt.Value {
		return 0
	}
	weight := sh.store.reweigh(rec.Key, rec.Value)
	if rec.Deadline > now && weight <= sh.store.cfg.Capacity {
		return weight
	}
	return rec.fade()
}

// fade makes a value a ghost, which weighs nothing.
func (r *Record[P]) fade() (weight int) {
	if r.Kind == crdt.Value {
		var none P
		r.Kind, r.Value = crdt.Ghost, none
	}
	return 0
}

func (s *Store[P]) weigh(key string, v P) int {
	if s.cfg.Weigh == nil {
		return 1
	}
	return max(s.cfg.Weigh(key, v), 0)
}

// reweigh is weigh for what is merged. Who writes here has weighed before and heard of a Weigh that panics; of what comes from
// elsewhere nobody has, and it must not end the process. A value that cannot be weighed is too heavy.
func (s *Store[P]) reweigh(key string, v P) (weight int) {
	if s.cfg.Weigh == nil {
		return 1
	}
	defer func() {
		if r := recover(); r != nil {
			weight = math.MaxInt
			if s.cfg.Unweighed != nil {
				s.cfg.Unweighed(r)
			}
		}
	}()
	return s.weigh(key, v)
}

// enter takes in a record of a key of which nothing is known (rule 2).
func (sh *shard[P]) enter(hash uint64, rec *Record[P], weight int, a arrival) Outcome {
	s := sh.store
	if s.cfg.Replicated && rec.Version.Time <= s.Floor() && !trusting(a.by) && !s.memory.vouched(a.by, func(t crdt.Time) bool { return s.outlived(t, a.now) }) {
		s.memory.number(rec.Dot(), rec.Version.Time)
		return Refused
	}
	if !s.cfg.Replicated && rec.Kind != crdt.Value {
		return Won
	}
	switch {
	case rec.Kind != crdt.Value:
	case a.cold: // what is less used than all that is here displaces none of it
		if !sh.take(weight) {
			weight = rec.fade()
		}
	case !sh.makeRoom(weight, 0, a.now):
		return crowded
	}
	slot := sh.insert(hash, rec.Key)
	sh.settle(slot, rec, weight, a)
	return Won
}

// meet merges a record with the one that is held of its key.
func (sh *shard[P]) meet(slot uint32, rec *Record[P], weight int, a arrival) Outcome {
	held := sh.reg(slot)
	merged := held
	switch out := misjudged(held, rec.Register, merged.Merge(rec.Register)); out {
	case crdt.Extended:
		return sh.extend(slot, merged)
	case crdt.Tied:
		rec.Register = merged
		return sh.tie(slot, rec, weight, a)
	case crdt.Filled:
		rec.Register = merged
		return sh.replace(slot, rec, weight, a, Filled)
	case crdt.Won:
		return sh.replace(slot, rec, weight, a, Won)
	default:
		return Lost
	}
}

// extend takes the later deadline of the version held. The wheel looks at it again when it fires.
func (sh *shard[P]) extend(slot uint32, merged crdt.Register) Outcome {
	before := sh.table.At(slot).deadline()
	sh.setReg(slot, &merged)
	if merged.Deadline == before {
		return Lost
	}
	if merged.Kind == crdt.Value {
		sh.tell(ChangePut, slot)
	}
	return Extended
}

// tie settles two values of one version: no sound writer makes them, but all nodes must agree.
func (sh *shard[P]) tie(slot uint32, rec *Record[P], weight int, a arrival) Outcome {
	it, rank := sh.table.At(slot), sh.store.cfg.Rank
	if rank == nil {
		return sh.extend(slot, rec.Register)
	}
	held, came := rank(it.value), rank(rec.Value)
	if held == came {
		return sh.extend(slot, rec.Register)
	}
	out := Tied
	if came > held {
		out = sh.replace(slot, rec, weight, a, Tied)
	} else {
		sh.extend(slot, rec.Register)
	}
	if out == Tied {
		sh.done.Conflicts++
	}
	return out
}

// replace puts a winner in the place of the record that is held, if there is room for it; out is what came of it then.
func (sh *shard[P]) replace(slot uint32, rec *Record[P], weight int, a arrival, out Outcome) Outcome {
	if sh.table.At(slot).kind() == crdt.Value {
		if rec.Kind == crdt.Value {
			return sh.overwrite(slot, rec, weight, a, out)
		}
		cause := CauseReplaced
		if rec.Kind == crdt.Tombstone {
			cause = CauseDeleted
		}
		sh.fell(slot, cause)
	}
	sh.detach(slot) // on its way it is no ghost that may be forgotten
	if rec.Kind == crdt.Value && !sh.makeRoom(weight, 0, a.now) {
		sh.attach(slot, false)
		sh.trim(a.now)
		return crowded
	}
	sh.lost(slot, a, out)
	if !sh.store.cfg.Replicated && rec.Kind != crdt.Value {
		sh.setReg(slot, &rec.Register)
		sh.empty(slot)
		sh.tell(ChangeDelete, slot)
		sh.remove(slot)
		return out
	}
	sh.settle(slot, rec, weight, a)
	return out
}

// lost takes a record out of the outbox that has lost to a peer's newer one.
func (sh *shard[P]) lost(slot uint32, a arrival, out Outcome) {
	if out == Won && !a.local {
		sh.unqueue(slot)
	}
}

// overwrite puts a value in the place of a value, which keeps its place in the order of use unless this is a use.
func (sh *shard[P]) overwrite(slot uint32, rec *Record[P], weight int, a arrival, out Outcome) Outcome {
	if sh.weights != nil && !sh.grow(slot, weight, a.now) {
		return crowded
	}
	sh.lost(slot, a, out)
	it := sh.table.At(slot)
	sh.fell(slot, CauseReplaced)
	sooner := rec.Deadline < it.deadline()
	it.value = rec.Value
	sh.setReg(slot, &rec.Register)
	if sooner { // a later one is found when the old one fires
		sh.arm(slot)
	}
	if a.use {
		sh.table.Use(slot)
	}
	sh.came(slot, a)
	return out
}

// grow makes the value of a slot weigh more or less, if there is room.
func (sh *shard[P]) grow(slot uint32, weight int, now int64) bool {
	more := weight - sh.weightOf(slot)
	if more > 0 && !sh.makeRoom(more, slot, now) {
		return false
	}
	sh.loose += max(-more, 0)
	sh.weight += more
	sh.weights[slot] = int32(weight)
	return true
}

// settle attaches a record to its slot, which is attached nowhere.
func (sh *shard[P]) settle(slot uint32, rec *Record[P], weight int, a arrival) {
	sh.table.At(slot).value = rec.Value
	if sh.weights != nil {
		sh.weights[slot] = int32(weight)
	}
	sh.setReg(slot, &rec.Register)
	sh.attach(slot, a.cold)
	sh.came(slot, a)
	sh.trim(a.now)
}

// came tells watchers of a record that is held now, and puts a local one into the outbox.
func (sh *shard[P]) came(slot uint32, a arrival) {
	if a.local && sh.store.cfg.Replicated {
		sh.queue(slot, outRecord)
	}
	sh.tell(kindChange[sh.table.At(slot).kind()], slot)
}
