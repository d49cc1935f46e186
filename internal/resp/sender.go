package resp

import (
	"net"
	"time"
)

const (
	stall = 30 * time.Second // how long a client may take to read the next piece
	piece = 64 << 10         // of what is sent: a slow line is no fault as long as it moves
)

// sender writes to a connection, and gives up on a client that does not read. The zero value does not work.
type sender struct{ conn net.Conn }

func (s sender) Write(p []byte) (sent int, err error) {
	for err == nil && sent < len(p) {
		var n int
		s.conn.SetWriteDeadline(time.Now().Add(stall))
		n, err = s.conn.Write(p[sent:min(sent+piece, len(p))])
		sent += n
	}
	return sent, err
}
