package sim_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

var (
	seedsFlag  = flag.Uint64("seeds", 0, "worlds of the campaign; 0 = as many as -for holds")
	fromFlag   = flag.Uint64("from", 0, "the first seed of the campaign")
	forFlag    = flag.Duration("for", budget, "how long the campaign runs, if -seeds is 0 or -resume is given")
	resumeIn   = flag.String("resume", "", "a file in which the campaign is kept when its time is over, and goes on from there the next time")
	seedFlag   = flag.Int64("seed", -1, "the one seed of TestSeed")
	lastsFlag  = flag.Duration("lasts", time.Hour, "how long each world lasts, virtually; 0 = as long as what is done in it takes")
	eventsFlag = flag.Bool("events", false, "TestSeed tells all that happens")
	shrinkFor  = flag.Duration("shrink", 30*time.Second, "how long a failed world is made smaller; 0 = not at all")
)

// total is what a campaign has seen. Its exported fields are what -resume keeps.
type total struct {
	mu       sync.Mutex // guards all below
	Next     uint64     // the seed that is next
	Worlds   int
	Hours    float64
	Tally    sim.Tally
	Counters replica.Counters
	Nodes    int
	Failing  []uint64
}

func (c *total) take(more func(done int) bool) (seed uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.Failing) > 0 || !more(int(c.Next-*fromFlag)) {
		return 0, false
	}
	c.Next++
	return c.Next - 1, true
}

func (c *total) add(seed uint64, p *sim.Plan, o sim.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Worlds++
	c.Hours += o.Virtual.Hours()
	c.Nodes += len(p.Nodes)
	c.Tally = c.Tally.Plus(o.Tally)
	c.Counters = c.Counters.Plus(o.Counters)
	if len(o.Faults) > 0 {
		c.Failing = append(c.Failing, seed)
	}
}

func (c *total) String() string {
	t, n := c.Tally, c.Counters
	return fmt.Sprintf("%d seeds from %d, %.1f virtual hours, %d nodes, %d events, %d frames, %d batches, %d lost, %d dropped by queues, %d doubled, %d late, "+
		"%d crashes, %d snapshots restored, %d records from journals, %d partitions, %d one-way, %d broken connections, %d clock steps, %d syncs, %d of them for what is settled, %d of them lossy, which dropped %d records (%.2f %% of those that came), %d records refused as from the future, %d fetches, %d values in parts, %d of them from several holders, violations %d",
		c.Worlds, *fromFlag, c.Hours, c.Nodes, t.Events, t.Frames, t.Batches, t.Lost, t.Dropped, t.Doubled, t.Late,
		t.Crashes, t.Restored, t.Replayed, t.Cuts, t.Mutes, t.Breaks, t.Steps, n.Pulls, n.Settled, n.Lossy, n.Dropped, 100*c.dropped(), n.Future, n.Fetches, n.Transfers, n.Resumed, len(c.Failing))
}

// dropped is the part of the records that came which lossy syncs dropped.
func (c *total) dropped() float64 {
	return float64(c.Counters.Dropped) / float64(max(c.Counters.Records+c.Counters.Moved, 1))
}

// mostDropped bounds that part. The rings of these worlds hold 1 to 8 where those of production hold 65,536 and more.
const mostDropped = 0.05

// TestCampaign runs as many worlds as it has the time for, on all processors, and explains the first that fails.
func TestCampaign(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // worlds are small and short-lived
	c := &total{Next: *fromFlag}
	resume(t, c)
	defer keep(t, c)
	more := quota()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed, ok := c.take(more); ok; seed, ok = c.take(more) {
				p := sim.Swarm(seed, *lastsFlag)
				c.add(seed, &p, p.Run(nil))
			}
		})
	}
	wg.Wait()
	t.Log(c)
	if c.dropped() > mostDropped {
		t.Errorf("lossy syncs dropped %.1f %% of the records that came", 100*c.dropped())
	}
	for _, seed := range c.Failing {
		explain(t, sim.Swarm(seed, *lastsFlag))
	}
}

// quota tells whether so many worlds are not enough yet.
func quota() func(done int) bool {
	began := time.Now()
	switch {
	case *seedsFlag > 0 && *resumeIn != "":
		return func(done int) bool { return done < int(*seedsFlag) && time.Since(began) < *forFlag }
	case *seedsFlag > 0:
		return func(done int) bool { return done < int(*seedsFlag) }
	case testing.Short():
		return func(done int) bool { return done < 10 }
	}
	return func(done int) bool { return done < least || time.Since(began) < *forFlag }
}

// TestSeed plays one world that -seed names.
func TestSeed(t *testing.T) {
	if *seedFlag < 0 {
		t.Skip("no -seed")
	}
	explain(t, sim.Swarm(uint64(*seedFlag), *lastsFlag))
}

// TestFailedSeeds plays every world that has ever failed.
func TestFailedSeeds(t *testing.T) {
	for _, p := range failedWorlds(t) {
		if o := p.Run(nil); len(o.Faults) > 0 {
			t.Errorf("seed %d: %v", p.Seed, o.Faults)
		}
	}
}

// failedWorlds reads testdata/seeds.txt: on each line a seed, how long its world lasts, and what it is for.
func failedWorlds(t *testing.T) (all []sim.Plan) {
	f, err := os.Open("testdata/seeds.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if s.Text() == "" || s.Text()[0] == '#' {
			continue
		}
		number, rest, _ := strings.Cut(s.Text(), " ")
		lasts, _, _ := strings.Cut(rest, " ")
		seed, err := strconv.ParseUint(number, 10, 64)
		length, err2 := time.ParseDuration(lasts)
		if err = errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		all = append(all, sim.Swarm(seed, length))
	}
	return all
}

// explain plays a world; if a rule breaks it looks for a smaller world that breaks it too, and tells how to see it again.
func explain(t *testing.T, p sim.Plan) {
	t.Helper()
	var trace func(string, ...any)
	if *eventsFlag {
		trace = func(f string, args ...any) { fmt.Printf(f+"\n", args...) }
	}
	o := p.Run(trace)
	if len(o.Faults) == 0 {
		return
	}
	until := time.Now().Add(*shrinkFor)
	small := sim.Shrink(p, o.Faults[0].Rule, func() bool { return time.Now().Before(until) })
	t.Errorf("seed %d breaks %s\n%v\nas short as it was found:\n%v\n%s\nagain: go test ./internal/sim -run 'TestSeed$' -seed %d -lasts %v -events -v; add the seed to testdata/seeds.txt",
		p.Seed, o.Faults[0].Rule, o.Faults, small.Run(nil).Faults, small, p.Seed, *lastsFlag)
}

// TestSameSeedSameStory: a seed tells the same story to the byte, whatever else runs.
func TestSameSeedSameStory(t *testing.T) {
	for seed := range uint64(2) {
		p := sim.Swarm(seed, *lastsFlag)
		q := sim.Swarm(seed, *lastsFlag)
		if a, b := p.Run(nil).Story, q.Run(nil).Story; a != b {
			t.Errorf("seed %d told two stories: %s, %s", seed, a, b)
		}
	}
}
