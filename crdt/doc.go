// Package crdt is what replicas agree by: hybrid logical time, the register that
// the last writer wins, and the set of dots seen. It knows no key, no value, no
// network and no clock but the milliseconds that it is given.
//
// # The life of one write
//
// A replica draws an [Origin] when it starts. A write takes its [Time] from the
// replica's [Clock]: above every time that the clock has given or observed, so it
// wins over all that its writer could have read. Time and origin are its
// [Version]; with a kind and a deadline that is a [Register], the record without
// its key and bytes.
//
// The register enters the writer's own store by [Register.Merge], the same door
// as everywhere else, and waits in the outbox. If another write of the key comes
// first it is never heard of again. Else it leaves, and only now is given a
// number: origin and number are its [Dot], 1, 2, 3 without a hole, so that whoever
// receives 7 after 5 knows that 6 is missing.
//
// At another replica the time is shown to the clock, then the dot is marked in
// [Seen], then Merge decides:
//
//	if err := clock.Observe(r.Version.Time, now); err != nil {
//		return err // ErrFuture: no dot is marked, so the record will be asked for again
//	}
//	seen.Add(r.Dot(), r.Version.Time)
//	if held.Merge(r) == crdt.Won {
//		// store the bytes
//	}
//
// The same records in any order, any number of times, leave the same register.
// Two replicas then compare what they have seen, not what they hold: a full cache
// evicts, so contents differ for ever, but what was seen only grows. Where one
// [Seen.Lacks] dots of the other the records are sent again, and a dot marked too
// few costs just that. A dot marked too many would be a write lost in silence:
// every limit in this package leaves dots unmarked, none marks more.
//
// [Retention] after its time no version is alive anywhere. An origin that has been
// silent for so long is left out of digests, and its dots are pruned a minute later,
// when no answer under way can speak of it.
package crdt
