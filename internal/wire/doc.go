// Package wire is the encoding of everything that one node tells another: batches for gossip, frames for the rest.
//
// The life of a write: the engine fills a Batch until RecordSize says that it is full, EncodeBatch makes one byte
// string of it, gossip carries that, DecodeBatch on the other side refuses it whole if its form is wrong, and
// CheckRecord names what is wrong with the content of a single record, which alone is then dropped. All other messages
// go through Encode and Decode in the same way.
//
// # Format, version 1
//
// A frame is one CBOR array (RFC 8949): the version, the type, then the fields of that type in a fixed order. Only
// unsigned and negative integers, byte strings, text, arrays and booleans occur, always in the shortest form and with
// their lengths stated. There are no maps, tags, floats or nulls. Every array but a list has a fixed length, so a field
// that is missing or one too many is an error: what is new needs a new type or a new version. A frame of an unknown
// type is skipped, one of another version is refused.
//
//	batch     = [1, 1, nonce, [* [key, time, seq, kind, deadline, value]], [* touch]]
//	probe     = [1, 2, id, reply, millis, [* [cache, ttl, hash, nonce]]]
//	fetch     = [1, 3, cache, id, [* [key, time, origin]], origins]
//	fetched   = [1, 4, cache, id, [* head], last, table, [* record]]
//	ack       = [1, 5, cache, [* head]]
//	explain   = [1, 6, cache, id, key]
//	explained = [1, 7, cache, id, [time, origin, seq, kind, deadline], writer]
//	pull      = [1, 8, cache, session, digest, last]
//	answer    = [1, 9, cache, session, digest, floor, [* [origin, number, time]], total, lossy, last]
//	records   = [1, 10, cache, session, table, [* record]]
//	list      = [1, 11, cache, session, [* key], last]
//	end       = [1, 12, cache, session, millis, count, whole, table, [* record]]
//	credit    = [1, 13, cache, session, bytes]
//	busy      = [1, 14, cache, session, millis]
//	audit     = [1, 15, cache, id, partition, seed, count]
//	audited   = [1, 16, cache, id, cells]
//
//	record = [key, time, index, seq, kind, deadline, value]
//	touch  = [key, time, origin, deadline]
//	head   = [origin, number]
//
// Keys are byte strings, for a key may hold any bytes; caches and writers are text. A time is a hybrid logical time,
// millis are Unix milliseconds, a nonce is a byte string of 8. A value is a byte string, empty where there is none.
//
// A deadline travels as its distance from the physical part of its record's time, which takes 5 bytes and not 9. The
// distance 0 says "no deadline", so that a tombstone pays one byte. A deadline at the time itself, whose distance that
// would be, takes the one that "no deadline" has left free: minus the time. So every deadline has exactly one form.
//
// Origins are random, so CBOR cannot shorten them: they travel as byte strings, 8 bytes each, big-endian. The table of
// a frame holds the origins of its records once, strictly ascending, and each record names an index in it. In a batch
// the origin follows from the author and the nonce.
//
// A digest is one byte string: how many origins follow, then each of them, strictly ascending. Numbers are unsigned
// LEB128 in the shortest form:
//
//	known = origin (8 bytes) · head · last time (8 bytes) · count of ranges · ranges
//	range = Lo − 2 − (Hi of the range before, or head) · Hi − Lo
//
// so ranges that overlap, touch, descend or are empty cannot be written down; what remains to be refused is overflow.
//
// # Who checks
//
// Two readers look at each frame. The first is our own: it knows what belongs where, takes nothing else and stops at the
// first item that is wrong, so that refusing costs the same however long the frame. It allocates a list only when the
// bytes that such a list takes at least are known to be there, which bounds what a frame can allocate to 16 times its
// length. The second is the CBOR library with all its limits on: what it does not find well-formed is refused even so.
//
// The library alone would not do. Decoding into structs it took null for an integer, and 7 bytes or a list of integers
// for an [8]byte; a list of a thousand nulls made it allocate a thousand structs; and it took 450 ns for a record of
// 116 bytes, twice as long as both readers together. Looking for what is well-formed takes it 40 of those.
package wire
