//go:build !campaign

package sim_test

import "time"

// With -tags campaign there is more time.
const (
	budget = 9 * time.Second
	least  = 10
)
