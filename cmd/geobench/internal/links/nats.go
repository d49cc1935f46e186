package links

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	bucket      = "bench"
	natsStream  = "KV_" + bucket
	natsPending = 4096 // publishes under way: as many as the client suggests
	natsQuick   = 10   // seconds for the server to start
)

// natsSide is an embedded server with JetStream in memory, and a client of it in the same process. The writer's server
// accepts the reader's as a leaf, which mirrors its bucket: the way NATS replicates between places.
type natsSide struct {
	alone
	server *server.Server
	conn   *nats.Conn
	stream jetstream.JetStream
}

func startNATS(dir, domain string, leaf server.LeafNodeOpts) (*natsSide, error) {
	o := &server.Options{ServerName: domain, Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true,
		JetStream: true, JetStreamDomain: domain, StoreDir: dir, JetStreamMaxMemory: 4 << 30, LeafNode: leaf}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(natsQuick * time.Second) {
		return nil, fmt.Errorf("the server does not start")
	}
	n := &natsSide{server: s}
	if n.conn, err = nats.Connect("", nats.InProcessServer(s)); err == nil {
		n.stream, err = jetstream.New(n.conn, jetstream.WithPublishAsyncMaxPending(natsPending))
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close ends the server.
func (n *natsSide) Close() error {
	if n.conn != nil {
		n.conn.Close()
	}
	n.server.Shutdown()
	return nil
}

// natsReader has the port on which it will look for the writer's server.
type natsReader struct {
	*natsSide
	port string
}

// readNATS is a leaf that looks for its hub until it is there. The writer makes the mirror here when they have met: one
// made before would wait long until it tries again.
func readNATS(dir string) (Reader, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	hub := &url.URL{Scheme: "nats-leaf", Host: "127.0.0.1:" + port}
	n, err := startNATS(dir, "reader", server.LeafNodeOpts{
		ReconnectInterval: 100 * time.Millisecond, Remotes: []*server.RemoteLeafOpts{{URLs: []*url.URL{hub}}}})
	if err != nil {
		return nil, err
	}
	return natsReader{n, port}, nil
}

// Addr is the port.
func (r natsReader) Addr() string { return r.port }

// Count is the entries of the mirror.
func (r natsReader) Count() (int, error) {
	s, err := r.stream.Stream(context.Background(), natsStream)
	if err != nil {
		return 0, err
	}
	return int(s.CachedInfo().State.Msgs), nil
}

// Watch follows the mirror.
func (r natsReader) Watch(visible func(string)) error {
	mirror, err := r.stream.KeyValue(context.Background(), bucket)
	if err != nil {
		return err
	}
	w, err := mirror.WatchAll(context.Background(), jetstream.UpdatesOnly())
	if err != nil {
		return err
	}
	go func() {
		for e := range w.Updates() {
			if e != nil {
				visible(e.Key())
			}
		}
	}()
	return nil
}

type natsWriter struct{ *natsSide }

// writeNATS is the hub. It waits for the leaf, and until a first write is in the mirror.
func writeNATS(dir, addr string) (Writer, error) {
	port, err := strconv.Atoi(addr)
	if err != nil {
		return nil, err
	}
	n, err := startNATS(dir, "writer", server.LeafNodeOpts{Host: "127.0.0.1", Port: port})
	if err != nil {
		return nil, err
	}
	bench, err := n.stream.CreateKeyValue(context.Background(), jetstream.KeyValueConfig{Bucket: bucket, Storage: jetstream.MemoryStorage})
	if err == nil {
		err = try("make the mirror", n.mirror)
	}
	if err == nil {
		_, err = bench.Put(context.Background(), "meeting", nil)
	}
	if err == nil {
		err = try("wait for the mirror", n.mirrored)
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return natsWriter{n}, nil
}

// mirror makes the mirror at the reader's, as soon as that can be asked.
func (n *natsSide) mirror() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	far, err := jetstream.NewWithDomain(n.conn, "reader")
	if err != nil {
		return err
	}
	_, err = far.CreateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: bucket, Storage: jetstream.MemoryStorage, Mirror: &jetstream.StreamSource{Name: bucket, Domain: "writer"}})
	return err
}

// mirrored tells whether the mirror has something.
func (n *natsSide) mirrored() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	far, err := jetstream.NewWithDomain(n.conn, "reader")
	if err != nil {
		return err
	}
	s, err := far.Stream(ctx, natsStream)
	if err == nil && s.CachedInfo().State.Msgs == 0 {
		err = fmt.Errorf("it is empty")
	}
	return err
}

// Write publishes without waiting for the acknowledgement of each.
func (w natsWriter) Write(key string, value []byte) error {
	_, err := w.stream.PublishAsync("$KV."+bucket+"."+key, value, jetstream.WithStallWait(time.Minute))
	return err
}

// Flush has the client send what it keeps back.
func (w natsWriter) Flush() error { return w.conn.Flush() }
