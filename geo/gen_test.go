package geo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// city is where a cloud region is, in degrees, as its provider tells.
type city struct {
	region   string
	lat, lon float64
}

var cities = []city{
	{"af-south-1", -33.92, 18.42},      // Cape Town
	{"ap-east-1", 22.32, 114.17},       // Hong Kong
	{"ap-northeast-1", 35.68, 139.65},  // Tokyo
	{"ap-northeast-2", 37.57, 126.98},  // Seoul
	{"ap-south-1", 19.08, 72.88},       // Mumbai
	{"ap-southeast-1", 1.35, 103.82},   // Singapore
	{"ap-southeast-2", -33.87, 151.21}, // Sydney
	{"ap-southeast-3", -6.21, 106.85},  // Jakarta
	{"ca-central-1", 45.50, -73.57},    // Montreal
	{"eu-central-1", 50.11, 8.68},      // Frankfurt
	{"eu-north-1", 59.33, 18.07},       // Stockholm
	{"eu-south-2", 40.42, -3.70},       // Madrid
	{"eu-west-1", 53.35, -6.26},        // Dublin
	{"eu-west-2", 51.51, -0.13},        // London
	{"il-central-1", 32.09, 34.78},     // Tel Aviv
	{"me-central-1", 25.20, 55.27},     // Dubai
	{"sa-east-1", -23.55, -46.64},      // São Paulo
	{"us-east-1", 39.05, -77.49},       // Ashburn
	{"us-west-1", 37.77, -122.42},      // San Francisco
	{"us-west-2", 45.84, -119.70},      // Boardman
}

// Light in fibre goes at two thirds of c. Real RTTs are 1.75 times what it would take (median of 32 cloud regions and of 222
// internet cities), hence the logarithm's mean below.
const (
	earthKm      = 6371
	fibreKmPerMs = 299.792458 * 2 / 3
)

// kilometres is the great circle between two cities.
func kilometres(a, b city) float64 {
	rad := math.Pi / 180
	sinLat, sinLon := math.Sin((b.lat-a.lat)*rad/2), math.Sin((b.lon-a.lon)*rad/2)
	h := sinLat*sinLat + math.Cos(a.lat*rad)*math.Cos(b.lat*rad)*sinLon*sinLon
	return 2 * earthKm * math.Asin(math.Sqrt(min(h, 1)))
}

// path draws the RTT between two cities without jitter.
func path(a, b city, rnd *rand.Rand) time.Duration {
	ms := 2*kilometres(a, b)/fibreKmPerMs*math.Exp(0.636+0.27*rnd.NormFloat64()) + 1
	return millis(ms)
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// jitter is what is added to the RTT of a path: share · lognormal(0, sigma) of it, and now and then a spike.
type jitter struct {
	name                string
	share, sigma, spike float64
}

var (
	cloud    = jitter{"cloud", .01, 1, .005}
	internet = jitter{"internet", .05, 1, .02}
	bad      = jitter{"bad", .20, 1.2, .05}
)

// draw is one measured RTT on a path of base.
func (j jitter) draw(base time.Duration, rnd *rand.Rand) time.Duration {
	ms := float64(base) / float64(time.Millisecond)
	add := j.share * ms * math.Exp(j.sigma*rnd.NormFloat64())
	if rnd.Float64() < j.spike {
		add += 20 + ms*rnd.ExpFloat64()
	}
	return min(millis(ms+add), maxRTT)
}

// world is one node and its peers in virtual time.
type world struct {
	*Ranking
	rnd   *rand.Rand
	now   int64
	ids   []ID
	base  map[ID]time.Duration // for looking up, never walked
	noise jitter

	probed func(id ID) // told of each probe, once it is answered
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// newWorld puts a node and n peers into cities drawn at random, if seed is odd none into the node's own.
func newWorld(seed uint64, n int, noise jitter) *world {
	rnd := seeded(seed)
	home := cities[rnd.IntN(len(cities))]
	w := &world{Ranking: NewRanking(home.region, seeded(seed+1e6)), rnd: rnd, noise: noise, base: make(map[ID]time.Duration)}
	for i := range n {
		c := cities[rnd.IntN(len(cities))]
		for seed%2 == 1 && c == home {
			c = cities[rnd.IntN(len(cities))]
		}
		id := ID(fmt.Sprintf("%03d", i))
		w.ids = append(w.ids, id)
		w.base[id] = path(home, c, rnd)
		w.Add(id, c.region, w.now)
	}
	return w
}

// run probes for a time; the answers come at once, only their RTT is as it would be.
func (w *world) run(d time.Duration) {
	for end := w.now + int64(d); w.now < end; {
		next, _ := w.NextDue()
		w.now = max(w.now, next)
		for _, id := range w.Due(w.now) {
			w.probe(id)
		}
	}
}

func (w *world) probe(id ID) {
	w.Probed(id, w.now)
	w.Sample(id, w.noise.draw(w.base[id], w.rnd), w.now)
	if w.probed != nil {
		w.probed(id)
	}
}

// first is whom the ranking holds to be nearest.
func (w *world) first() ID { return w.Nearest(1, w.now)[0] }

// truth is the RTT of the nearest peer.
func (w *world) truth() time.Duration {
	best := w.base[w.ids[0]]
	for _, id := range w.ids {
		best = min(best, w.base[id])
	}
	return best
}
