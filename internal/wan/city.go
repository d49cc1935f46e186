// Package wan draws how far places on earth are from each other, and how unevenly messages travel, for simulations: great
// circles, light in fibre, the detours and the jitter that were measured between cloud regions and internet cities. It
// also reads tables of measured round trips.
//
// Nothing here reads a clock or a source of chance that was not handed in.
package wan

import (
	"math"
	"math/rand/v2"
	"time"
)

// City is where a cloud region is, in degrees, as its provider tells.
type City struct {
	Region   string
	Lat, Lon float64
}

// Cities are those of the cloud regions from which worlds are drawn.
var Cities = []City{
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
func kilometres(a, b City) float64 {
	rad := math.Pi / 180
	sinLat, sinLon := math.Sin((b.Lat-a.Lat)*rad/2), math.Sin((b.Lon-a.Lon)*rad/2)
	h := sinLat*sinLat + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*sinLon*sinLon
	return 2 * earthKm * math.Asin(math.Sqrt(min(h, 1)))
}

// Path draws the RTT between two cities without jitter.
func Path(a, b City, rnd *rand.Rand) time.Duration {
	ms := 2*kilometres(a, b)/fibreKmPerMs*math.Exp(0.636+0.27*rnd.NormFloat64()) + 1
	return millis(ms)
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// Jitter is what is added to the RTT of a path: share · lognormal(0, sigma) of it, and now and then a spike.
type Jitter struct {
	Name                string
	Share, Sigma, Spike float64
}

// The kinds of jitter that worlds have.
var (
	Cloud    = Jitter{"cloud", .01, 1, .005}
	Internet = Jitter{"internet", .05, 1, .02}
	Bad      = Jitter{"bad", .20, 1.2, .05}
)

// Draw is one measured RTT on a path of base.
func (j Jitter) Draw(base time.Duration, rnd *rand.Rand) time.Duration {
	ms := float64(base) / float64(time.Millisecond)
	add := j.Share * ms * math.Exp(j.Sigma*rnd.NormFloat64())
	if rnd.Float64() < j.Spike {
		add += 20 + ms*rnd.ExpFloat64()
	}
	return min(millis(ms+add), longest)
}

// longest is the longest RTT that is drawn: what takes longer is a clock that was stepped.
const longest = time.Minute
