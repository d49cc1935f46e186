package store

import "github.com/geolru/geolru/crdt"

// Cause is why a value left a store.
type Cause uint8

const (
	CauseCapacity Cause = iota + 1 // evicted for room
	CauseExpired                   // its deadline came
	CauseDeleted                   // deleted or cleared, here or elsewhere
	CauseReplaced                  // overwritten, here or elsewhere
)

// ChangeKind is what happened to a key.
type ChangeKind uint8

const (
	ChangePut ChangeKind = iota + 1
	ChangeDelete
	ChangeExpire
	ChangeEvict
	ChangeClear // of the whole cache; Key is empty
)

// Change is one change of a store, as it is told to whoever asked by OnChange.
type Change[P any] struct {
	Kind     ChangeKind
	Key      string
	Value    P // of a put the new one, of an expiry or eviction the one that went
	Register crdt.Register
}

// An announced value (a ghost from a peer) is a change that nobody can see yet: it is told as a put without a value.
var kindChange = [...]ChangeKind{crdt.Value: ChangePut, crdt.Ghost: ChangePut, crdt.Tombstone: ChangeDelete}

var causeChange = [...]ChangeKind{CauseCapacity: ChangeEvict, CauseExpired: ChangeExpire}

// OnChange has f called for every change from now on, in the order of the changes of a key; nil ends it. f runs under
// the lock of a shard: it must only queue.
func (s *Store[P]) OnChange(f func(Change[P])) {
	if f == nil {
		s.changed.Store(nil)
		return
	}
	s.changed.Store(&f)
}

func (sh *shard[P]) tell(kind ChangeKind, slot uint32) {
	if f := sh.store.changed.Load(); f != nil {
		(*f)(Change[P]{kind, sh.table.Key(slot), sh.table.At(slot).value, sh.reg(slot)})
	}
}

// fallen is a value that left, to be told once the lock is free.
type fallen[P any] struct {
	key   string
	value P
	cause Cause
}

// fell notes that the value of a slot is about to leave.
func (sh *shard[P]) fell(slot uint32, cause Cause) {
	if sh.store.cfg.Evicted != nil {
		sh.fallen = append(sh.fallen, fallen[P]{sh.table.Key(slot), sh.table.At(slot).value, cause})
	}
}
