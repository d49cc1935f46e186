//go:build !campaign

package sim_test

import "time"

// With -tags campaign there is more time.
const (
	budget = 12 * time.Second
	least  = 10
)
