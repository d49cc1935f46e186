package lru

// index finds slots by hash: open addressing with linear probing in a power of two of cells, at most 3/4 full.
//
// A cell is 0 if empty. Otherwise its low bits, as many as it takes to number the cells, are the slot (there are fewer
// than cells, so they fit), and its high bits are those of the hash. The low bits of the hash need no place: the cell's
// home is chosen by them. So in a shard of 4,096 entries a probe compares 19 bits before it touches the slab, at no
// cost in memory. Comparing with the hashes beside the slab instead would be one more line of memory for every probe.
//
// Invariant: from the home of a slot to its cell, no cell is empty. Removal keeps it by shifting cells back, so there are
// no markers of deleted cells, that would pile up in a cache (each insertion evicts) and need rebuilding now and then.
type index struct {
	cells  []uint32
	hashes []uint32 // by slot: the low 32 bits of the hash, from which a cell's home is known when it moves
	used   int      // cells that are not empty
}

// minCells lets a table be made without a look at whether there are cells.
const minCells = 8

func newIndex() index { return index{cells: make([]uint32, minCells), hashes: make([]uint32, 1)} }

func (x *index) mask() uint32 { return uint32(len(x.cells) - 1) }

// probe is the first cell from i on (counted around the end) that may be of a key with this hash, and its slot; 0 if
// there is none before an empty cell.
func (x *index) probe(i, hash uint32) (at, slot uint32) {
	cells, mask := x.cells, x.mask()
	for i &= mask; ; i = (i + 1) & mask {
		cell := cells[i]
		if cell == 0 || (cell^hash)&^mask == 0 {
			return i, cell & mask
		}
	}
}

// insert adds a cell for a slot that has none.
func (x *index) insert(slot, hash uint32) {
	if 4*(x.used+1) > 3*len(x.cells) {
		x.grow()
	}
	x.hashes[slot] = hash
	x.place(slot, hash)
	x.used++
}

// place fills the first empty cell from the slot's home on.
func (x *index) place(slot, hash uint32) {
	mask := x.mask()
	i := hash & mask
	for x.cells[i] != 0 {
		i = (i + 1) & mask
	}
	x.cells[i] = hash&^mask | slot
}

// grow doubles the cells.
func (x *index) grow() {
	old, mask := x.cells, x.mask()
	x.cells = make([]uint32, 2*len(old))
	for _, cell := range old {
		if cell != 0 {
			slot := cell & mask
			x.place(slot, x.hashes[slot])
		}
	}
}

// remove takes a slot's cell out.
func (x *index) remove(slot uint32) {
	cells, mask := x.cells, x.mask()
	i := x.hashes[slot] & mask
	for cells[i]&mask != slot {
		i = (i + 1) & mask
	}
	cells[x.shift(i)] = 0
	x.used--
}

// shift moves the hole at i forward, by moving back into it each cell that it would cut off from its home, and returns
// where the hole ends up: before an empty cell. A cell at j may move to i if its home is not after i, that is, if it is
// at least as far from its home as from i, counted around the end of the table.
func (x *index) shift(i uint32) uint32 {
	cells, hashes, mask := x.cells, x.hashes, x.mask()
	for j := (i + 1) & mask; cells[j] != 0; j = (j + 1) & mask {
		home := hashes[cells[j]&mask]
		if (j-home)&mask >= (j-i)&mask {
			cells[i] = cells[j]
			i = j
		}
	}
	return i
}
