package resp

import (
	"errors"
	"time"

	"github.com/geolru/geolru"
)

// held makes sure that a key which a peer has is here too, so that a command that depends on a key sees what GET would
// see. A key that is here costs nothing, and does not count as used.
func (c *client) held(key string) (bool, error) {
	if _, ok := c.Cache.Deadline(key); ok {
		return true, nil
	}
	_, ok, err := c.fetch(key)
	return ok, err
}

// fetch reads a key, from a peer if need be.
func (c *client) fetch(key string) (value []byte, ok bool, err error) {
	value, err = c.Cache.Get(c.ctx, key)
	if errors.Is(err, geolru.ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}

func get(c *client, args [][]byte) {
	value, ok, err := c.fetch(string(args[1]))
	if err != nil {
		c.fail(err)
		return
	}
	c.out.bulkOrNull(value, ok)
}

func mget(c *client, args [][]byte) {
	keys := texts(args[1:])
	found, err := c.Cache.GetMany(c.ctx, keys)
	if err != nil && !errors.Is(err, geolru.ErrNotFound) {
		c.fail(err)
		return
	}
	c.out.array(len(keys))
	for _, key := range keys {
		value, ok := found[key]
		c.out.bulkOrNull(value, ok)
	}
}

func mset(c *client, args [][]byte) {
	if len(args)%2 == 0 {
		c.out.error("ERR wrong number of arguments for 'mset' command")
		return
	}
	for i := 1; i < len(args); i += 2 {
		if err := c.Cache.Set(string(args[i]), args[i+1]); err != nil {
			c.fail(err)
			return
		}
	}
	c.out.ok()
}

// setex answers SETEX and PSETEX.
func setex(c *client, args [][]byte) {
	unit := time.Second
	if c.cmd.name == "psetex" {
		unit = time.Millisecond
	}
	life, ok := c.life(args[2], unit, false)
	if !ok {
		return
	}
	c.done(c.Cache.SetTTL(string(args[1]), args[3], life.ttl))
}

func getdel(c *client, args [][]byte) {
	key := string(args[1])
	if _, err := c.held(key); err != nil {
		c.fail(err)
		return
	}
	var value []byte
	var had bool
	_, err := c.Cache.Update(key, geolru.KeepTTL, func(old []byte, ok bool) ([]byte, geolru.Op) {
		value, had = old, ok
		if !ok {
			return nil, geolru.OpKeep
		}
		return nil, geolru.OpRemove
	})
	if err != nil && !errors.Is(err, geolru.ErrNotFound) {
		c.fail(err)
		return
	}
	c.out.bulkOrNull(value, had)
}

// getex is GET, and EXPIRE of what it got.
func getex(c *client, args [][]byte) {
	var o options
	if !o.parse(args[2:], "ex px exat pxat persist") {
		c.out.error(errSyntax)
		return
	}
	key := string(args[1])
	value, ok, err := c.fetch(key)
	if err == nil && ok && o.time != nil {
		life, good := c.life(o.time, o.unit, o.absolute)
		if !good {
			return
		}
		_, err = c.retime(key, life)
	}
	switch {
	case err != nil:
		c.fail(err)
	case o.persist:
		c.out.error("ERR GETEX PERSIST is not supported: " + unsupported["persist"])
	default:
		c.out.bulkOrNull(value, ok)
	}
}

func texts(args [][]byte) []string {
	all := make([]string, len(args))
	for i, a := range args {
		all[i] = string(a)
	}
	return all
}
