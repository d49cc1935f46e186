package links

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// A record in a stream: the lengths of key and value, then both. Records that are written together travel together.
const (
	lengths      = 8
	streamBuffer = 64 << 10
)

// streamWriter writes records into a stream.
type streamWriter struct {
	alone
	out   *bufio.Writer
	close func() error
}

func newStreamWriter(w io.Writer, close func() error) *streamWriter {
	return &streamWriter{out: bufio.NewWriterSize(w, streamBuffer), close: close}
}

// Write adds a record.
func (w *streamWriter) Write(key string, value []byte) error {
	b := binary.BigEndian.AppendUint32(w.out.AvailableBuffer(), uint32(len(key)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	w.out.Write(b) // the error stays, and comes with the last one
	w.out.WriteString(key)
	_, err := w.out.Write(value)
	return err
}

// Flush sends what is kept back.
func (w *streamWriter) Flush() error { return w.out.Flush() }

// Close ends the stream.
func (w *streamWriter) Close() error { return w.close() }

// receive keeps records until the stream ends.
func (k *keep) receive(r io.Reader) {
	in := bufio.NewReaderSize(r, streamBuffer)
	for {
		key, value, err := record(in)
		if err != nil {
			return
		}
		k.put(key, value)
	}
}

func record(in *bufio.Reader) (string, []byte, error) {
	var head [lengths]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return "", nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	both := make([]byte, n+binary.BigEndian.Uint32(head[4:]))
	if _, err := io.ReadFull(in, both); err != nil {
		return "", nil, err
	}
	return string(both[:n]), both[n:], nil
}

type tcpReader struct {
	keep
	alone
	net.Listener
}

// Addr is host and port.
func (r *tcpReader) Addr() string { return r.Listener.Addr().String() }

func readTCP(string) (Reader, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	r := &tcpReader{Listener: l}
	go func() {
		if conn, err := l.Accept(); err == nil {
			r.receive(conn)
		}
	}()
	return r, nil
}

func writeTCP(_, addr string) (Writer, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return newStreamWriter(conn, conn.Close), nil
}
