package p2p

import (
	"context"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	msmux "github.com/multiformats/go-multistream"
)

// stream is an outbound stream whose protocol is negotiated with its first bytes, not before them: members of one protocol
// version need not ask each other what they speak. libp2p's own NewStream also waits for identify, and picks any connection,
// an unadmitted one too.
type stream struct {
	network.Stream
	lazy io.ReadWriteCloser
}

// openStream opens a stream of protocol p on this very connection.
func openStream(ctx context.Context, c network.Conn, p protocol.ID) (*stream, error) {
	s, err := c.NewStream(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.SetProtocol(p); err != nil {
		s.Reset()
		return nil, err
	}
	return &stream{s, msmux.NewMSSelect(s, p)}, nil
}

func (s *stream) Read(b []byte) (int, error)  { return s.lazy.Read(b) }
func (s *stream) Write(b []byte) (int, error) { return s.lazy.Write(b) }

// closePatience bounds how long Close waits for the other side's half of the negotiation.
const closePatience = time.Second

func (s *stream) Close() error {
	s.Stream.SetReadDeadline(time.Now().Add(closePatience))
	return s.lazy.Close()
}

// CloseWrite sends the negotiation first, in case nothing was written.
func (s *stream) CloseWrite() error {
	if f, ok := s.lazy.(interface{ Flush() error }); ok {
		f.Flush()
	}
	return s.Stream.CloseWrite()
}
