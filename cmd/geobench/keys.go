package main

import (
	"encoding/binary"
	"encoding/hex"
)

const (
	keyBytes   = 16
	valueBytes = 100
)

// appendKey appends the i-th key: 16 hexadecimal digits in which neighbours have nothing in common, and no two are the
// same (the finalizer of splitmix64 is a permutation).
func appendKey(b []byte, i int) []byte {
	x := uint64(i) + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	var word [keyBytes / 2]byte
	binary.BigEndian.PutUint64(word[:], x^x>>31)
	return hex.AppendEncode(b, word[:])
}

// keysFrom is keys first to first+n-1, in one block of memory: the garbage collector has next to nothing to do with
// what is not the cache's.
func keysFrom(first, n int) []string {
	block := make([]byte, 0, n*keyBytes)
	for i := range n {
		block = appendKey(block, first+i)
	}
	all, keys := string(block), make([]string, n)
	for i := range keys {
		keys[i] = all[i*keyBytes : (i+1)*keyBytes]
	}
	return keys
}

// newKey is a key in memory of its own, as a program would have it.
func newKey(i int) string { return string(appendKey(make([]byte, 0, keyBytes), i)) }

// dice is a quick source of numbers (xorshift64*); its quality is not what is measured. The zero value does not work.
type dice uint64

func newDice(seed int) dice { return dice(seed)*0x9e3779b97f4a7c15 + 1 }

// below is a number from 0 to n-1.
func (d *dice) below(n int) int {
	*d ^= *d >> 12
	*d ^= *d << 25
	*d ^= *d >> 27
	return int(uint64(uint32(*d*0x2545f4914f6cdd1d>>32)) * uint64(n) >> 32)
}
