// Command geobench measures geolru beside the caches that one would use instead, in one process and one run, so that
// all see the same machine in the same mood.
//
//	geobench local            time, memory and pauses of one process's cache
//	geobench hitratio FILE…   hits in recorded requests, least recently used and the best possible included
//	geobench policy FILE…     what other eviction policies would keep
//	geobench replicate        delay, speed and cost of replication between two processes
//	geobench wan              replication, look-ups and ranking around the world, simulated
//
// The life of `local`: the table of internal/caches opens each cache at a type of values; speed, memory and expiry
// take turns through the table and return rows; the rows become tables on stdout, and JSON and a picture if asked for.
// `hitratio` is the same with internal/trace for requests and internal/ideal for the rules that need no cache;
// `policy` takes the rules of internal/policy, which are simulations, and has a peer's writes come between the requests.
//
// It is a module of its own, so that no user of geolru depends on what it is compared with. It needs a Unix, for the
// CPU time of the process.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}

// run is main with its surroundings as values; it returns the exit code: 2 for a command line that makes no sense, 1
// for what failed.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	err := newApp(out, errs).Run(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintln(errs, "geobench:", err)
	if errors.As(err, new(usageError)) {
		return 2
	}
	return 1
}

func newApp(out, errs io.Writer) *cli.Command {
	app := &cli.Command{
		Name:      "geobench",
		Usage:     "measure geolru beside other caches",
		Commands:  []*cli.Command{localCommand(), hitratioCommand(), policyCommand(), replicateCommand(), sideCommand(), wanCommand()},
		Action:    noCommand,
		Writer:    out,
		ErrWriter: errs,
		// run reports errors; the library would print them a second time and exit by itself.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		OnUsageError:   asUsage,
	}
	for _, c := range app.Commands {
		c.OnUsageError = asUsage
	}
	return app
}

func noCommand(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return usagef("unknown command %q; see geobench --help", cmd.Args().First())
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

// sharedFlags are those of the commands that measure caches.
func sharedFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringSliceFlag{Name: "cache", Usage: "only this `NAME`; repeatable"},
	}, outputFlags()...)
}

// outputFlags are those of all commands.
func outputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "json", Usage: "also write all figures to `FILE`, - for stdout instead of the tables"},
		&cli.StringFlag{Name: "plot", Usage: "also draw them into `FILE`.svg or .png"},
	}
}

// fromFlag is of the commands whose figures nobody can measure a second time.
func fromFlag() cli.Flag {
	return &cli.StringFlag{Name: "from", Usage: "measure nothing: print and draw the figures of an earlier run, which --json wrote to `FILE`"}
}
