package replica

import (
	"encoding/binary"
	"math"
)

// cellSize is the bytes of a cell as it travels.
const cellSize = 48

// item is what a node knows of one key, as an audit compares it: a hash of the key, and its version with the dot.
type item struct{ key, time, origin, seq uint64 }

func (a item) xor(b item) item {
	return item{a.key ^ b.key, a.time ^ b.time, a.origin ^ b.origin, a.seq ^ b.seq}
}

// mix is the finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash is keyed by a seed drawn for each audit: nobody can choose keys that make its sketches undecodable.
func (a item) hash(seed uint64) uint64 {
	h := seed
	for _, w := range [...]uint64{a.key, a.time, a.origin, a.seq} {
		h = mix(h ^ w)
	}
	return h
}

// cell is one coded symbol: the sum of some items, of their hashes, and how many they are.
type cell struct {
	sum   item
	check uint64
	count int64
}

func (c *cell) add(a item, hash uint64, count int64) {
	c.sum, c.check, c.count = c.sum.xor(a), c.check^hash, c.count+count
}

// sketch is a prefix of the endless code of a set: a rateless invertible Bloom lookup table (Yang, Gilad and Alizadeh,
// "Practical Rateless Set Reconciliation", SIGCOMM 2024). Cells of two sets subtract to those of their difference,
// which about 1.35 times as many cells as it has items are enough to tell.
type sketch struct {
	seed  uint64
	cells []cell
}

// places calls f with the cells that an item of this hash is in, below n: the first, and on from any i to one that is
// drawn so that the i-th cell holds an item with probability 1/(1 + i/2).
func places(hash uint64, n int, f func(i int)) {
	for i, r := uint64(0), hash|1; i < uint64(n); {
		f(int(i))
		r *= 0xda942042e4dd58b5
		i += uint64(math.Ceil((float64(i) + 1.5) * ((1<<32)/math.Sqrt(float64(r)+1) - 1)))
	}
}

func (s *sketch) add(a item, count int64) {
	hash := a.hash(s.seed)
	places(hash, len(s.cells), func(i int) { s.cells[i].add(a, hash, count) })
}

// difference takes apart what remains of another sketch when the own items are out of it: the items that only the
// other has, and those that only this side has. Not ok: there are too many for so few cells.
func (s *sketch) difference(theirs []cell) (only, lacking []item, ok bool) {
	d := &sketch{seed: s.seed, cells: make([]cell, len(theirs))}
	for i, c := range theirs {
		own := s.cells[i]
		d.cells[i] = cell{c.sum.xor(own.sum), c.check ^ own.check, c.count - own.count}
	}
	for again := true; again; {
		again = false
		for i := range d.cells {
			c := d.cells[i]
			if c.count != 1 && c.count != -1 || c.sum.hash(s.seed) != c.check {
				continue
			}
			if len(only)+len(lacking) > len(d.cells) {
				return nil, nil, false // a sum that pretends to be an item for ever
			}
			if c.count == 1 {
				only = append(only, c.sum)
			} else {
				lacking = append(lacking, c.sum)
			}
			d.add(c.sum, -c.count)
			again = true
		}
	}
	return only, lacking, len(d.cells) > 0 && d.cells[0] == cell{}
}

// bytes is the cells as they travel.
func (s *sketch) bytes() []byte {
	b := make([]byte, 0, len(s.cells)*cellSize)
	for _, c := range s.cells {
		for _, w := range [...]uint64{c.sum.key, c.sum.time, c.sum.origin, c.sum.seq, c.check, uint64(c.count)} {
			b = binary.BigEndian.AppendUint64(b, w)
		}
	}
	return b
}

// toCells reads what bytes wrote; nil if it is no whole number of cells.
func toCells(b []byte) []cell {
	if len(b)%cellSize != 0 {
		return nil
	}
	cells := make([]cell, 0, len(b)/cellSize)
	for ; len(b) > 0; b = b[cellSize:] {
		w := func(i int) uint64 { return binary.BigEndian.Uint64(b[8*i:]) }
		cells = append(cells, cell{item{w(0), w(1), w(2), w(3)}, w(4), int64(w(5))})
	}
	return cells
}
