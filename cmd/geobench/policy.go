package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
	"github.com/geolru/geolru/cmd/geobench/internal/policy"
	"github.com/geolru/geolru/cmd/geobench/internal/trace"
)

func policyCommand() *cli.Command {
	return &cli.Command{
		Name:      "policy",
		Usage:     "what eviction policies would keep, of recorded requests and of a peer's writes",
		ArgsUsage: "FILE…",
		Description: "Replays each trace against simulated policies, alone and beside a peer whose writes arrive here: it has a later\n" +
			"part of the trace (other keys), or requests dealt to it one by one (same keys). Then a peer writes a tenth of\n" +
			"the capacity, which nobody reads: how much of it is kept?\n\n" + traceFormats,
		Flags: slices.Concat(traceFlags(), outputFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "policy", Usage: "only LRU and the one of this `NAME`; repeatable"},
		}),
		Action: comparePolicies,
	}
}

func comparePolicies(_ context.Context, cmd *cli.Command) error {
	files, err := newTraceFiles(cmd)
	if err != nil {
		return err
	}
	policies, err := pickPolicies(cmd.StringSlice("policy"))
	if err != nil {
		return err
	}
	picture, err := outputs(cmd)
	if err != nil {
		return err
	}
	r := &policyReport{About: about([]caches.Contender[int64]{})}
	p := newProgress(cmd.Root().ErrWriter)
	err = files.each(func(t trace.Trace) error {
		r.Traces = append(r.Traces, tryPolicies(t, policies, files.sizes, p))
		return nil
	})
	p.end()
	if err != nil {
		return err
	}
	if err := publish(cmd, r, r.tables()); err != nil {
		return err
	}
	return picture.save(r.charts(), 1)
}

// pickPolicies is the policies of the names and LRU, all if there are no names.
func pickPolicies(names []string) ([]policy.Policy, error) {
	all := policy.All()
	if len(names) == 0 {
		return all, nil
	}
	known := []string{}
	for _, p := range all {
		known = append(known, p.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usagef("policy: there is no policy %q; there are %q", name, known)
		}
	}
	return slices.DeleteFunc(all, func(p policy.Policy) bool {
		return p.Name != policy.LRU && !slices.Contains(names, p.Name)
	}), nil
}

// cuts is the workloads: this node alone, and with a peer.
func cuts() []cut {
	return []cut{alone, {Peer: 30}, {Peer: 50}, {Peer: 70}, {Peer: 30, Same: true}, {Peer: 50, Same: true}, {Peer: 70, Same: true}}
}

var (
	alone = cut{}
	crowd = cut{Peer: 50} // in which fresh writes are tried a second time
)

// policyRow is how a policy did at a size.
type policyRow struct {
	Policy  string  `json:"policy"`
	Size    int     `json:"size"`
	Cut     cut     `json:"cut"`
	Arrived float64 `json:"arrived_share,omitempty"` // of what an LRU cache takes in, the peer's part; of LRU only
	Ratio   float64 `json:"hit_ratio"`
	Fresh   *fresh  `json:"fresh,omitempty"` // of alone and crowd
}

// policyTrace is what was found on one trace.
type policyTrace struct {
	Trace    string      `json:"trace"`
	Requests int         `json:"requests"`
	Distinct int         `json:"distinct"`
	Sizes    []int       `json:"sizes"`
	Rows     []policyRow `json:"rows"`
}

func tryPolicies(t trace.Trace, all []policy.Policy, sizes []size, p *progress) policyTrace {
	r := policyTrace{Trace: t.Name, Requests: len(t.Requests), Distinct: t.Distinct, Sizes: entriesOf(sizes, t.Distinct)}
	p.begin(t.Name, len(cuts())*len(r.Sizes)*len(all))
	for _, c := range cuts() {
		for _, n := range r.Sizes {
			r.Rows = append(r.Rows, tryAt(newTraffic(t, c, n), c, n, all, p)...)
		}
	}
	return r
}

// tryAt is all policies in the same traffic.
func tryAt(w traffic, c cut, n int, all []policy.Policy, p *progress) (rows []policyRow) {
	for _, pol := range all {
		p.step(fmt.Sprintf("%s of %d entries", pol.Name, n))
		hits := w.hits(pol, n)
		row := policyRow{Policy: pol.Name, Size: n, Cut: c, Ratio: float64(hits) / float64(len(w.requests))}
		if c == alone || c == crowd {
			f := w.fresh(pol, n)
			row.Fresh = &f
		}
		if pol.Name == policy.LRU {
			row.Arrived = float64(len(w.writes)) / float64(len(w.writes)+len(w.requests)-hits)
		}
		rows = append(rows, row)
	}
	return rows
}
