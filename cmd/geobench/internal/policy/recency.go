package policy

// recency is least recently used.
type recency struct{ chain }

func newRecency(keys, _ int) order { return &recency{newChain(keys)} }

func (r *recency) add(key uint32) { r.push(key) }
func (r *recency) use(key uint32) { r.renew(key) }
func (r *recency) evict() uint32  { return r.pop() }
