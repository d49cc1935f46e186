// Command geolru runs a node of a geo-distributed cache, asks one that runs, and shows in a minute what it does.
//
//	geolru serve     one node, which any Redis client can use
//	geolru demo      three regions in one process: writes, a cut, the healing, with measured times
//	geolru get …     and set, del, ttl, keys, peers, explain, stats: ask a running node
//	geolru secret    a fresh secret for a mesh
//
// The life of a command: main gives the arguments to the table in newApp; its action returns an error; exitCode makes
// the code of it: 2 for a command line that makes no sense, 1 for what failed, 0 for what was done.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v3"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as values; it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	err := newApp(in, out, errs).Run(ctx, args)
	if err != nil && !errors.Is(err, errSaid) {
		fmt.Fprintln(errs, "geolru:", strings.TrimPrefix(err.Error(), "geolru: ")) // the library says so, too
	}
	return exitCode(err)
}

func newApp(in io.Reader, out, errs io.Writer) *cli.Command {
	app := &cli.Command{
		Name:    "geolru",
		Usage:   "a geo-distributed multi-master LRU cache with expiry",
		Version: version(),
		Commands: append([]*cli.Command{
			serveCommand(), demoCommand(), secretCommand(),
		}, askCommands()...),
		Action:    noCommand,
		Reader:    in,
		Writer:    out,
		ErrWriter: errs,
		// run reports errors and chooses the code; the library would print them a second time and exit by itself.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		OnUsageError:   asUsage,
	}
	for _, c := range app.Commands {
		c.OnUsageError = asUsage
		c.HideHelpCommand = true // or "geolru get help" would not be a key
		c.DisableSliceFlagSeparator = true
	}
	return app
}

// noCommand answers a command line without a known command.
func noCommand(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return usagef("unknown command %q; see geolru --help", cmd.Args().First())
	}
	return cli.ShowRootCommandHelp(cmd)
}

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func asUsage(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	return usagef("%s: %w", cmd.Name, err)
}

// errSaid is a failure that its command has already told of.
var errSaid = errors.New("reported")

func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	}
	return 1
}

func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "unknown"
}
