package geolru

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/geolru/geolru/internal/replica"
)

// metric is one figure read from a T.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(T) float64
}

func counter[T any](name, help string, value func(T) uint64, labels ...string) metric[T] {
	desc := prometheus.NewDesc("geolru_"+name+"_total", help, labels, nil)
	return metric[T]{desc, prometheus.CounterValue, func(t T) float64 { return float64(value(t)) }}
}

func gauge[T any](name, help string, value func(T) float64, labels ...string) metric[T] {
	return metric[T]{prometheus.NewDesc("geolru_"+name, help, labels, nil), prometheus.GaugeValue, value}
}

func (m metric[T]) collect(t T, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(m.desc, m.kind, m.value(t), labels...)
}

// figures is what the metrics of a cache are read from.
type figures struct {
	Stats
	undecodable uint64
	waiting     int
}

var cacheMetrics = []metric[figures]{
	counter("hits", "Reads of a key that was here.", func(f figures) uint64 { return f.Hits }, "cache"),
	counter("misses", "Reads of a key that was not here.", func(f figures) uint64 { return f.Misses }, "cache"),
	counter("peer_hits", "Values that peers lent for misses.", func(f figures) uint64 { return f.PeerHits }, "cache"),
	counter("loads", "Calls of the loader.", func(f figures) uint64 { return f.Loads }, "cache"),
	counter("load_errors", "Loads that failed.", func(f figures) uint64 { return f.LoadErrors }, "cache"),
	counter("sets", "Values written here.", func(f figures) uint64 { return f.Sets }, "cache"),
	counter("deletes", "Keys deleted here.", func(f figures) uint64 { return f.Deletes }, "cache"),
	counter("evictions", "Values that went for room.", func(f figures) uint64 { return f.Evictions }, "cache"),
	counter("expirations", "Values that went at their deadline.", func(f figures) uint64 { return f.Expirations }, "cache"),
	counter("conflicts", "Records of one version with different bytes.", func(f figures) uint64 { return f.Conflicts }, "cache"),
	counter("refused", "Records of peers from the future.", func(f figures) uint64 { return f.Refused }, "cache"),
	counter("dropped", "Records of peers without a proper shape, or that live longer than is allowed here.", func(f figures) uint64 { return f.Dropped }, "cache"),
	counter("audit_mismatches", "Keys held in a version lower than one that was seen: a bug.", func(f figures) uint64 { return f.AuditMismatches }, "cache"),
	counter("undecodable", "Values that this program's codec refused, or on which Options.Weigh panicked.", func(f figures) uint64 { return f.undecodable }, "cache"),
	gauge("entries", "Values held.", func(f figures) float64 { return float64(f.Entries) }, "cache"),
	gauge("weight", "Weight of the values held.", func(f figures) float64 { return float64(f.Weight) }, "cache"),
	gauge("ghosts", "Versions known without their value.", func(f figures) float64 { return float64(f.Ghosts) }, "cache"),
	gauge("tombstones", "Deletions remembered.", func(f figures) float64 { return float64(f.Tombstones) }, "cache"),
	gauge("outbox", "Writes made here that wait to be sent.", func(f figures) float64 { return float64(f.waiting) }, "cache"),
	gauge("bootstrap_ratio", "How much of what peers have has come, 0 to 1.", func(f figures) float64 { return f.Bootstrap }, "cache"),
}

var nodeMetrics = []metric[replica.Counters]{
	counter("batches_received", "Gossip batches that came in.", func(c replica.Counters) uint64 { return c.Batches }),
	counter("records_received", "Records that came in by gossip.", func(c replica.Counters) uint64 { return c.Records }),
	counter("batches_published", "Gossip batches that went out.", func(c replica.Counters) uint64 { return c.Published }),
	counter("batches_congested", "Gossip batches that had to wait.", func(c replica.Counters) uint64 { return c.Congested }),
	counter("frames_malformed", "Frames refused for their shape.", func(c replica.Counters) uint64 { return c.Malformed }),
	counter("records_future", "Records refused for their time.", func(c replica.Counters) uint64 { return c.Future }),
	counter("frames_unknown", "Frames of a type that this version does not know.", func(c replica.Counters) uint64 { return c.Unknown }),
	counter("syncs", "Syncs begun here.", func(c replica.Counters) uint64 { return c.Pulls }),
	counter("syncs_settled", "Syncs begun here that ask for what is settled alone.", func(c replica.Counters) uint64 { return c.Settled }),
	counter("syncs_whole", "Syncs that brought everything.", func(c replica.Counters) uint64 { return c.Whole }),
	counter("syncs_lossy", "Syncs in which records had to be forgotten.", func(c replica.Counters) uint64 { return c.Lossy }),
	counter("syncs_busy", "Syncs that a busy peer put off.", func(c replica.Counters) uint64 { return c.Busy }),
	counter("records_synced", "Records that came by sync.", func(c replica.Counters) uint64 { return c.Moved }),
	counter("fetches", "Requests to peers for missing keys.", func(c replica.Counters) uint64 { return c.Fetches }),
	counter("transfers", "Large values that came in parts.", func(c replica.Counters) uint64 { return c.Transfers }),
	counter("transfers_resumed", "Times that another peer went on with one in the middle.", func(c replica.Counters) uint64 { return c.Resumed }),
	counter("gossip_lost", "Gossip batches that full queues dropped, here or on the way to a peer.", func(c replica.Counters) uint64 { return c.Lost }),
	counter("gossip_checks", "Comparisons with a peer because gossip was dropped.", func(c replica.Counters) uint64 { return c.Doubts }),
	counter("gossip_wide_windows", "Waits of 20 ms before a batch because gossip is congested or dropped.", func(c replica.Counters) uint64 { return c.Wide }),
	counter("hedges", "Requests to a peer beside one to another that took long.", func(c replica.Counters) uint64 { return c.Hedges }),
}

var peerMetric = gauge("peers", "Members that are connected.", func(n int) float64 { return float64(n) })

// collector reads all figures of a node when it is asked; nothing is kept between.
type collector struct{ node *Node }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range cacheMetrics {
		ch <- m.desc
	}
	for _, m := range nodeMetrics {
		ch <- m.desc
	}
	for _, m := range diskMetrics {
		ch <- m.desc
	}
	ch <- peerMetric.desc
	for _, below := range c.node.host.Collectors() {
		below.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	for _, cache := range c.node.open() {
		f := figures{cache.Stats(), cache.undecodable(), cache.waiting()}
		for _, m := range cacheMetrics {
			ch <- m.collect(f, cache.label())
		}
	}
	counted := c.node.engine.Counters()
	for _, m := range nodeMetrics {
		ch <- m.collect(counted)
	}
	if disk := c.node.disk; disk != nil {
		for _, m := range diskMetrics {
			ch <- m.collect(disk)
		}
	}
	connected := 0
	for _, p := range c.node.engine.Peers() {
		if p.Connected {
			connected++
		}
	}
	ch <- peerMetric.collect(connected)
	for _, below := range c.node.host.Collectors() {
		below.Collect(ch)
	}
}
