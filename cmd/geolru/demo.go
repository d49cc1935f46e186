package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "three regions in one process: writes, a cut, the healing, with measured times; exit 0 only if all of it held",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON object at the end instead"}},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := arguments(cmd, 0, 0); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
			defer stop()
			return demo(ctx, cmd.Root().Writer, cmd.Bool("json"))
		},
	}
}

// stage is one thing that the demo shows; its error says what did not hold.
type stage struct {
	Title string
	show  func(ctx context.Context, w *world, o *outcome) error
}

var stages = []stage{
	{"A write in one region is seen in the others", showSpeed},
	{"A region is cut off, and both sides write on", showCut},
	{"The cut heals", showHealing},
	{"What was deleted stays deleted", showDeleted},
	{"An entry ends at its millisecond, everywhere", showExpiry},
}

// outcome is what a stage showed. Figures are in milliseconds.
type outcome struct {
	Title   string             `json:"title"`
	Held    bool               `json:"held"`
	Problem string             `json:"problem,omitempty"`
	Said    []string           `json:"said"`
	Figures map[string]float64 `json:"figures_ms,omitempty"`

	screen *screen
}

// say adds a line, shown at once.
func (o *outcome) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	o.Said = append(o.Said, line)
	o.screen.line("   " + line)
}

func (o *outcome) figure(name string, d time.Duration) {
	o.Figures[name] = float64(d.Nanoseconds()) / 1e6
}

// demo runs the stages; a later one is shown though an earlier one did not hold.
func demo(ctx context.Context, out io.Writer, asJSON bool) error {
	s := newScreen(out, asJSON)
	s.line("geolru demo: three regions in this process, over real libp2p connections on loopback\n")
	w, err := newWorld(ctx)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer w.close()
	for _, p := range w.all() {
		s.line(fmt.Sprintf("   %-9s %s", p.region, strings.Join(p.node.Addrs(), " ")))
	}
	began := time.Now()
	all := make([]*outcome, 0, len(stages))
	for i, st := range stages {
		s.line(fmt.Sprintf("\n%d. %s", i+1, st.Title))
		all = append(all, st.run(ctx, w, s))
		if ctx.Err() != nil {
			return fmt.Errorf("demo: %w", ctx.Err())
		}
	}
	return conclude(out, s, all, time.Since(began), asJSON)
}

func (st stage) run(ctx context.Context, w *world, s *screen) *outcome {
	o := &outcome{Title: st.Title, Said: []string{}, Figures: map[string]float64{}, screen: s}
	err := st.show(ctx, w, o)
	if o.Held = err == nil; o.Held {
		s.line("   held")
		return o
	}
	o.Problem = err.Error()
	s.line("   DID NOT HOLD: " + o.Problem)
	return o
}

// conclude says whether all of it held, and which did not.
func conclude(out io.Writer, s *screen, all []*outcome, took time.Duration, asJSON bool) error {
	var broken []string
	for i, o := range all {
		if !o.Held {
			broken = append(broken, fmt.Sprintf("%d. %s: %s", i+1, o.Title, o.Problem))
		}
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return firstError(broken, e.Encode(map[string]any{"held": len(broken) == 0, "seconds": took.Seconds(), "stages": all}))
	}
	if len(broken) == 0 {
		s.line(fmt.Sprintf("\nAll of it held, in %.0f s.", took.Seconds()))
	}
	return firstError(broken, nil)
}

func firstError(broken []string, err error) error {
	if len(broken) > 0 {
		return fmt.Errorf("demo: did not hold:\n  %s", strings.Join(broken, "\n  "))
	}
	return err
}
