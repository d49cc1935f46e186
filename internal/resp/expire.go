package resp

import (
	"errors"
	"math"
	"strings"
	"time"

	"github.com/geolru/geolru"
)

// lifetime is what a time in a command asks for. The zero value asks for the cache's longest.
type lifetime struct {
	ttl  time.Duration // from now
	over bool          // it has passed already
}

// life reads the time of a command that writes a value, where one of 0 or less makes no sense. False: it has answered.
func (c *client) life(text []byte, unit time.Duration, absolute bool) (lifetime, bool) {
	n, ok := parseInt(text)
	switch {
	case !ok:
		c.out.error(errInteger)
		return lifetime{}, false
	case n <= 0:
		c.badExpire()
		return lifetime{}, false
	}
	return c.span(n, unit, absolute)
}

// span turns n units, from now or from 1970, into what is left of them. False: it has answered why that cannot be.
func (c *client) span(n int64, unit time.Duration, absolute bool) (lifetime, bool) {
	ms := n
	if unit == time.Second {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			c.badExpire()
			return lifetime{}, false
		}
		ms = n * 1000
	}
	if absolute && ms > 0 {
		ms -= time.Now().UnixMilli()
	}
	switch {
	case ms <= 0:
		return lifetime{over: true}, true
	case ms > c.TTL.Milliseconds():
		c.tooLong()
		return lifetime{}, false
	}
	return lifetime{ttl: time.Duration(ms) * time.Millisecond}, true
}

// expire answers EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT.
func expire(c *client, args [][]byte) {
	rule, problem := parseRule(args[3:])
	if problem != "" {
		c.out.error(problem)
		return
	}
	n, ok := parseInt(args[2])
	if !ok {
		c.out.error(errInteger)
		return
	}
	life, ok := c.span(n, unitOf(c.cmd.name), strings.HasSuffix(c.cmd.name, "at"))
	if !ok {
		return
	}
	key := string(args[1])
	changed := false
	here, err := c.held(key)
	if err == nil && here && rule.allows(c.deadline(key), time.Now().Add(life.ttl)) {
		changed, err = c.retime(key, life)
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.out.flag(changed)
}

// retime gives a held key another life. A shorter one is a new version, for all to see that the old one is no more;
// a longer one is a touch of the version that is there.
func (c *client) retime(key string, life lifetime) (bool, error) {
	at, ok := c.Cache.Deadline(key)
	switch {
	case !ok:
		return false, nil
	case life.over:
		return true, c.Cache.Delete(key)
	case !time.Now().Add(life.ttl).Before(at):
		err := c.Cache.Touch(key, life.ttl)
		if errors.Is(err, geolru.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	return c.shorten(key, life.ttl)
}

func (c *client) shorten(key string, ttl time.Duration) (bool, error) {
	had := false
	_, err := c.Cache.Update(key, ttl, func(old []byte, ok bool) ([]byte, geolru.Op) {
		if had = ok; ok {
			return old, geolru.OpWrite
		}
		return nil, geolru.OpKeep
	})
	if errors.Is(err, geolru.ErrNotFound) {
		err = nil
	}
	return had && err == nil, err
}

// ttl answers TTL, PTTL, EXPIRETIME and PEXPIRETIME: -2 if there is no such key, and never -1, for all expire.
func ttl(c *client, args [][]byte) {
	key := string(args[1])
	if _, err := c.held(key); err != nil {
		c.fail(err)
		return
	}
	at := c.deadline(key)
	if at.IsZero() {
		c.out.int(-2)
		return
	}
	ms := at.UnixMilli()
	if strings.HasSuffix(c.cmd.name, "ttl") {
		ms = max(0, ms-time.Now().UnixMilli())
	}
	if unitOf(c.cmd.name) == time.Second {
		ms = (ms + 500) / 1000 // to the nearest, as Redis does
	}
	c.out.int(ms)
}

// deadline of a held key, else the zero time.
func (c *client) deadline(key string) time.Time {
	at, _ := c.Cache.Deadline(key)
	return at
}

// unitOf tells the unit by the name: those that begin with p count milliseconds.
func unitOf(name string) time.Duration {
	if name[0] == 'p' {
		return time.Millisecond
	}
	return time.Second
}
