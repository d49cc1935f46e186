package resp

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// infoSections in the order in which INFO shows them. Names are Redis's where Redis has such a number.
var infoSections = []struct {
	name string
	text func(c *client) string
}{
	{"Server", func(c *client) string {
		up := int(time.Since(c.started).Seconds())
		return fmt.Sprintf("redis_version:%s\r\nserver_name:geolru\r\nredis_mode:standalone\r\nos:%s\r\narch_bits:%d\r\n"+
			"process_id:%d\r\nuptime_in_seconds:%d\r\n", redisVersion, runtime.GOOS, 32<<(^uint(0)>>63), os.Getpid(), up)
	}},
	{"Clients", func(c *client) string {
		return fmt.Sprintf("connected_clients:%d\r\nmaxclients:%d\r\n", c.connected(), maxClients)
	}},
	{"Stats", func(c *client) string {
		s := c.Cache.Stats()
		return fmt.Sprintf("total_connections_received:%d\r\ntotal_commands_processed:%d\r\nkeyspace_hits:%d\r\n"+
			"keyspace_misses:%d\r\nexpired_keys:%d\r\nevicted_keys:%d\r\n",
			c.nextID.Load(), c.served.Load(), s.Hits, s.Misses, s.Expirations, s.Evictions)
	}},
	{"Replication", func(c *client) string {
		return fmt.Sprintf("role:master\r\nconnected_peers:%d\r\n", c.connectedPeers())
	}},
	{"Keyspace", func(c *client) string {
		n := c.Cache.Len()
		if n == 0 {
			return ""
		}
		return fmt.Sprintf("db0:keys=%d,expires=%d,avg_ttl=0\r\n", n, n)
	}},
}

func info(c *client, args [][]byte) {
	var parts []string
	for _, s := range infoSections {
		if wanted(s.name, texts(args[1:])) {
			parts = append(parts, "# "+s.name+"\r\n"+s.text(c))
		}
	}
	c.out.verbatim(strings.Join(parts, "\r\n"))
}

// wanted: no words ask for all, and so do three of Redis's.
func wanted(section string, words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(words, func(w string) bool {
		return strings.EqualFold(w, section) || slices.Contains([]string{"all", "default", "everything"}, strings.ToLower(w))
	})
}

func (c *client) connectedPeers() int {
	if c.Node == nil {
		return 0
	}
	n := 0
	for _, p := range c.Node.Peers() {
		if p.Connected {
			n++
		}
	}
	return n
}
