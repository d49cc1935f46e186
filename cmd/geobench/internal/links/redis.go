package links

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const redisServer = "redis-server"

func redisMissing() string {
	if _, err := exec.LookPath(redisServer); err != nil {
		return "redis-server is not installed"
	}
	return ""
}

// redisVersion is the v= of what redis-server says of itself; empty if it says nothing of the kind.
func redisVersion() string {
	says, err := exec.Command(redisServer, "--version").Output()
	if err != nil {
		return ""
	}
	for _, word := range strings.Fields(string(says)) {
		if v, ok := strings.CutPrefix(word, "v="); ok {
			return "v" + v
		}
	}
	return ""
}

// redisSide is a Redis server of its own and a connection to it.
type redisSide struct {
	server *exec.Cmd
	addr   string
	conn   net.Conn
	in     *bufio.Reader
	out    *bufio.Writer
}

// startRedis starts a server on a free port, which keeps nothing on disk, and connects to it.
func startRedis(dir string, more ...string) (*redisSide, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0", "--client-output-buffer-limit", "replica 0 0 0",
		"--client-output-buffer-limit", "pubsub 0 0 0", "--loglevel", "warning"}, more...)
	s := &redisSide{server: exec.Command(redisServer, args...), addr: net.JoinHostPort("127.0.0.1", port)}
	if err := s.server.Start(); err != nil {
		return nil, err
	}
	if err := s.dial(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// every is how often something that takes time to come up is tried.
const every = 20 * time.Millisecond

func (s *redisSide) dial() error {
	return try("connect to "+redisServer, func() error {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			return err
		}
		s.conn, s.in, s.out = conn, bufio.NewReader(conn), bufio.NewWriterSize(conn, streamBuffer)
		return nil
	})
}

// try does something until it succeeds, for as long as a meeting may take.
func try(what string, do func() error) error {
	end := time.Now().Add(meetIn)
	for {
		err := do()
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: %w", what, err)
		}
		time.Sleep(every)
	}
}

// send writes a command into the buffer.
func (s *redisSide) send(args ...string) {
	fmt.Fprintf(s.out, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(s.out, "$%d\r\n%s\r\n", len(a), a)
	}
}

// ask sends a command and returns its answer, of one line or a bulk.
func (s *redisSide) ask(args ...string) (string, error) {
	s.send(args...)
	if err := s.out.Flush(); err != nil {
		return "", err
	}
	return s.answer()
}

func (s *redisSide) answer() (string, error) {
	line, err := s.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	switch line[0] {
	case '-':
		return "", fmt.Errorf("redis: %s", line[1:])
	case '$':
		n, err := strconv.Atoi(line[1:])
		if err != nil || n < 0 {
			return "", err
		}
		b := make([]byte, n+2)
		_, err = io.ReadFull(s.in, b)
		return string(b[:n]), err
	}
	return line[1:], nil
}

// Addr is host and port of the server.
func (s *redisSide) Addr() string { return s.addr }

// Helpers is the server.
func (s *redisSide) Helpers() []*os.Process { return []*os.Process{s.server.Process} }

// Close ends the server.
func (s *redisSide) Close() error {
	if s.conn != nil {
		s.conn.Close()
	}
	s.server.Process.Kill()
	s.server.Wait()
	return nil
}

// redisReader is a replica; its leader comes later, with the writer.
type redisReader struct{ *redisSide }

func readRedis(dir string) (Reader, error) {
	s, err := startRedis(dir, "--notify-keyspace-events", "E$")
	if err != nil {
		return nil, err
	}
	return redisReader{s}, nil
}

// Count is the keys of the replica.
func (r redisReader) Count() (int, error) {
	n, err := r.ask("DBSIZE")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(n)
}

// Watch subscribes to the notices of the replica, over another connection.
func (r redisReader) Watch(visible func(string)) error {
	s := &redisSide{addr: r.addr}
	if err := s.dial(); err != nil {
		return err
	}
	s.send("SUBSCRIBE", "__keyevent@0__:set")
	if err := s.out.Flush(); err != nil {
		return err
	}
	for range 4 { // *3, subscribe, the channel, the count
		if _, err := s.answer(); err != nil {
			return err
		}
	}
	go s.notices(visible)
	return nil
}

// notices reads arrays of message, channel and key.
func (s *redisSide) notices(visible func(string)) {
	for {
		var key string
		for range 4 {
			var err error
			if key, err = s.answer(); err != nil {
				return
			}
		}
		visible(key)
	}
}

// redisWriter is a leader. Commands are pipelined, and somebody else reads the answers.
type redisWriter struct{ *redisSide }

// writeRedis starts the leader, makes the reader's server its replica, and waits for the first copy.
func writeRedis(dir, addr string) (Writer, error) {
	s, err := startRedis(dir)
	if err != nil {
		return nil, err
	}
	if err := s.lead(addr); err != nil {
		s.Close()
		return nil, err
	}
	go io.Copy(io.Discard, s.in)
	return redisWriter{s}, nil
}

func (s *redisSide) lead(addr string) error {
	replica := &redisSide{addr: addr}
	if err := replica.dial(); err != nil {
		return err
	}
	defer replica.conn.Close()
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	if _, err := replica.ask("REPLICAOF", host, port); err != nil {
		return err
	}
	return try("wait for the replica", func() error {
		info, err := replica.ask("INFO", "replication")
		if err == nil && !strings.Contains(info, "master_link_status:up") {
			err = fmt.Errorf("the link is not up")
		}
		return err
	})
}

// Write pipelines a SET.
func (w redisWriter) Write(key string, value []byte) error {
	b := append(w.out.AvailableBuffer(), "*3\r\n$3\r\nSET\r\n$"...)
	b = strconv.AppendInt(b, int64(len(key)), 10)
	b = append(append(append(b, "\r\n"...), key...), "\r\n$"...)
	b = strconv.AppendInt(b, int64(len(value)), 10)
	b = append(append(append(b, "\r\n"...), value...), "\r\n"...)
	_, err := w.out.Write(b)
	return err
}

// Flush sends what is kept back.
func (w redisWriter) Flush() error { return w.out.Flush() }
