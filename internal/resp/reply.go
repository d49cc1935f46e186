package resp

import (
	"io"
	"strconv"

	"github.com/tidwall/redcon"
)

// spill is how much of an answer is kept before it is sent: enough that pipelined commands share a system call,
// little enough that a client which asks for a gigabyte does not have it built in memory first.
const spill = 64 << 10

// reply is what a client will be answered. Where RESP2 and RESP3 differ it writes what the client chose by HELLO. After
// an error it keeps nothing.
type reply struct {
	to    io.Writer
	buf   []byte
	proto int // 2 or 3
	err   error
}

func (r *reply) flush() error {
	if len(r.buf) > 0 && r.err == nil {
		_, r.err = r.to.Write(r.buf)
	}
	if r.err != nil || cap(r.buf) > 4*spill { // nobody reads any more; a long text passed
		r.buf = nil
	}
	r.buf = r.buf[:0]
	return r.err
}

func (r *reply) set(b []byte) {
	if r.buf = b; len(b) >= spill || r.err != nil {
		r.flush()
	}
}

func (r *reply) ok()               { r.status("OK") }
func (r *reply) status(s string)   { r.set(redcon.AppendString(r.buf, s)) }
func (r *reply) error(text string) { r.set(redcon.AppendError(r.buf, text)) }
func (r *reply) int(n int64)       { r.set(redcon.AppendInt(r.buf, n)) }
func (r *reply) text(s string)     { r.set(redcon.AppendBulkString(r.buf, s)) }
func (r *reply) array(n int)       { r.set(redcon.AppendArray(r.buf, n)) }

// bulk sends a large value as it lies in the cache: a copy of it for each client that does not read would be the
// cheapest way to fill the memory.
func (r *reply) bulk(b []byte) {
	if len(b) < spill {
		r.set(redcon.AppendBulk(r.buf, b))
		return
	}
	r.header('$', len(b))
	if r.flush() == nil {
		_, r.err = r.to.Write(b)
	}
	r.set(append(r.buf, "\r\n"...))
}

// flag answers 1 or 0: RESP3 has booleans, but Redis keeps numbers where it had them.
func (r *reply) flag(yes bool) {
	if yes {
		r.int(1)
		return
	}
	r.int(0)
}

func (r *reply) null() {
	if r.proto == 3 {
		r.set(append(r.buf, "_\r\n"...))
		return
	}
	r.set(redcon.AppendNull(r.buf))
}

// bulkOrNull answers a value, or null if there is none.
func (r *reply) bulkOrNull(b []byte, ok bool) {
	if !ok {
		r.null()
		return
	}
	r.bulk(b)
}

// fields starts a map of n pairs; in RESP2 that is an array of 2n.
func (r *reply) fields(n int) {
	if r.proto == 3 {
		r.header('%', n)
		return
	}
	r.array(2 * n)
}

// float is a double in RESP3, a bulk string in RESP2.
func (r *reply) float(f float64) {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if r.proto == 3 {
		r.set(append(append(append(r.buf, ','), s...), "\r\n"...))
		return
	}
	r.text(s)
}

// verbatim is a text meant for people.
func (r *reply) verbatim(s string) {
	if r.proto == 3 {
		r.header('=', len(s)+len("txt:"))
		r.set(append(append(append(r.buf, "txt:"...), s...), "\r\n"...))
		return
	}
	r.text(s)
}

func (r *reply) header(kind byte, n int) {
	r.set(append(strconv.AppendInt(append(r.buf, kind), int64(n), 10), "\r\n"...))
}
