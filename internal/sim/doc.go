// Package sim is a deterministic world for the engine: nodes, their clocks, their disks, the links between them and what
// goes wrong with all of it, from one seed. It runs the production engine (replica, store, snapshot, crdt, lru, ttl) and
// nothing but network, clock and disk is simulated; one goroutine runs all events in order of time, so a seed always
// tells the same story.
//
// A world is made with New, nodes join with Add, and Run lets time pass. Between runs a test reads and writes the caches
// of the nodes as an application would, and cuts, heals, crashes and skews. An Oracle follows the caches and judges every
// read: most faults show for milliseconds only, and a look at the end would miss them.
//
// Swarm draws a whole world from a seed, its nodes, its links, all that is done in it and to it; Plan.Run plays it. At
// the end everything heals, some rounds pass, and all must agree, hold what they should and come to rest:
//
//	go test ./internal/sim                                                        # some seconds of worlds
//	go test -tags campaign -run Campaign ./internal/sim                           # a minute of them, at least 100
//	go test -tags campaign -run Campaign -timeout 0 ./internal/sim -seeds 10000   # on demand; -from begins elsewhere
//	go test -run 'TestSeed$' ./internal/sim -seed 17 -events -v                   # one world, with all that happens in it
//
// Each of these worlds lasts an hour; -lasts says otherwise, and -lasts 0 has each end when all is done in it.
//
// A world that fails is made smaller and printed with the command that plays it again. Its seed goes into
// testdata/seeds.txt, whose worlds are played by every test; since a seed is only as good as what Swarm draws from it,
// what was found is also told as a small world of its own.
//
// That nothing is found proves something only if what is there is found. Package plant breaks one clause of the rules at
// a time, in a build with its tag; for each there is a small world in which it shows:
//
//	go test -tags planted ./internal/sim                                          # each is found in its small world
//	go test -tags 'planted campaign' -run HowMany -timeout 0 ./internal/sim       # … and in how many random ones
package sim
