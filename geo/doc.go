// Package geo tells who is near: it orders the peers of a node by measured latency, says whom to probe next, how long to
// wait before a second peer is asked, and whom to be connected to.
//
// The life of one look-up, in the hands of the caller:
//
//	budget.Look()
//	near := ranking.Nearest(3, now)            // ask near[0]
//	scarce := budget.Scarce()                  // the fewer hedged requests are left the longer is the wait
//	wait := ranking.Hedge(near[0], scarce)     // no answer for so long: if budget.Hedge() ask near[1] too, else wait again
//	ranking.Sample(near[0], rtt, now)          // it answered: every answer is a measurement
//	ranking.Late(near[0], took, now)           // but not one that comes after near[1] answered
//	ranking.Fail(near[0], now)                 // or the request failed: skipped until it answers a probe
//
// and of the probes that keep the order true when nobody asks anything:
//
//	for _, id := range ranking.Due(now) {
//		ranking.Probed(id, now)                // then send it; Sample when the answer comes
//	}
//	next, ok := ranking.NextDue()              // when to look again
//
// Latency is measured directly, never predicted. By network coordinates alone the nearest peer was right in 6–59 % of the
// cases over 32 cloud regions and 222 internet cities, while probing 200 peers directly costs 2 kB/s.
//
// Nothing here reads a clock, touches a network or starts a goroutine. Time comes in as Unix nanoseconds and chance as a
// source of random numbers, and nothing depends on the order of a Go map, so the same calls always give the same answers.
package geo
