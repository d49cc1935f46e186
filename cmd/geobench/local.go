package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
)

// localPlan is what `geobench local` measures. The zero value measures nothing.
type localPlan struct {
	Speed   speedPlan  `json:"speed"`
	Entries int        `json:"memory_entries"`
	Expiry  expiryPlan `json:"expiry"`
}

// fullPlan takes some minutes: as many operations that a measurement is longer than the time slices of the machine,
// a million entries.
func fullPlan() localPlan {
	return localPlan{
		Speed:   speedPlan{Capacity: 100_000, Ops: 1_000_000, Rounds: 5},
		Entries: 1_000_000,
		Expiry: expiryPlan{
			Entries: 1_000_000, Fuse: 4 * time.Second, Window: time.Second, Patience: 10 * time.Second,
		},
	}
}

// quickPlan takes one or two minutes. It shows what is twice as fast, not what is a tenth faster.
func quickPlan() localPlan {
	return localPlan{
		Speed:   speedPlan{Capacity: 20_000, Ops: 80_000, Rounds: 5},
		Entries: 200_000,
		Expiry: expiryPlan{
			Entries: 100_000, Fuse: time.Second, Window: 200 * time.Millisecond, Patience: time.Second,
		},
	}
}

// phases in the order in which they are run.
var phases = []string{"speed", "memory", "expiry"}

func localCommand() *cli.Command {
	return &cli.Command{
		Name:  "local",
		Usage: "time, memory and pauses of caches in one process",
		Description: "All caches in one process and one run, in turns: compare within a run, not between runs.\n" +
			"It takes some minutes, during which the machine should have nothing else to do.",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "quick", Usage: "smaller and shorter: one or two minutes, a fifth of the entries, rough figures"},
			&cli.StringSliceFlag{Name: "phase", Usage: fmt.Sprintf("only this `NAME`, of %v; repeatable", phases)},
			&cli.IntSliceFlag{Name: "procs", Value: []int{1, 2}, Usage: "GOMAXPROCS to measure speed at; repeatable"},
			fromFlag(),
		}, sharedFlags()...),
		Action: local,
	}
}

func local(_ context.Context, cmd *cli.Command) error {
	l, err := newLocalRun(cmd)
	if err != nil {
		return err
	}
	picture, err := outputs(cmd)
	if err != nil {
		return err
	}
	report := new(localReport)
	given, err := earlier(cmd, report)
	if !given {
		report, err = l.run()
		l.progress.end()
	}
	if err != nil {
		return err
	}
	if err := publish(cmd, report, report.tables()); err != nil {
		return err
	}
	return picture.save(report.charts(), 2)
}

// localRun is the command while it runs.
type localRun struct {
	plan     localPlan
	names    []string
	phases   []string
	progress *progress
}

func newLocalRun(cmd *cli.Command) (*localRun, error) {
	l := &localRun{
		plan: fullPlan(), names: cmd.StringSlice("cache"), phases: cmd.StringSlice("phase"),
		progress: newProgress(cmd.Root().ErrWriter),
	}
	if cmd.Bool("quick") {
		l.plan = quickPlan()
	}
	if cmd.Args().Present() {
		return nil, usagef("local: unexpected %q", cmd.Args().First())
	}
	if len(l.phases) == 0 {
		l.phases = phases
	}
	for _, name := range l.phases {
		if !slices.Contains(phases, name) {
			return nil, usagef("local: there is no phase %q; there are %v", name, phases)
		}
	}
	for _, n := range cmd.IntSlice("procs") {
		if n < 1 {
			return nil, usagef("local: --procs is %d, it must be at least 1", n)
		}
		l.plan.Speed.Procs = append(l.plan.Speed.Procs, n)
	}
	return l, nil
}

func (l *localRun) run() (*localReport, error) {
	bytes, err := pick[[]byte](l.names)
	if err != nil {
		return nil, err
	}
	r := &localReport{About: about(bytes), Plan: l.plan}
	measure := map[string]func() error{
		"speed":  func() (err error) { r.Speed, err = speed(bytes, l.plan.Speed, l.progress); return err },
		"memory": func() (err error) { r.Memory, err = l.memory(bytes); return err },
		"expiry": func() (err error) { r.Expiry, err = expiry(bytes, l.plan.Expiry, l.progress); return err },
	}
	for _, name := range phases {
		if !slices.Contains(l.phases, name) {
			continue
		}
		if err := measure[name](); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// memory is at both types of values.
func (l *localRun) memory(bytes []caches.Contender[[]byte]) ([]memoryRow, error) {
	rows, err := memory(bytes, "[]byte", newBytes, l.plan.Entries, l.progress)
	if err != nil {
		return nil, err
	}
	ints, err := pick[int64](l.names)
	if err != nil {
		return nil, err
	}
	more, err := memory(ints, "int64", newInt, l.plan.Entries, l.progress)
	return append(rows, more...), err
}
