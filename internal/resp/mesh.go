package resp

import (
	"context"
	"time"

	"github.com/geolru/geolru"
)

// explainTime bounds a GEOLRU EXPLAIN: nodes that have not answered by then are told as unknown.
const explainTime = 5 * time.Second

// geoPeers answers a map for each peer; times are in microseconds.
func geoPeers(c *client, _ [][]byte) {
	var peers []geolru.Peer
	if c.Node != nil {
		peers = c.Node.Peers()
	}
	c.out.array(len(peers))
	for _, p := range peers {
		c.out.fields(7)
		c.pair("id", p.ID)
		c.pair("region", p.Region)
		c.number("connected", boolInt(p.Connected))
		c.number("rtt_us", p.RTT.Microseconds())
		c.number("lag_us", p.Lag.Microseconds())
		c.pair("note", p.Note)
		c.out.text("addrs")
		c.list(p.Addrs)
	}
}

func geoAddrs(c *client, _ [][]byte) {
	var addrs []string
	if c.Node != nil {
		addrs = c.Node.Addrs()
	}
	c.list(addrs)
}

// geoExplain answers a map for each node; times are Unix milliseconds, 0 if there is none.
func geoExplain(c *client, args [][]byte) {
	ctx, cancel := context.WithTimeout(c.ctx, explainTime)
	defer cancel()
	holdings, err := c.Cache.Explain(ctx, string(args[2]))
	if err != nil {
		c.fail(err)
		return
	}
	c.out.array(len(holdings))
	for _, h := range holdings {
		c.out.fields(7)
		c.pair("node", h.Node)
		c.pair("region", h.Region)
		c.pair("state", h.State)
		c.pair("writer", h.Writer)
		c.number("written_ms", millis(h.Written))
		c.number("deadline_ms", millis(h.Deadline))
		c.pair("error", message(h.Err))
	}
}

// geoStats answers a map of counts since the start and of what is held now.
func geoStats(c *client, _ [][]byte) {
	s := c.Cache.Stats()
	counts := []struct {
		name string
		n    uint64
	}{
		{"hits", s.Hits}, {"misses", s.Misses}, {"peer_hits", s.PeerHits}, {"loads", s.Loads},
		{"load_errors", s.LoadErrors}, {"sets", s.Sets}, {"deletes", s.Deletes}, {"evictions", s.Evictions},
		{"expirations", s.Expirations}, {"conflicts", s.Conflicts}, {"refused", s.Refused}, {"dropped", s.Dropped},
		{"audit_mismatches", s.AuditMismatches}, {"entries", uint64(s.Entries)}, {"weight", uint64(s.Weight)},
		{"ghosts", uint64(s.Ghosts)}, {"tombstones", uint64(s.Tombstones)},
	}
	c.out.fields(len(counts) + 1)
	for _, f := range counts {
		c.number(f.name, int64(f.n))
	}
	c.out.text("bootstrap")
	c.out.float(s.Bootstrap)
}

func (c *client) pair(name, text string) {
	c.out.text(name)
	c.out.text(text)
}

func (c *client) number(name string, n int64) {
	c.out.text(name)
	c.out.int(n)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func boolInt(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
