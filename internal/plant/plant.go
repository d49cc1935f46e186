// Package plant is the faults that the simulator must find: switches, each of which breaks one clause of one rule of
// replication. A test that finds nothing wrong proves something only if it finds what is.
//
// Without the build tag planted, On is constantly false and the compiler leaves nothing of the branches. With it, On
// asks what Set has set. Only store and replica ask.
package plant

// Bug is one wrong clause. The zero value is none.
type Bug uint8

// The bugs, by the rule that they break.
const (
	None Bug = iota

	ArrivalOrder    // 1: what comes last wins
	NoTieBreak      // 1: of two versions of one time, what comes last wins
	WallClock       // 1: a local time is not put above what was seen
	BlindStore      // 2: what a peer lends or sends is believed though nobody vouches
	VouchAtAsk      // 2: held against what was forgotten when it was asked for, not when it is merged
	CallerRefused   // 2: what was refused is given to the caller all the same
	SilentEviction  // 3: an eviction leaves no ghost
	GhostIgnored    // 4: a ghost that arrives does not delete an older value
	OwnDeadline     // 5: an entry is forgotten at its own deadline
	NoSlack         // 6: forgotten L after its time, not R
	NoFloor         // 6: the floor does not rise
	NoForgotten     // 6: no number is forgotten
	TombstoneSilent // 6: a tombstone goes without a trace
	SeenFirst       // 7: marked as seen before the records are here
	SeenAfterCut    // 7: marked as seen although the answer was cut
	SeenRefused     // 7: marked as seen although a record was refused
	ForgotMeanwhile // 7: what the sender forgets while it answers is not told
	SkipYoung       // 7: what may still be in flight is left out
	SkipExpiring    // 7: what is about to expire is left out
	NoLossy         // 8: nobody looks whether what is lacked was forgotten
	LossyKeeps      // 8: a lossy sync drops nothing
	LossyTombstones // 8: … keeps tombstones
	LossyNoFloor    // 8: … takes no floor and no forgotten numbers over
	FloorNotClock   // 8: … does not put the clock above the floor
	FutureTaken     // 9: a time from the future is accepted
	FutureClock     // 9: a time from the future is refused but moves the clock
	NoSkewCheck     // 9: nodes sync however far their clocks are apart
	LoadAtEnd       // 10: a load is stamped when it ends
	ClearOnce       // 11: a Clear removes what is here when it comes, and is not held against what comes later
	ClearShort      // 11: a Clear is forgotten at once
	SameOrigin      // a restart keeps its origin
	TouchUnbounded  // 12: a touch lengthens a life beyond its bound
	TombstoneFixed  // 6: a tombstone is forgotten after a fixed time, whatever the lifetime bound
	RingUnbounded   // 6: no ghost and no tombstone is forgotten for want of room
	ServedLate      // 5: a value is served for a while after its deadline
	ExpiryDelete    // 5: an expiry is a delete, told to everybody
	MarkedUnapplied // 7: gossip marks the dots of records that it does not store
	WriteAsks       // a write sends a frame to a peer and so may wait for it
	DropIgnored     // what a queue dropped is no gap
	SettledWhole    // 7: all counts as seen although what may be in flight was left out
	JournalWhole    // 7: a journal is taken for a whole answer
	PartsMixed      // 2: a large value goes on with the parts of another version, and nobody looks at the whole
	ContentUnion    // replicas send what they hold, not what the other has not seen

	Bugs // how many there are, None counted
)

var names = [Bugs]string{
	None: "none", ArrivalOrder: "arrival order", NoTieBreak: "no tie-break", WallClock: "wall clock",
	BlindStore: "blind store of borrowed values", VouchAtAsk: "vouching by what was forgotten at the ask",
	CallerRefused: "refused value given to the caller", SilentEviction: "silent eviction",
	GhostIgnored: "ghost deletes nothing", OwnDeadline: "entry forgotten at its own deadline",
	NoSlack: "no slack in the retention", NoFloor: "no floor", NoForgotten: "no forgotten number",
	TombstoneSilent: "tombstones forgotten without floor", SeenFirst: "seen advanced before the records",
	SeenAfterCut: "marked after a cut", SeenRefused: "marked although refused",
	ForgotMeanwhile: "forgotten meanwhile not told", SkipYoung: "what is in flight skipped",
	SkipExpiring: "what expires skipped", NoLossy: "lossy ignored", LossyKeeps: "lossy without drop",
	LossyTombstones: "lossy keeps tombstones", LossyNoFloor: "lossy without floor",
	FloorNotClock: "floor not into the clock", FutureTaken: "future accepted", FutureClock: "future moves the clock",
	NoSkewCheck: "no check of clocks", LoadAtEnd: "load stamped at its end", ClearOnce: "clear not checked at merge",
	ClearShort: "clear forgotten early", SameOrigin: "same origin after a restart",
	TouchUnbounded: "touch unbounded", TombstoneFixed: "tombstones of a fixed life", RingUnbounded: "rings without a limit",
	ServedLate: "served after its deadline", ExpiryDelete: "expiry as a delete", MarkedUnapplied: "marked and not stored", WriteAsks: "a write asks a peer",
	DropIgnored: "drops ignored", SettledWhole: "end mark after a settled answer",
	JournalWhole: "journal taken for a whole answer", PartsMixed: "parts of two versions",
	ContentUnion: "content union",
}

// String is the bug in a few words, for people.
func (b Bug) String() string {
	if b < Bugs {
		return names[b]
	}
	return "unknown bug"
}
