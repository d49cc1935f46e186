//go:build campaign

package sim_test

import "time"

const (
	budget = time.Minute
	least  = 100
)
