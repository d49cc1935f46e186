// Package wire is the encoding of everything that one node tells another: batches for gossip, frames for the rest.
//
// The life of a write: the engine fills a Batch until RecordSize says that it is full, EncodeBatch makes one byte
// string of it, gossip carries that, DecodeBatch on the other side refuses it whole if its form is wrong, and
// CheckRecord names what is wrong with the content of a single record, which alone is then dropped. All other messages
// go through Encode and Decode in the same way.
//
// What each frame looks like, field by field, stands in docs/wire.md, with test vectors that the tests read from there. A
// new type of frame is added there, with a vector, and in numbers, newMessage, samples and drawMessage here.
//
// One description of each message, its method fields, serves both directions.
package wire
