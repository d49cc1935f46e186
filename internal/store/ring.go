package store

// ring holds the ghosts, or the tombstones, of a shard: a binary heap of slots, the lowest version on top. So both
// questions are answered at the top: which to forget when there are too many, and which has outlived its retention.
// A list in order of arrival was rejected: a hot entry is evicted long after it was written, and would raise the floor
// over everything younger in between.
type ring[P any] struct {
	shard *shard[P]
	heap  []uint32
	limit int
}

func (r *ring[P]) len() int { return len(r.heap) }

// lowest is the slot of the lowest version; the ring must not be empty.
func (r *ring[P]) lowest() uint32 { return r.heap[0] }

func (r *ring[P]) push(slot uint32) {
	r.heap = append(r.heap, slot)
	r.shard.extras[slot].place = uint32(len(r.heap) - 1)
	r.up(len(r.heap) - 1)
}

func (r *ring[P]) remove(slot uint32) {
	i, end := int(r.shard.extras[slot].place), len(r.heap)-1
	r.swap(i, end)
	r.heap = r.heap[:end]
	if i < end {
		r.down(i)
		r.up(i)
	}
}

func (r *ring[P]) less(i, j int) bool {
	return r.shard.version(r.heap[i]).Less(r.shard.version(r.heap[j]))
}

func (r *ring[P]) swap(i, j int) {
	r.heap[i], r.heap[j] = r.heap[j], r.heap[i]
	r.shard.extras[r.heap[i]].place, r.shard.extras[r.heap[j]].place = uint32(i), uint32(j)
}

func (r *ring[P]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !r.less(i, parent) {
			return
		}
		r.swap(i, parent)
		i = parent
	}
}

func (r *ring[P]) down(i int) {
	for {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < len(r.heap) && r.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		r.swap(i, least)
		i = least
	}
}
