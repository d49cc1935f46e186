// Package resp lets any Redis client use a geolru cache: it answers a set of Redis's commands over a
// geolru.Cache[[]byte], in RESP2 and RESP3.
//
// The life of one SET: [Server.Serve] accepts a connection and gives it a client; the client's reader takes one
// command off the wire, within bounds; dispatch finds it in the table, which checks the number of arguments; its
// handler parses the options, calls the cache and appends an answer to the client's reply, which leaves when the
// reader has to wait for more bytes. So ten thousand pipelined commands cost a handful of system calls.
//
// Redis's words are kept where Redis has words: error texts, the order of checks, which errors close a connection.
// What differs from Redis, because the cache does:
//   - Every entry expires; a SET without a time gives it the cache's longest life, and a longer time is refused.
//   - A key that is not held here is asked of the peers by every command that reads or depends on it; MGET asks once
//     for all. A plain SET, SETEX, MSET or DEL never waits for anybody.
//   - NX, XX, GET and KEEPTTL are atomic on this node; between nodes the last writer wins.
//   - DEL counts the keys held here, and deletes everywhere.
//   - What would lose data under last-writer-wins is refused with its reason: see unsupported.go.
//
// The parser is not redcon's: that of v1.6.2 panics on a bulk length of 2^63-1, and recurses once per packet.
package resp
