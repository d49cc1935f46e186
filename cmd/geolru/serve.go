package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run one node; prints its multiaddrs, one a line, then \"ready\"",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "listen", Usage: "multiaddr to accept peers on, such as /ip4/0.0.0.0/tcp/4380; repeatable. Without it: none if there is a --bootstrap, else a free port of loopback"},
			&cli.StringSliceFlag{Name: "bootstrap", Usage: "multiaddr of a known peer; repeatable"},
			&cli.StringSliceFlag{Name: "announce", Usage: "multiaddr that peers are told to dial instead of those listened on; repeatable. For a node behind a NAT or a load balancer"},
			&cli.BoolFlag{Name: "mdns", Usage: "find peers on the local network by multicast DNS, and be found"},
			&cli.StringFlag{Name: "region", Usage: "label, such as eu-west-1; peers of the same one are asked first until distances are measured"},
			&cli.StringFlag{Name: "cluster", Value: "geolru", Usage: "meshes of other names never mix"},
			&cli.StringFlag{Name: "secret-file", Usage: "file with the secret of the mesh (or the variable GEOLRU_SECRET); without a secret only loopback peers are admitted"},
			&cli.StringFlag{Name: "dir", Usage: "directory for the identity key, the addresses of peers and warm restarts; none: nothing on disk"},
			&cli.StringFlag{Name: "cache", Value: "default", Usage: "name of the cache; nodes that have one of the same name hold the same entries"},
			&cli.IntFlag{Name: "capacity", Value: 50_000, Usage: "the most entries that the node holds, all nodes may differ"},
			&cli.DurationFlag{Name: "ttl", Value: 24 * time.Hour, Usage: "default and longest life of an entry, 1ms to 1440h, equal on all nodes"},
			&cli.StringFlag{Name: "resp", Value: defaultRESP, Usage: "address for Redis clients; empty: none"},
			&cli.StringFlag{Name: "http", Value: "127.0.0.1:8380", Usage: "address for /metrics, /healthz and /readyz; empty: none"},
			passwordFlag("file with the password of the RESP and HTTP ports; without it they are on loopback only"),
		},
		Action: serve,
	}
}

const defaultRESP = "127.0.0.1:6380"

func passwordFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "password-file", Usage: usage}
}

// settings is what the flags of serve ask for.
type settings struct {
	mesh       geolru.Mesh
	cache      geolru.Options[[]byte]
	resp, http string // addresses, "" = off
	password   string // "" = none
}

// serve runs a node until a signal or the failure of a port.
func serve(ctx context.Context, cmd *cli.Command) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := readSettings(cmd)
	if err != nil {
		return err
	}
	b := newBar(cmd.Root().ErrWriter)
	s.mesh.Log = slog.New(slog.NewTextHandler(b, nil))
	d, err := startDaemon(ctx, s)
	switch {
	case err != nil && ctx.Err() != nil: // told to leave before it had come
		return nil
	case err != nil:
		return err
	}
	announce(cmd.Root().Writer, d.node.Addrs())
	if isTerminal(cmd.Root().ErrWriter) {
		go b.follow(ctx, func() float64 { return d.store.Stats().Bootstrap })
	}
	err = d.wait(ctx)
	stop() // a second signal ends it at once
	return errors.Join(err, d.close())
}

func announce(w io.Writer, addrs []string) {
	for _, a := range addrs {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintln(w, "ready")
}

func readSettings(cmd *cli.Command) (settings, error) {
	if err := arguments(cmd, 0, 0); err != nil {
		return settings{}, err
	}
	secret, err := readSecret("secret-file", cmd.String("secret-file"))
	if err != nil {
		return settings{}, err
	}
	if secret == "" {
		secret = os.Getenv("GEOLRU_SECRET")
	}
	password, err := readSecret("password-file", cmd.String("password-file"))
	if err != nil {
		return settings{}, err
	}
	s := settings{
		mesh: geolru.Mesh{
			Cluster:   cmd.String("cluster"),
			Listen:    listenOn(cmd.StringSlice("listen"), cmd.IsSet("listen"), cmd.StringSlice("bootstrap")),
			Announce:  cmd.StringSlice("announce"),
			Bootstrap: cmd.StringSlice("bootstrap"),
			MDNS:      cmd.Bool("mdns"),
			Region:    cmd.String("region"),
			Secret:    secret,
			Dir:       cmd.String("dir"),
		},
		cache:    geolru.Options[[]byte]{Name: cmd.String("cache"), Capacity: cmd.Int("capacity"), TTL: cmd.Duration("ttl")},
		resp:     cmd.String("resp"),
		http:     cmd.String("http"),
		password: password,
	}
	return s, s.check()
}

// listenOn is where to accept peers. Nothing said: a node with nobody to dial must be dialled, and another one must
// not tell the mesh an address that only this machine can reach.
func listenOn(given []string, said bool, bootstrap []string) []string {
	switch {
	case !said && len(bootstrap) == 0:
		return []string{"/ip4/127.0.0.1/tcp/0"}
	case len(given) == 1 && given[0] == "": // --listen "": a client only
		return nil
	}
	return given
}

// longestTTL is that of the library.
const longestTTL = 60 * 24 * time.Hour

// check finds what the library would take for a default, what it would refuse only after the ports were open, and
// ports that would be open to all.
func (s settings) check() error {
	switch {
	case s.cache.Capacity < 1:
		return usagef("--capacity %d: at least 1", s.cache.Capacity)
	case s.cache.TTL < time.Millisecond || s.cache.TTL > longestTTL:
		return usagef("--ttl %v: want 1ms to 1440h, which is 60 days", s.cache.TTL)
	}
	if err := checkAddrs("listen", s.mesh.Listen, false); err != nil {
		return err
	}
	if err := checkAddrs("announce", s.mesh.Announce, true); err != nil {
		return err
	}
	if err := checkAddrs("bootstrap", s.mesh.Bootstrap, true); err != nil {
		return err
	}
	for flag, addr := range map[string]string{"resp": s.resp, "http": s.http} {
		if err := guarded(flag, addr, s.password); err != nil {
			return err
		}
	}
	return nil
}
