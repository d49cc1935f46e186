package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
	"github.com/geolru/geolru/cmd/geobench/internal/trace"
)

func hitratioCommand() *cli.Command {
	return &cli.Command{
		Name:      "hitratio",
		Usage:     "hits of caches in recorded requests",
		ArgsUsage: "FILE…",
		Description: "Replays each trace against all caches that are bounded by entries. The formats, plain, .gz or .xz, are\n" +
			"  arc    \"start count …\", requests of start to start+count-1     oltp*, *.lis, *.arc\n" +
			"  lines  a key a line, lines that begin with * ignored           *.trace, *.txt\n" +
			"  be64   big-endian 64-bit keys                                  trace_*\n" +
			"  le32   little-endian 32-bit keys                               *.trace.xz",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Usage: fmt.Sprintf("`FORMAT` of the files, one of %v, instead of by name", trace.Formats())},
			&cli.StringSliceFlag{Name: "size", Value: defaultSizes, Usage: "`SIZE` of the caches in entries, or % of the trace's keys; repeatable"},
			&cli.IntFlag{Name: "limit", Usage: "only the first `N` requests of a trace; 0 = all"},
		}, sharedFlags()...),
		Action: hitratio,
	}
}

func hitratio(_ context.Context, cmd *cli.Command) error {
	h, err := newHitRun(cmd)
	if err != nil {
		return err
	}
	picture, err := newPicture(cmd.String("plot"))
	if err != nil {
		return err
	}
	report, err := h.run(cmd.Args().Slice())
	h.progress.end()
	if err != nil {
		return err
	}
	if err := publish(cmd, report, report.tables()); err != nil {
		return err
	}
	return picture.save(report.charts(), 2)
}

// hitRun is the command while it runs.
type hitRun struct {
	contenders []caches.Contender[int64]
	sizes      []size
	format     trace.Format
	limit      int
	progress   *progress
}

func newHitRun(cmd *cli.Command) (*hitRun, error) {
	h := &hitRun{
		format: trace.Format(cmd.String("format")), limit: cmd.Int("limit"), progress: newProgress(cmd.Root().ErrWriter),
	}
	switch {
	case !cmd.Args().Present():
		return nil, usagef("hitratio: which files? See geobench hitratio --help")
	case h.format != trace.FormatOfName && !slices.Contains(trace.Formats(), h.format):
		return nil, usagef("hitratio: --format %q is none of %v", h.format, trace.Formats())
	case h.limit < 0:
		return nil, usagef("hitratio: --limit is %d, it cannot be negative", h.limit)
	}
	var err error
	if h.sizes, err = parseSizes(cmd.StringSlice("size")); err != nil {
		return nil, err
	}
	all, err := pick[int64](cmd.StringSlice("cache"))
	h.contenders = slices.DeleteFunc(all, func(c caches.Contender[int64]) bool { return !c.Bounded })
	return h, err
}

func (h *hitRun) run(files []string) (*hitReport, error) {
	r := &hitReport{About: about(h.contenders)}
	for _, file := range files {
		t, err := trace.Open(file, h.format, h.limit)
		if err != nil {
			return nil, err
		}
		found, err := replayAll(t, h.contenders, h.sizes, h.progress)
		if err != nil {
			return nil, err
		}
		r.Traces = append(r.Traces, found)
	}
	return r, nil
}
