// Command geochat is a chat room whose only store is a geolru cache: no server, every participant is a node.
//
//	geochat --name ann --secret-file secret.txt --listen /ip4/0.0.0.0/tcp/4390
//	geochat --name bob --secret-file secret.txt --bootstrap /ip4/192.0.2.7/tcp/4390/p2p/12D3…
//
// On one machine no secret is needed, and without --listen a free port is taken.
//
// It prints its multiaddrs, one a line; then each line that is typed is a message, and each message is shown as
// "name: text". /who lists who is here, /peers the nodes with their distance, /quit leaves, and so does the end of the
// input. Lines that begin with "* " are geochat's own.
//
// The life of a message: a line becomes an entry under a key that begins with its time (room.go); it is in the cache
// of every participant within milliseconds; each shows it as its watch tells of it (view.go). Who joins late goes
// through the entries that are there, in the order of their keys. Two halves that were cut off from each other talk
// on, and have each other's messages when they meet again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as values; it returns the exit code: 2 for flags that make no sense, 1 for what
// failed.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	err := newApp(in, out, errs).Run(ctx, args)
	if err != nil {
		fmt.Fprintln(errs, "geochat:", err)
	}
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	}
	return 1
}

type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newApp(in io.Reader, out, errs io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "geochat",
		Usage: "a chat room whose only store is a geolru cache",
		Description: "It prints its multiaddrs (libp2p's addresses, such as /ip4/192.0.2.7/tcp/4390/p2p/12D3…), one a line: where others\n" +
			"join. A line that is typed is a message; /who lists who is here, /peers the nodes with their distance, /quit leaves.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "what others call you (required)"},
			&cli.StringSliceFlag{Name: "listen", Usage: "multiaddr to accept peers on; repeatable. Without it: none if there is a --bootstrap, else a free port of loopback"},
			&cli.StringSliceFlag{Name: "bootstrap", Usage: "multiaddr of a participant; repeatable"},
			&cli.StringFlag{Name: "region", Usage: "label, such as eu-west-1"},
			&cli.StringFlag{Name: "room", Value: "lobby", Usage: "rooms of other names are not heard"},
			&cli.StringFlag{Name: "secret-file", Usage: "file with the secret of the mesh (or the variable GEOLRU_SECRET); without a secret only loopback peers are admitted"},
		},
		DisableSliceFlagSeparator: true,
		HideHelpCommand:           true,
		Action:                    chat,
		Reader:                    in,
		Writer:                    out,
		ErrWriter:                 errs,
		ExitErrHandler:            func(context.Context, *cli.Command, error) {},
		OnUsageError: func(_ context.Context, _ *cli.Command, err error, _ bool) error {
			return usageError{err}
		},
	}
}

// chat joins, talks until the input ends, and leaves.
func chat(ctx context.Context, cmd *cli.Command) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	name, mesh, err := settings(cmd)
	if err != nil {
		return err
	}
	mesh.Log = slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, &slog.HandlerOptions{Level: slog.LevelWarn}))
	node, err := geolru.Join(ctx, mesh)
	if err != nil {
		return err
	}
	r, err := enter(node, cmd.String("room"), name)
	if err != nil {
		node.Close()
		return err
	}
	s := &session{room: r, out: &lines{w: cmd.Root().Writer}, met: len(mesh.Bootstrap) == 0}
	for _, a := range node.Addrs() {
		s.out.print(a)
	}
	s.talk(ctx, cmd.Root().Reader)
	return node.Close()
}

// longestRoom is how long the name of a room may be as a part of a key.
const longestRoom = 500

func settings(cmd *cli.Command) (name string, mesh geolru.Mesh, err error) {
	if cmd.Args().Present() {
		return "", mesh, usagef("unexpected argument %q", cmd.Args().First())
	}
	name = cmd.String("name")
	if problem := badName(name); problem != "" {
		return "", mesh, usagef("--name %q: %s", name, problem)
	}
	if room := cmd.String("room"); len(url.PathEscape(room)) > longestRoom {
		return "", mesh, usagef("--room %.20q…: at most %d bytes, escaped as in a URL", room, longestRoom)
	}
	secret := os.Getenv("GEOLRU_SECRET")
	if file := cmd.String("secret-file"); file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", mesh, usagef("read --secret-file: %w", err)
		}
		secret = strings.TrimSpace(string(b))
	}
	mesh = geolru.Mesh{
		Cluster: "geochat", Region: cmd.String("region"), Secret: secret,
		Listen: cmd.StringSlice("listen"), Bootstrap: cmd.StringSlice("bootstrap"),
	}
	if len(mesh.Listen)+len(mesh.Bootstrap) == 0 { // somebody must be reachable
		mesh.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	}
	return name, mesh, nil
}

// badName tells what is wrong with a name: a message is shown as "name: text", so a name must not look like one.
func badName(name string) string {
	switch {
	case name == "":
		return "a name is needed"
	case utf8.RuneCountInString(name) > 32:
		return "at most 32 characters"
	case strings.ContainsAny(name, ":*/") || escape(name) != name:
		return "letters and such, without : * / and control characters"
	}
	return ""
}
