package policy

// chain is keys in a row, the oldest first; a key is in it once at the most. newChain makes one.
type chain struct {
	links []link // by key+1; 0 is both ends
	count int
}

type link struct{ older, newer uint32 }

// newChain has room for keys 0 to keys-1.
func newChain(keys int) chain { return chain{links: make([]link, keys+1)} }

// push puts a key that is not in the chain at its new end.
func (c *chain) push(key uint32) {
	node, last := key+1, c.links[0].older
	c.links[node] = link{older: last}
	c.links[last].newer, c.links[0].older = node, node
	c.count++
}

// remove takes out a key that is in the chain.
func (c *chain) remove(key uint32) {
	l := c.links[key+1]
	c.links[l.older].newer, c.links[l.newer].older = l.newer, l.older
	c.count--
}

// oldest is the key at the old end, which there must be.
func (c *chain) oldest() uint32 { return c.links[0].newer - 1 }

// pop takes out the oldest key.
func (c *chain) pop() uint32 {
	key := c.oldest()
	c.remove(key)
	return key
}

// renew moves a key in the chain to its new end.
func (c *chain) renew(key uint32) {
	c.remove(key)
	c.push(key)
}

// newer is the key after one, going round from the new end to the old.
func (c *chain) newer(key uint32) uint32 {
	if next := c.links[key+1].newer; next != 0 {
		return next - 1
	}
	return c.oldest()
}

func (c *chain) len() int { return c.count }
