package crdt

// Kind is what a record says of its key.
type Kind uint8

const (
	None      Kind = iota // no record
	Value                 // a value is here
	Ghost                 // the version is known, the value is elsewhere (evicted, expired or announced)
	Tombstone             // deleted
	Clear                 // a version of the whole cache: what is not above it is dead; its key is empty
)

// deletes tells whether a record of this kind leaves nothing to live on.
func (k Kind) deletes() bool { return k >= Tombstone }

// Register is a record without its key and bytes. The zero value is no record,
// and any record wins over it. Not safe for goroutines.
type Register struct {
	Version  Version
	Seq      uint64 // with Version.Origin the dot; 0 = none given yet
	Deadline int64  // Unix milliseconds; 0 for tombstones and clears
	Kind     Kind
}

// Dot is the name of the record.
func (r Register) Dot() Dot { return Dot{r.Version.Origin, r.Seq} }

// Outcome is what [Register.Merge] did.
type Outcome uint8

const (
	// Lost: the record held wins and stays as it is.
	Lost Outcome = iota
	// Same: the record held says all that the other does and stays as it is.
	Same
	// Extended: the version held has a later deadline now.
	Extended
	// Filled: the version held was a ghost and is a value now, and its deadline the
	// later of both. The bytes are to be stored.
	Filled
	// Tied: both are values of one version. The bytes should be equal; if they are
	// not, those with the greater hash stay, and the caller, who has them, sees to
	// it. The deadline is the later of both.
	Tied
	// Won: the record held is the other one now. What bytes there were are dead.
	Won
)

var outcomes = [...]string{"lost", "same", "extended", "filled", "tied", "won"}

// String is the outcome in one word, for people.
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return "unknown"
}

// Merge makes r the winner of r and in, two records of one key: the higher
// version. Within a version a tombstone beats all else, a value fills a ghost, and
// the later deadline stays. So merging is commutative, associative and idempotent;
// only a value that is evicted here, and so becomes a ghost, is a matter of place.
//
// Merge has no clock. The caller has refused what is from the future and what has
// a deadline beyond time + L, and presents an expired value, whether held or
// incoming, as the ghost that it is: it must not fill another.
func (r *Register) Merge(in Register) Outcome {
	switch {
	case in.Kind == None:
		return Same
	case r.Kind == None || r.Version.Less(in.Version):
		*r = in
		return Won
	case in.Version.Less(r.Version):
		return Lost
	}
	// One version has one dot. A register that was merged before it got one takes it.
	r.Seq = max(r.Seq, in.Seq)
	if r.Kind.deletes() || in.Kind.deletes() {
		return r.mergeDeleted(in)
	}
	return r.mergeAlive(in)
}

// mergeDeleted merges records of one version of which at least one deletes. The
// kinds are in order of strength here.
func (r *Register) mergeDeleted(in Register) Outcome {
	switch {
	case in.Kind > r.Kind:
		r.Kind, r.Deadline = in.Kind, in.Deadline
		return Won
	case in.Kind < r.Kind:
		return Lost
	}
	return Same
}

// mergeAlive merges values and ghosts of one version.
func (r *Register) mergeAlive(in Register) Outcome {
	later := in.Deadline > r.Deadline
	r.Deadline = max(r.Deadline, in.Deadline)
	switch {
	case in.Kind == Value && r.Kind == Value:
		return Tied
	case in.Kind == Value:
		r.Kind = Value
		return Filled
	case later:
		return Extended
	}
	return Same
}

// Extend is a touch: it moves the deadline of the living value of version v to
// deadline, at most to bound, which is v's time + L, and tells whether that was
// later than before. All three are Unix milliseconds. It never shortens, never
// changes the version, and revives nothing: another version, a ghost, a tombstone
// and a value whose deadline is not after now stay as they are.
func (r *Register) Extend(v Version, deadline, bound, now int64) bool {
	deadline = min(deadline, bound)
	if r.Kind != Value || r.Version != v || r.Deadline <= now || deadline <= r.Deadline {
		return false
	}
	r.Deadline = deadline
	return true
}
