package resp

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"net"
	"strings"
	"time"
)

// What a client may do before it has given the password.
const (
	strangerTime = 10 * time.Second // from the connection to the right AUTH
	maxWrong     = 10               // wrong passwords on one connection, also afterwards
)

// client is one connection and what it has said of itself. One goroutine owns it.
type client struct {
	*Server
	conn  net.Conn
	in    *reader
	out   *reply
	id    int64
	name  string
	cmd   *command    // the one being answered
	known bool        // has given the password, or none is needed
	wrong int         // passwords given that were not it
	gone  bool        // close when what was answered has left
	limit *time.Timer // closes the connection of a stranger; nil if no password is needed
}

func newClient(s *Server, conn net.Conn) *client {
	c := &client{Server: s, conn: conn, id: s.nextID.Add(1), known: s.Password == ""}
	c.out = &reply{to: sender{conn}, proto: 2}
	c.in = newReader(flusher{conn, c.out})
	return c
}

// flusher reads from a connection, sending first what waits to be sent: so answers to pipelined commands leave
// together, and never wait for a command that is still on its way.
type flusher struct {
	conn net.Conn
	out  *reply
}

func (f flusher) Read(p []byte) (int, error) {
	if err := f.out.flush(); err != nil {
		return 0, err
	}
	return f.conn.Read(p)
}

// run answers until the client leaves, or does not read what it asked for.
func (c *client) run() {
	defer c.bound()()
	for !c.gone && c.out.err == nil {
		c.in.stranger = !c.known
		args, err := c.in.next()
		var bad protocolError
		if errors.As(err, &bad) {
			c.out.error("ERR " + bad.Error())
		}
		if err != nil {
			break
		}
		c.dispatch(args)
		if !c.known { // the answers to a stranger do not pile up
			c.out.flush()
		}
	}
	c.out.flush()
}

// bound gives a stranger its time; stop takes the bound back.
func (c *client) bound() (stop func()) {
	if c.known {
		return func() {}
	}
	c.limit = time.AfterFunc(strangerTime, func() { c.conn.Close() })
	return func() { c.limit.Stop() }
}

// dispatch finds the command and calls it, or answers why not. Redis checks in this order too.
func (c *client) dispatch(args [][]byte) {
	name := strings.ToLower(string(args[0]))
	cmd, ok := commands[name]
	c.served.Add(1)
	switch {
	case fromBrowser(name):
		c.Log.Warn("an HTTP request came to the RESP port; closed", "remote", c.conn.RemoteAddr())
		c.gone = true
	case !ok && unsupported[name] != "":
		c.out.error("ERR '" + name + "' is not supported: " + unsupported[name])
	case !ok:
		c.out.error(unknown(args))
	case !cmd.takes(len(args)):
		c.out.error("ERR wrong number of arguments for '" + name + "' command")
	case !c.known && !cmd.open:
		c.out.error("NOAUTH Authentication required.")
	default:
		c.cmd = cmd
		cmd.do(c, args)
	}
}

// fromBrowser tells a web page's request to a port it should not reach: its first line would be an unknown command,
// and its body could hold good ones. Redis closes on the same two words.
func fromBrowser(name string) bool { return name == "post" || name == "host:" }

// unknown is Redis's text for an unknown command: up to 128 bytes of the arguments, and a space after each.
func unknown(args [][]byte) string {
	const most = 128
	var rest bytes.Buffer
	for _, a := range args[1:] {
		if rest.Len() >= most {
			break
		}
		rest.WriteString("'" + string(a[:min(len(a), most-rest.Len())]) + "' ")
	}
	name := args[0][:min(len(args[0]), most)]
	return "ERR unknown command '" + string(name) + "', with args beginning with: " + rest.String()
}

// admits compares a password in constant time, and lets the client in if it is right. Who is wrong too often is closed.
func (c *client) admits(user, password []byte) bool {
	right := subtle.ConstantTimeCompare(password, []byte(c.Password)) == 1
	if c.Password == "" {
		right = true
	}
	if string(user) != "default" || !right {
		c.miss()
		return false
	}
	if c.known = true; c.limit != nil {
		c.limit.Stop()
	}
	return true
}

func (c *client) miss() {
	if c.wrong++; c.wrong >= maxWrong && c.Password != "" {
		c.Log.Warn("too many wrong passwords; closed", "remote", c.conn.RemoteAddr())
		c.gone = true
	}
}
