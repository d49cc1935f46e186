package main

import (
	"context"
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
		Description: "Replays each trace against all caches that are bounded by entries: two minutes for a million requests.\n" +
			"geolru on a node keeps what geolru keeps, and takes hours, so it takes part only if --cache names it.\n\n" + traceFormats,
		Flags:  append(traceFlags(), sharedFlags()...),
		Action: hitratio,
	}
}

func hitratio(_ context.Context, cmd *cli.Command) error {
	h, err := newHitRun(cmd)
	if err != nil {
		return err
	}
	picture, err := outputs(cmd)
	if err != nil {
		return err
	}
	report, err := h.run()
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
	files      traceFiles
	progress   *progress
}

func newHitRun(cmd *cli.Command) (*hitRun, error) {
	files, err := newTraceFiles(cmd)
	if err != nil {
		return nil, err
	}
	all, err := pick[int64](cmd.StringSlice("cache"))
	if err != nil {
		return nil, err
	}
	asked := cmd.IsSet("cache")
	bounded := slices.DeleteFunc(all, func(c caches.Contender[int64]) bool {
		return !c.Bounded || c.Name == caches.OnNode && !asked // it hits what geolru hits, hours later
	})
	return &hitRun{bounded, files, newProgress(cmd.Root().ErrWriter)}, nil
}

func (h *hitRun) run() (*hitReport, error) {
	r := &hitReport{About: about(h.contenders)}
	err := h.files.each(func(t trace.Trace) error {
		found, err := replayAll(t, h.contenders, h.files.sizes, h.progress)
		r.Traces = append(r.Traces, found)
		return err
	})
	return r, err
}
