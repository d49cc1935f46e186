//go:build planted

package plant

import "sync/atomic"

var planted atomic.Uint32

// On tells whether a bug is planted. Safe for concurrent use.
func On(b Bug) bool { return Bug(planted.Load()) == b }

// Set plants a bug, for the whole process, in the place of any other; None ends it.
func Set(b Bug) { planted.Store(uint32(b)) }
