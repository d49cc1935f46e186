package resp

import (
	"errors"

	"github.com/geolru/geolru"
)

// Redis's texts that several commands use.
const (
	errSyntax  = "ERR syntax error"
	errInteger = "ERR value is not an integer or out of range"
)

// fail answers an error of the cache.
func (c *client) fail(err error) {
	switch {
	case errors.Is(err, geolru.ErrTooLarge):
		c.out.error("ERR " + err.Error() + " (a key has 1 to 1024 bytes, a value at most 8388608)")
	case errors.Is(err, geolru.ErrTTL):
		c.badExpire()
	default:
		c.out.error("ERR " + err.Error())
	}
}

// done answers OK, or the error.
func (c *client) done(err error) {
	if err != nil {
		c.fail(err)
		return
	}
	c.out.ok()
}

// badExpire is Redis's text for a time that makes no sense.
func (c *client) badExpire() {
	c.out.error("ERR invalid expire time in '" + c.cmd.name + "' command")
}

// tooLong is what Redis has no text for: a life beyond the cache's bound.
func (c *client) tooLong() {
	c.out.error("ERR invalid expire time in '" + c.cmd.name + "' command: this cache keeps nothing longer than " + c.TTL.String())
}
