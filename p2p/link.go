package p2p

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// link is the way to one connected member: a queue and a stream per lane. It lives from the member's first connection to
// the end of its last; what waits then is dropped, for the engine hears that the peer went.
type link struct {
	h    *Host
	peer peer.ID
	ctx  context.Context // done: cut
	cut  context.CancelFunc

	mu      sync.Mutex
	outs    map[uint8]*outbox // by lane, made at the first frame; guarded by mu
	closing bool              // no new frames; guarded by mu
	writers sync.WaitGroup
}

func (h *Host) newLink(p peer.ID) *link {
	l := &link{h: h, peer: p, outs: map[uint8]*outbox{}}
	l.ctx, l.cut = context.WithCancel(h.ctx)
	return l
}

// outbox holds the frames that wait on one lane. Safe for concurrent use.
type outbox struct {
	wake chan struct{}

	mu     sync.Mutex
	frames [][]byte
	bytes  int // of frames, and of those taken and not yet written
	last   bool
}

// send queues a frame and returns false when it does not fit.
func (l *link) send(number uint8, frame []byte) bool {
	o := l.outbox(number)
	return o != nil && o.push(frame, lanes[number].queue)
}

func (l *link) outbox(number uint8) *outbox {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing || l.ctx.Err() != nil {
		return nil
	}
	o := l.outs[number]
	if o == nil {
		o = &outbox{wake: make(chan struct{}, 1)}
		l.outs[number] = o
		l.writers.Add(1)
		l.h.background(func() {
			defer l.writers.Done()
			l.write(number, o)
		})
	}
	return o
}

func (o *outbox) push(frame []byte, limit int) bool {
	o.mu.Lock()
	fits := !o.last && (o.bytes == 0 || o.bytes+len(frame) <= limit)
	if fits {
		o.frames = append(o.frames, frame)
		o.bytes += len(frame)
	}
	o.mu.Unlock()
	if fits {
		nudge(o.wake)
	}
	return fits
}

// take waits for frames and returns them all. None and false say that there will be no more.
func (o *outbox) take(ctx context.Context) ([][]byte, bool) {
	for {
		o.mu.Lock()
		frames, last := o.frames, o.last
		o.frames = nil
		o.mu.Unlock()
		if len(frames) > 0 || last {
			return frames, len(frames) > 0
		}
		select {
		case <-o.wake:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// wrote gives the room of one frame back.
func (o *outbox) wrote(n int) {
	o.mu.Lock()
	o.bytes -= n
	o.mu.Unlock()
}

func (o *outbox) empty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.frames) == 0
}

// finish lets the writer end when it has written all.
func (o *outbox) finish() {
	o.mu.Lock()
	o.last = true
	o.mu.Unlock()
	nudge(o.wake)
}

// write is the life of one lane's stream. When it fails, frames are lost that Send took: the peer is disconnected, so that
// the engine learns of it.
func (l *link) write(number uint8, o *outbox) {
	if err := l.stream(number, o); err != nil && l.ctx.Err() == nil {
		l.h.journal.Warn("stream "+string(l.peer), "stream failed", "peer", l.peer.String(), "lane", lanes[number].name, "error", err.Error())
		l.h.disconnect(l.peer)
	}
}

func (l *link) stream(number uint8, o *outbox) error {
	conns := l.h.roster.connsTo(l.peer)
	if len(conns) == 0 {
		return errGone
	}
	s, err := openStream(l.ctx, conns[0].conn, lanes[number].protocol())
	if err != nil {
		return err
	}
	// A write that waits for a peer that does not read ends with the link.
	defer context.AfterFunc(l.ctx, func() { s.Reset() })()
	if err := l.pump(number, o, s); err != nil || l.ctx.Err() != nil {
		s.Reset()
		return err
	}
	return leaveRead(s)
}

// pump writes what comes, and flushes when nothing more waits: a burst costs few packets, a single frame no delay.
func (l *link) pump(number uint8, o *outbox, s *stream) error {
	out := bufio.NewWriterSize(s, laneBuffer)
	for {
		frames, ok := o.take(l.ctx)
		if !ok {
			return nil
		}
		for _, f := range frames {
			s.SetWriteDeadline(time.Now().Add(l.h.cfg.times.write))
			if err := writeFrame(out, f); err != nil {
				return err
			}
			o.wrote(len(f))
			l.h.count.frame(lanes[number].name, "out", len(f))
		}
		if !o.empty() {
			continue
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

func writeFrame(out *bufio.Writer, f []byte) error {
	var length [binary.MaxVarintLen64]byte
	if _, err := out.Write(length[:binary.PutUvarint(length[:], uint64(len(f)))]); err != nil {
		return err
	}
	_, err := out.Write(f)
	return err
}

// leaveRead ends a stream and waits until the peer has read all of it: closing the connection before would drop the rest.
func leaveRead(s *stream) error {
	if err := s.CloseWrite(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, s)
	return err
}

// drain sends what waits and returns when the peer has read it or the link is cut.
func (l *link) drain() {
	l.mu.Lock()
	l.closing = true
	for _, o := range l.outs {
		o.finish()
	}
	l.mu.Unlock()
	l.writers.Wait()
}
