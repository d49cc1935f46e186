package resp

import (
	"context"
	"errors"
	"math"
	"os"
	"time"
)

// wait answers WAIT: how many other nodes have all that was written here before. The timeout is in milliseconds;
// 0 waits for as long as the client does.
func wait(c *client, args [][]byte) {
	n, ok := parseInt(args[1])
	if !ok {
		c.out.error(errInteger)
		return
	}
	ms, ok := parseInt(args[2])
	switch {
	case !ok:
		c.out.error("ERR timeout is not an integer or out of range")
		return
	case ms < 0:
		c.out.error("ERR timeout is negative")
		return
	}
	ctx, stop := c.attended(time.Duration(min(ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond)
	have, err := c.Cache.Sync(ctx, int(min(max(n, 0), math.MaxInt32)))
	over := ctx.Err() != nil
	stop()
	if err != nil && !over {
		c.fail(err)
		return
	}
	c.out.int(int64(have))
}

// attended is a context that ends after timeout (0: never) and when the client hangs up, so that nothing waits for one
// that has left. It reads ahead for that; stop gives the reading back, and must be called before the client is answered.
func (c *client) attended(timeout time.Duration) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(c.ctx)
	if timeout > 0 {
		ctx, cancel = context.WithTimeout(c.ctx, timeout)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, err := c.in.buf.Peek(1)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			cancel()
		}
	}()
	return ctx, func() {
		c.conn.SetReadDeadline(time.Unix(1, 0)) // wakes the reading
		<-read
		c.conn.SetReadDeadline(time.Time{})
		cancel()
	}
}
