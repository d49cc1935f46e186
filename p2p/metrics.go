package p2p

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// counters are this host's metrics. They are registered nowhere: Collectors hands them out.
type counters struct {
	frames   *prometheus.CounterVec // lane, direction
	bytes    *prometheus.CounterVec // lane, direction
	gossip   *prometheus.CounterVec // cause
	refusals *prometheus.CounterVec // reason
	dials    *prometheus.CounterVec // result
	strikes  *prometheus.CounterVec // lane
	bans     prometheus.Counter
	again    prometheus.Counter
}

func newCounters() *counters {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "geolru", Subsystem: "p2p", Name: name, Help: help}, labels)
	}
	return &counters{
		frames:   vec("frames_total", "Frames and gossip batches, by lane and direction.", "lane", "direction"),
		bytes:    vec("frame_bytes_total", "Bytes of frames and gossip batches, by lane and direction.", "lane", "direction"),
		gossip:   vec("gossip_dropped_total", "Gossip messages dropped or refused, by cause.", "cause"),
		refusals: vec("refused_total", "Connections not admitted, by reason.", "reason"),
		dials:    vec("dials_total", "Dials, by result.", "result"),
		strikes:  vec("strikes_total", "Malformed frames, by lane.", "lane"),
		again: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "geolru", Subsystem: "p2p", Name: "gossip_duplicates_total", Help: "Gossip batches that had come before.",
		}),
		bans: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "geolru", Subsystem: "p2p", Name: "bans_total", Help: "Peers banned for malformed frames.",
		}),
	}
}

func (c *counters) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.frames, c.bytes, c.gossip, c.refusals, c.dials, c.strikes, c.bans, c.again}
}

func (c *counters) frame(lane, direction string, n int) {
	c.frames.WithLabelValues(lane, direction).Inc()
	c.bytes.WithLabelValues(lane, direction).Add(float64(n))
}

func (c *counters) refused(why reason) { c.refusals.WithLabelValues(why.String()).Inc() }

func (c *counters) dialled(err error) {
	result := "admitted"
	if errors.Is(err, errSelf) {
		result = "self"
	} else if err != nil {
		result = "failed"
	}
	c.dials.WithLabelValues(result).Inc()
}
