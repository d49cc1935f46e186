package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
	"github.com/geolru/geolru/cmd/geobench/internal/links"
)

// replicatePlan is what `geobench replicate` measures.
type replicatePlan struct {
	Rounds  int     `json:"rounds"`
	Records int     `json:"records"` // in a burst
	Seconds float64 `json:"seconds"` // of each paced phase
}

// Paces of the paced phases, records a second, and how long what is late is waited for.
const (
	calmRate   = 100
	busyRate   = 10_000
	steadyRate = 200_000
	inTime     = 2.0  // seconds after the last write by which every record of a paced phase must be there
	drained    = 90.0 // seconds for a burst
)

// linkSample is one round of a link.
type linkSample struct {
	Calm   latencyFigure `json:"calm"`
	Busy   latencyFigure `json:"busy"`
	Burst  burstSample   `json:"burst"`
	Steady steadySample  `json:"steady"`
}

// burstSample is as many records as fast as the writer takes them. Drain is from the last write to the last visible.
type burstSample struct {
	Rate  float64 `json:"records_per_second"`
	CPU   float64 `json:"cpu_seconds_per_million"` // both sides
	Bytes float64 `json:"wire_bytes_per_record"`   // both ways
	Drain float64 `json:"drain_seconds"`
	Lost  int     `json:"lost"`
}

// steadySample is what a pace of steadyRate came to, and how many were not visible in time.
type steadySample struct {
	Rate    float64 `json:"records_per_second"`
	Missing int     `json:"missing"`
}

func replicateCommand() *cli.Command {
	return &cli.Command{
		Name:  "replicate",
		Usage: "delay, speed and cost of replication between two processes",
		Description: "Each link in two processes of its own on loopback, in turns: compare within a run, not between runs.\n" +
			"The machine should have nothing else to do. Redis takes part where redis-server is installed.",
		Flags: append([]cli.Flag{
			&cli.IntFlag{Name: "rounds", Value: 5, Usage: "`N` rounds, of which the medians are taken"},
			&cli.IntFlag{Name: "records", Value: 1_000_000, Usage: "`N` records in a burst"},
			&cli.FloatFlag{Name: "seconds", Value: 5, Usage: "`N` seconds for each of the three paced phases"},
			&cli.StringSliceFlag{Name: "link", Usage: "only this `NAME`; repeatable"},
			fromFlag(),
		}, outputFlags()...),
		Action: replicate,
	}
}

func replicate(_ context.Context, cmd *cli.Command) error {
	r, err := newReplicateRun(cmd)
	if err != nil {
		return err
	}
	picture, err := outputs(cmd)
	if err != nil {
		return err
	}
	report := new(replicateReport)
	given, failed := earlier(cmd, report)
	if !given {
		report, failed = r.run()
		r.progress.end()
	}
	if len(report.Links) == 0 {
		return failed
	}
	return errors.Join(failed, publish(cmd, report, report.tables()), picture.save(report.charts(), 2))
}

// replicateRun is the command while it runs.
type replicateRun struct {
	plan     replicatePlan
	links    []links.Link
	skipped  map[string]string
	progress *progress
}

func newReplicateRun(cmd *cli.Command) (*replicateRun, error) {
	r := &replicateRun{
		plan:    replicatePlan{cmd.Int("rounds"), cmd.Int("records"), cmd.Float("seconds")},
		skipped: map[string]string{}, progress: newProgress(cmd.Root().ErrWriter),
	}
	switch {
	case cmd.Args().Present():
		return nil, usagef("replicate: unexpected %q", cmd.Args().First())
	case r.plan.Rounds < 1 || r.plan.Records < 1:
		return nil, usagef("replicate: --rounds is %d and --records is %d, both must be at least 1", r.plan.Rounds, r.plan.Records)
	case r.plan.Seconds <= 0 || r.plan.Seconds > 60:
		return nil, usagef("replicate: --seconds is %v, it must be above 0 and at most 60", r.plan.Seconds)
	}
	return r, r.choose(cmd.StringSlice("link"))
}

// choose takes the links that were asked for, all if none were, without those that cannot be measured here.
func (r *replicateRun) choose(names []string) error {
	all := links.All()
	for _, name := range names {
		if !slices.ContainsFunc(all, func(l links.Link) bool { return l.Name == name }) {
			return usagef("replicate: there is no link %q; there are %q", name, linkNames(all))
		}
	}
	for _, l := range all {
		if len(names) > 0 && !slices.Contains(names, l.Name) {
			continue
		}
		if l.Missing != nil && l.Missing() != "" {
			r.skipped[l.Name] = l.Missing()
			continue
		}
		r.links = append(r.links, l)
	}
	if len(r.links) == 0 {
		return fmt.Errorf("replicate: nothing to measure: %v", r.skipped)
	}
	return nil
}

func linkNames(all []links.Link) (names []string) {
	for _, l := range all {
		names = append(names, l.Name)
	}
	return names
}

// run is every link once a round, each round beginning with another one. The medians are of the rounds that did not fail.
func (r *replicateRun) run() (report *replicateReport, failed error) {
	report = &replicateReport{About: linkSurroundings(r.links), Plan: r.plan, Skipped: r.skipped}
	samples := make([][]linkSample, len(r.links))
	r.progress.begin("replicate", r.plan.Rounds*len(r.links))
	for round := range r.plan.Rounds {
		for i := range r.links {
			at := (i + round) % len(r.links)
			l := r.links[at]
			r.progress.step(fmt.Sprintf("round %d of %d, %s", round+1, r.plan.Rounds, l.Name))
			s, err := r.turn(l)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("replicate: %s failed in round %d of %d: %w", l.Name, round+1, r.plan.Rounds, err))
				continue
			}
			samples[at] = append(samples[at], s)
		}
	}
	for i, l := range r.links {
		if len(samples[i]) == 0 {
			report.Skipped[l.Name] = "it failed"
			continue
		}
		report.Links = append(report.Links, newLinkRow(l, samples[i]))
	}
	return report, failed
}

func linkSurroundings(all []links.Link) surroundings {
	s := about[int64](nil)
	for _, l := range all {
		switch {
		case l.Module != "":
			s.Versions[l.Name] = caches.Version(l.Module)
		case l.Version != nil:
			s.Versions[l.Name] = l.Version()
		}
	}
	return s
}

// turn measures a link, in processes that are new: nothing of one round is left in the next. What counts comes first,
// for to watch costs.
func (r *replicateRun) turn(l links.Link) (s linkSample, err error) {
	dir, err := os.MkdirTemp("", "geobench")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(dir)
	p, err := newLinkPair(l.Name, dir)
	if err != nil {
		return s, err
	}
	defer p.end()
	if s.Burst, err = p.burst(r.plan.Records, drained); err != nil {
		return s, fmt.Errorf("burst: %w", err)
	}
	if s.Steady, err = p.steady(steadyRate, r.plan.Seconds, inTime); err != nil {
		return s, fmt.Errorf("steady: %w", err)
	}
	if _, err := p.reader.do(order{Do: "watch"}); err != nil {
		return s, fmt.Errorf("watch: %w", err)
	}
	calm, err := p.delays(calmRate, r.plan.Seconds, inTime)
	if err != nil {
		return s, fmt.Errorf("%d a second: %w", calmRate, err)
	}
	busy, err := p.delays(busyRate, r.plan.Seconds, inTime)
	if err != nil {
		return s, fmt.Errorf("%d a second: %w", busyRate, err)
	}
	s.Calm, s.Busy = *calm, *busy
	return s, nil
}
