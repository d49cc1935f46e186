package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/cmd/geobench/internal/trace"
)

const traceFormats = "The formats, plain, .gz or .xz, are\n" +
	"  arc    \"start count …\", requests of start to start+count-1     oltp*, *.lis, *.arc\n" +
	"  lines  a key a line, lines that begin with * ignored           *.trace, *.txt\n" +
	"  be64   big-endian 64-bit keys                                  trace_*\n" +
	"  le32   little-endian 32-bit keys                               *.trace.xz"

func traceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Usage: fmt.Sprintf("`FORMAT` of the files, one of %v, instead of by name", trace.Formats())},
		&cli.StringSliceFlag{Name: "size", Value: defaultSizes, Usage: "`SIZE` of the caches in entries, or % of the trace's keys; repeatable"},
		&cli.IntFlag{Name: "limit", Usage: "only the first `N` requests of a trace; 0 = all"},
	}
}

// traceFiles is the traces that a command is to replay, and at which sizes.
type traceFiles struct {
	files  []string
	sizes  []size
	format trace.Format
	limit  int
}

func newTraceFiles(cmd *cli.Command) (f traceFiles, err error) {
	f = traceFiles{files: cmd.Args().Slice(), format: trace.Format(cmd.String("format")), limit: cmd.Int("limit")}
	switch {
	case len(f.files) == 0:
		return f, usagef("%s: which files? See geobench %[1]s --help", cmd.Name)
	case f.format != trace.FormatOfName && !slices.Contains(trace.Formats(), f.format):
		return f, usagef("%s: --format %q is none of %v", cmd.Name, f.format, trace.Formats())
	case f.limit < 0:
		return f, usagef("%s: --limit is %d, it cannot be negative", cmd.Name, f.limit)
	}
	f.sizes, err = parseSizes(cmd.StringSlice("size"))
	return f, err
}

// each opens the traces one after the other.
func (f traceFiles) each(do func(trace.Trace) error) error {
	for _, file := range f.files {
		t, err := trace.Open(file, f.format, f.limit)
		if err != nil {
			return err
		}
		if err := do(t); err != nil {
			return err
		}
	}
	return nil
}
