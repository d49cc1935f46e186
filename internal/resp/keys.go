package resp

import (
	"math"
	"strconv"
	"strings"
)

func del(c *client, args [][]byte) {
	n := 0
	for _, key := range texts(args[1:]) {
		if _, ok := c.Cache.Deadline(key); ok {
			n++
		}
		if err := c.Cache.Delete(key); err != nil { // also of a key that only others hold
			c.fail(err)
			return
		}
	}
	c.out.int(int64(n))
}

func exists(c *client, args [][]byte) {
	n := 0
	for _, key := range texts(args[1:]) {
		ok, err := c.held(key)
		if err != nil {
			c.fail(err)
			return
		}
		if ok {
			n++
		}
	}
	c.out.int(int64(n))
}

// kind answers TYPE.
func kind(c *client, args [][]byte) {
	switch ok, err := c.held(string(args[1])); {
	case err != nil:
		c.fail(err)
	case ok:
		c.out.status("string")
	default:
		c.out.status("none")
	}
}

func dbsize(c *client, _ [][]byte) { c.out.int(int64(c.Cache.Len())) }

// keys gathers first, for the number of keys stands before them.
func keys(c *client, args [][]byte) {
	pattern := string(args[1])
	var found []string
	for key := range c.Cache.All() {
		if glob(pattern, key) {
			found = append(found, key)
		}
	}
	c.list(found)
}

// scanned are the options of SCAN.
type scanned struct {
	pattern string
	count   int
	none    bool // another TYPE than string
}

func scan(c *client, args [][]byte) {
	cursor, err := strconv.ParseUint(string(args[1]), 10, 64)
	if err != nil {
		c.out.error("ERR invalid cursor")
		return
	}
	o, problem := parseScan(args[2:])
	if problem != "" {
		c.out.error(problem)
		return
	}
	all, next := c.Cache.Scan(cursor, o.count)
	found := all[:0]
	for _, key := range all {
		if !o.none && glob(o.pattern, key) {
			found = append(found, key)
		}
	}
	c.out.array(2)
	c.out.text(strconv.FormatUint(next, 10))
	c.list(found)
}

func parseScan(words [][]byte) (o scanned, problem string) {
	o = scanned{pattern: "*", count: 10}
	for ; len(words) >= 2; words = words[2:] {
		switch strings.ToLower(string(words[0])) {
		case "match":
			o.pattern = string(words[1])
		case "type":
			o.none = !strings.EqualFold(string(words[1]), "string")
		case "count":
			n, ok := parseInt(words[1])
			if !ok {
				return o, errInteger
			}
			if n < 1 {
				return o, errSyntax
			}
			o.count = int(min(n, math.MaxInt32))
		default:
			return o, errSyntax
		}
	}
	if len(words) > 0 {
		return o, errSyntax
	}
	return o, ""
}

// flush answers FLUSHDB and FLUSHALL, which are the same here, and the same with ASYNC and SYNC.
func flush(c *client, args [][]byte) {
	mode := "sync"
	if len(args) > 1 {
		mode = strings.ToLower(string(args[1]))
	}
	if len(args) > 2 || mode != "sync" && mode != "async" {
		c.out.error(errSyntax)
		return
	}
	c.done(c.Cache.Clear())
}

func (c *client) list(all []string) {
	c.out.array(len(all))
	for _, s := range all {
		c.out.text(s)
	}
}
