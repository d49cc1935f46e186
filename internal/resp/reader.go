package resp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// The bounds of a command. Redis has the same kinds of bounds with larger numbers; a value here is at most 8 MiB, so
// that is refused by the cache with a clear error, and only what is far beyond ends the connection.
const (
	maxLine    = 64 << 10  // an inline command, or the header of a bulk
	maxArgs    = 128 << 10 // arguments of a command: each takes several times the bytes that it came in
	maxBulk    = 16 << 20  // bytes of an argument
	maxCommand = 64 << 20  // bytes of all arguments and their slices: what an unfinished command takes
	perArg     = 32        // bytes that an argument takes beside its own: a slice, with room to grow

	// Of a client that has not given its password yet, as in Redis.
	strangerArgs = 10
	strangerBulk = 16 << 10

	// With the buffer of the reader, that of one line, it stays under 64 KiB for each stranger.
	strangerCommand = 32 << 10
	strangerLine    = 16 << 10
)

// protocolError is what a client is told before its connection is closed, for nobody knows where its next command
// would begin.
type protocolError string

func (e protocolError) Error() string { return "Protocol error: " + string(e) }

// reader takes commands off a connection. It allocates what has arrived, not what was announced.
type reader struct {
	buf      *bufio.Reader
	stranger bool // not authenticated: the smaller bounds hold
}

func newReader(r io.Reader) *reader { return &reader{buf: bufio.NewReaderSize(r, strangerLine)} }

// next returns the next command: at least its name. The arguments are the caller's to keep.
func (r *reader) next() ([][]byte, error) {
	for {
		first, err := r.buf.Peek(1)
		if err != nil {
			return nil, err
		}
		read := r.inline
		if first[0] == '*' {
			read = r.multibulk
		}
		if args, err := read(); err != nil || len(args) > 0 {
			return args, err
		}
	}
}

// inline reads a line as a person types it into telnet.
func (r *reader) inline() ([][]byte, error) {
	line, err := r.line("too big inline request")
	if err != nil {
		return nil, err
	}
	args, ok := split(line)
	if !ok {
		return nil, protocolError("unbalanced quotes in request")
	}
	return args, nil
}

// multibulk reads what clients send: an array of bulk strings. An empty or negative array is no command, and no error.
func (r *reader) multibulk() ([][]byte, error) {
	n, err := r.header("too big mbulk count string", "invalid multibulk length", maxArgs)
	if err != nil || n <= 0 {
		return nil, err
	}
	if r.stranger && n > strangerArgs {
		return nil, protocolError("unauthenticated multibulk length")
	}
	args, left := make([][]byte, 0, min(n, 16)), r.room()
	for range n {
		b, err := r.bulk(left - perArg)
		if err != nil {
			return nil, err
		}
		args, left = append(args, b), left-perArg-len(b)
	}
	return args, nil
}

// room is what a command may take in memory.
func (r *reader) room() int {
	if r.stranger {
		return strangerCommand
	}
	return maxCommand
}

// bulk reads one argument, for which there is room for left bytes.
func (r *reader) bulk(left int) ([]byte, error) {
	switch first, err := r.buf.Peek(1); {
	case err != nil:
		return nil, err
	case first[0] != '$':
		return nil, protocolError("expected '$', got '" + string(rune(first[0])) + "'")
	}
	n, err := r.header("too big bulk count string", "invalid bulk length", maxBulk)
	switch {
	case err != nil:
		return nil, err
	case n < 0:
		return nil, protocolError("invalid bulk length")
	case r.stranger && n > strangerBulk:
		return nil, protocolError("unauthenticated bulk length")
	case n > left:
		return nil, protocolError("too big command")
	}
	b, err := r.bytes(n)
	if err != nil {
		return nil, err
	}
	_, err = r.buf.Discard(len("\r\n"))
	return b, err
}

// bytes reads n bytes into a slice that grows with what has arrived, and has no room to spare at the end, for a value
// stays in the cache as it is.
func (r *reader) bytes(n int) ([]byte, error) {
	b := make([]byte, min(n, 64<<10))
	_, err := io.ReadFull(r.buf, b)
	for err == nil && len(b) < n {
		had := len(b)
		b = append(make([]byte, 0, min(n, 2*had)), b...)
		b = b[:cap(b)]
		_, err = io.ReadFull(r.buf, b[had:])
	}
	return b, err
}

// header reads the number after '*' or '$'.
func (r *reader) header(tooBig, invalid string, most int) (int, error) {
	line, err := r.line(tooBig)
	if err != nil {
		return 0, err
	}
	n, ok := parseInt(line[1:])
	if !ok || n > int64(most) {
		return 0, protocolError(invalid)
	}
	return int(max(n, -1)), nil
}

// line reads to the end of the line and returns it without that; it is valid until the next read.
func (r *reader) line(tooBig string) ([]byte, error) {
	line, err := r.buf.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		if r.stranger {
			return nil, protocolError(tooBig)
		}
		line, err = r.longLine(bytes.Clone(line))
	}
	if len(line) >= maxLine && line[len(line)-1] != '\n' {
		return nil, protocolError(tooBig)
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), err
}

// longLine reads on after what fitted in the buffer, just far enough to know that a line is too long.
func (r *reader) longLine(line []byte) ([]byte, error) {
	for len(line) < maxLine {
		more, err := r.buf.ReadSlice('\n')
		line = append(line, more...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
	return line, nil
}
