package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/internal/wan"
)

// wanPlan is what `geobench wan` simulates.
type wanPlan struct {
	Nodes   int     `json:"nodes"`
	Regions int     `json:"regions"`
	Rate    float64 `json:"writes_per_second"` // of all nodes together
	Seconds float64 `json:"seconds"`           // of writes
	Looks   int     `json:"lookups"`           // of each kind
	Seed    uint64  `json:"seed"`
	Matrix  string  `json:"matrix"` // what the round trips are from
}

func wanCommand() *cli.Command {
	return &cli.Command{
		Name:  "wan",
		Usage: "simulate nodes around the world: replication, look-ups, ranking",
		Description: "The engine of geolru in virtual time, with the round trips of a table or of a generator. No figure depends on\n" +
			"the speed of this machine: one seed always gives the same. What the machine would need for CPU is not simulated.\n" +
			"It takes some minutes; with --nodes 24 --seconds 0.3 --lookups 200 ten seconds.\n\n" +
			"A table of --matrix or --stddev is CSV: lines that begin with # are comments; then the names of the places behind\n" +
			"an empty cell; then for each place, in the same order, its name and the ms from it to each of them.",
		Flags: append([]cli.Flag{
			&cli.IntFlag{Name: "nodes", Value: 64, Usage: "`N` nodes, 2 to 256; more than 64 are not all connected to each other"},
			&cli.IntFlag{Name: "regions", Value: 8, Usage: "in `N` regions, 2 to 20, or to as many as --matrix has places"},
			&cli.FloatFlag{Name: "rate", Value: 10_000, Usage: "`N` writes a second in all"},
			&cli.FloatFlag{Name: "seconds", Value: 1, Usage: "`N` seconds of writes"},
			&cli.IntFlag{Name: "lookups", Value: 5000, Usage: "`N` look-ups of each kind"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`N` that all that is drawn follows from"},
			&cli.StringFlag{Name: "matrix", Usage: "round trips in ms between places, a `FILE` of such a table; without it they are drawn"},
			&cli.StringFlag{Name: "stddev", Usage: "their standard deviations, a `FILE` of the same places; without it jitter is drawn, of three kinds"},
		}, outputFlags()...),
		Action: runWAN,
	}
}

func runWAN(_ context.Context, cmd *cli.Command) error {
	w, err := newWANRun(cmd)
	if err != nil {
		return err
	}
	picture, err := outputs(cmd)
	if err != nil {
		return err
	}
	report, err := w.run()
	w.progress.end()
	if err != nil {
		return err
	}
	if err := publish(cmd, report, report.tables()); err != nil {
		return err
	}
	return picture.save(report.charts(), 2)
}

// wanRun is the command while it runs.
type wanRun struct {
	plan     wanPlan
	table    *wan.Table
	noises   []noise
	progress *progress
}

func newWANRun(cmd *cli.Command) (*wanRun, error) {
	w := &wanRun{progress: newProgress(cmd.Root().ErrWriter), plan: wanPlan{
		Nodes: cmd.Int("nodes"), Regions: cmd.Int("regions"), Rate: cmd.Float("rate"), Seconds: cmd.Float("seconds"),
		Looks: cmd.Int("lookups"), Seed: cmd.Uint64("seed"), Matrix: cmd.String("matrix"),
	}}
	p := w.plan
	switch {
	case cmd.Args().Present():
		return nil, usagef("wan: unexpected %q", cmd.Args().First())
	case p.Nodes < 2 || p.Nodes > 256:
		return nil, usagef("wan: --nodes is %d, it must be 2 to 256", p.Nodes)
	case p.Rate <= 0 || p.Seconds <= 0 || p.Looks < 1:
		return nil, usagef("wan: --rate is %v, --seconds is %v and --lookups is %d, all must be above 0", p.Rate, p.Seconds, p.Looks)
	case cmd.String("stddev") != "" && p.Matrix == "":
		return nil, usagef("wan: --stddev needs --matrix")
	}
	if err := w.load(cmd.String("stddev")); err != nil {
		return nil, err
	}
	if n := len(w.table.Names); p.Regions < 2 || p.Regions > n {
		return nil, usagef("wan: --regions is %d, it must be 2 to %d", p.Regions, n)
	}
	return w, nil
}

// load reads the tables, or draws them.
func (w *wanRun) load(stddev string) (err error) {
	w.noises = drawnNoises()
	if w.plan.Matrix == "" {
		w.plan.Matrix = "generator"
		w.table = wan.Draw(len(wan.Cities), rand.New(rand.NewPCG(w.plan.Seed, 3)))
		return nil
	}
	if w.table, err = readTable(w.plan.Matrix); err != nil || stddev == "" {
		return err
	}
	spread, err := readTable(stddev)
	if err != nil {
		return err
	}
	if len(spread.Names) != len(w.table.Names) {
		return fmt.Errorf("wan: %s has %d places, %s has %d", stddev, len(spread.Names), w.plan.Matrix, len(w.table.Names))
	}
	w.noises = append([]noise{measuredNoise(spread)}, w.noises...)
	return nil
}

func readTable(file string) (*wan.Table, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := wan.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// noise is one round trip between two places, of a base.
type noise struct {
	name string
	draw func(i, j int, base time.Duration, rnd *rand.Rand) time.Duration
}

func drawnNoises() (all []noise) {
	for _, j := range []wan.Jitter{wan.Cloud, wan.Internet, wan.Bad} {
		all = append(all, noise{j.Name, func(_, _ int, base time.Duration, rnd *rand.Rand) time.Duration { return j.Draw(base, rnd) }})
	}
	return all
}

// measuredNoise is one-sided, with the standard deviation that was measured: |N(0, s)|, which is least often far off, would
// flatter; a lognormal has the tail that ping shows.
func measuredNoise(spread *wan.Table) noise {
	const sigma = 1.0
	// a lognormal of median m and this sigma has a standard deviation of m·deviation
	deviation := lognormalDeviation(sigma)
	return noise{"measured", func(i, j int, base time.Duration, rnd *rand.Rand) time.Duration {
		return base + time.Duration(float64(spread.Between(i, j))/deviation*lognormal(sigma, rnd))
	}}
}

func (w *wanRun) run() (*wanReport, error) {
	r := &wanReport{About: about[int64](nil), Plan: w.plan}
	steps := 1 + 2*len(w.noises)
	w.progress.begin("wan", steps)
	w.progress.step("replication")
	var err error
	if r.Replication, err = w.replication(); err != nil {
		return nil, err
	}
	for _, n := range w.noises {
		w.progress.step("ranking, jitter " + n.name)
		r.Ranking = append(r.Ranking, w.ranking(n))
	}
	for _, n := range w.noises {
		w.progress.step("look-ups, jitter " + n.name)
		rows, err := w.lookups(n)
		if err != nil {
			return nil, err
		}
		r.Lookups = append(r.Lookups, rows...)
	}
	return r, nil
}
