package p2p

import (
	"bufio"
	"errors"
	"io"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// lanePeers carries the peer exchange. It is this package's own: Send and Serve know nothing of it.
const lanePeers uint8 = 0xff

// lane is what distinguishes one lane from another.
type lane struct {
	name  string
	frame int // bytes of the longest frame
	queue int // bytes that may wait for one peer; a single frame may be longer
	least int // bytes that a frame counts as, at least, against the allowance of its sender
}

// lanes: a frame of probe holds 1,024 caches with names of 255 bytes (300 KiB), one of fetch many records (256 KiB), one of
// sync as many or one value (8 MiB), one of part a part (128 KiB), each with what goes round it. Where values go many frames
// may wait, for one answer is several. What is seldom sent and costs its receiver much counts as long.
var lanes = map[uint8]lane{
	geo.LaneProbe:   {"probe", 512 << 10, 4 << 20, 128 << 10},
	geo.LaneFetch:   {"fetch", 512 << 10, 32 << 20, 0},
	geo.LaneSync:    {"sync", 8<<20 + 512<<10, 32 << 20, 64 << 10},
	geo.LaneAck:     {"ack", 64 << 10, 4 << 20, 0},
	geo.LaneExplain: {"explain", 64 << 10, 4 << 20, 0},
	geo.LanePart:    {"part", 512 << 10, 32 << 20, 128 << 10},
	lanePeers:       {"peers", maxExchange, 4 << 20, 128 << 10},
}

// counts is the bytes that a frame of n bytes counts as.
func (l lane) counts(n int) int { return max(n, l.least) }

func (l lane) protocol() protocol.ID { return protocol.ID("/" + protocolName + "/lane/" + l.name) }

// laneBuffer is what one read or write of a stream may carry.
const laneBuffer = 64 << 10

// receive serves the inbound streams of a lane, of each member one at a time.
func (h *Host) receive(number uint8) network.StreamHandler {
	return func(s network.Stream) {
		b := h.inlets.enter(h.ctx, source{s.Conn().RemotePeer(), number}, s)
		if b != nil {
			h.read(b)
			h.inlets.leave(b)
		}
	}
}

// read hands the frames of one stream over until it ends or is ousted. The handler of frames runs here: while it works, and
// while the peer is over its allowance, nothing more is read, so that the peer's queue fills and not this host's memory.
func (h *Host) read(s *inbound) {
	from, l := s.from.peer, lanes[s.from.lane]
	name := geo.ID(from.String()) // made once: it costs more than a frame
	in := bufio.NewReaderSize(s, laneBuffer)
	for {
		b, err := h.next(s, in, l.frame)
		if err != nil {
			h.ended(s, l, err)
			return
		}
		h.count.frame(l.name, "in", len(b))
		if !h.pace(from, l.counts(len(b))) || s.ousted() {
			return
		}
		if !h.deliver(from, name, s.from.lane, b) {
			h.strike(from, l.name)
		}
	}
}

// next reads one frame. Between frames a stream may rest for ever; a frame begun must be complete in time.
func (h *Host) next(s network.Stream, in *bufio.Reader, limit int) ([]byte, error) {
	if in.Buffered() == 0 {
		s.SetReadDeadline(time.Time{})
		if _, err := in.Peek(1); err != nil {
			return nil, err
		}
		s.SetReadDeadline(time.Now().Add(h.cfg.times.frame))
	}
	return readFrame(in, limit)
}

func (h *Host) ended(s network.Stream, l lane, err error) {
	if err == io.EOF {
		s.Close()
		return
	}
	s.Reset()
	if errors.Is(err, errMalformed) {
		h.strike(s.Conn().RemotePeer(), l.name)
	}
}

// deliver hands a frame over and returns whether it was well formed. After Close it hands over nothing.
func (h *Host) deliver(from peer.ID, name geo.ID, number uint8, b []byte) bool {
	if number == lanePeers {
		return h.learn(from, b)
	}
	return h.hand(name, number, "", b)
}

// hand calls the engine. The lock is held while it works, so that Close can wait for it.
func (h *Host) hand(from geo.ID, number uint8, cache string, b []byte) bool {
	h.handing.RLock()
	defer h.handing.RUnlock()
	if h.closed {
		return true
	}
	return h.frame(from, number, cache, b)
}
