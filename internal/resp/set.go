package resp

import (
	"errors"

	"github.com/geolru/geolru"
)

// set answers SET. A plain one asks nobody; one with conditions first looks where GET would look.
func set(c *client, args [][]byte) {
	var o options
	if !o.parse(args[3:], "nx xx get keepttl ex px exat pxat") {
		c.out.error(errSyntax)
		return
	}
	life := lifetime{} // the cache's
	if o.time != nil {
		var ok bool
		if life, ok = c.life(o.time, o.unit, o.absolute); !ok {
			return
		}
	}
	key, value := string(args[1]), args[2]
	switch {
	case !o.plain():
		c.setIf(key, value, o, life)
	case life.over:
		c.done(c.Cache.Delete(key))
	case life.ttl == 0:
		c.done(c.Cache.Set(key, value))
	default:
		c.done(c.Cache.SetTTL(key, value, life.ttl))
	}
}

// setIf sets if NX or XX allow it, atomically on this node.
func (c *client) setIf(key string, value []byte, o options, life lifetime) {
	if _, err := c.held(key); err != nil {
		c.fail(err)
		return
	}
	ttl := life.ttl
	if o.keep {
		ttl = geolru.KeepTTL
	}
	var old []byte
	var had, wrote bool
	_, err := c.Cache.Update(key, ttl, func(was []byte, ok bool) ([]byte, geolru.Op) {
		old, had = was, ok
		wrote = !(o.nx && ok) && !(o.xx && !ok)
		return value, operation(wrote, life.over)
	})
	switch {
	case err != nil && !errors.Is(err, geolru.ErrNotFound):
		c.fail(err)
	case o.get:
		c.out.bulkOrNull(old, had)
	case wrote:
		c.out.ok()
	default:
		c.out.null()
	}
}

// operation of a write that is allowed or not, and whose life may be over before it began.
func operation(write, over bool) geolru.Op {
	switch {
	case !write:
		return geolru.OpKeep
	case over:
		return geolru.OpRemove
	}
	return geolru.OpWrite
}
