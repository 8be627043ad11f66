// Package lru is a cache that forgets what was used least recently. It is on floor 0, the
// pure tools.
package lru

// Cache keeps at most so many values. It grows with what it holds, up to its size, and then
// takes the place of the least recently used value for each new one. With keys and values
// without pointers the garbage collector has nothing to look through. It is not safe for
// concurrent use.
type Cache[K comparable, V any] struct {
	size  int
	index map[K]int32
	nodes []node[K, V] // nodes[0] is the end of the ring on both sides
	free  int32        // the first of the nodes that hold nothing, linked by next; 0 for none
}

type node[K comparable, V any] struct {
	key        K
	value      V
	next, prev int32 // next is the one that was used before this one
}

// New returns a cache of at most size values, which must be at least 1.
func New[K comparable, V any](size int) *Cache[K, V] {
	return &Cache[K, V]{size: max(size, 1), index: map[K]int32{}, nodes: make([]node[K, V], 1)}
}

// Get returns the value of a key and whether there is one. The key counts as used.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	i, ok := c.index[key]
	if !ok {
		return value, false
	}
	c.unlink(i)
	c.link(i)
	return c.nodes[i].value, true
}

// Set keeps a value. The key counts as used.
func (c *Cache[K, V]) Set(key K, value V) {
	i, ok := c.index[key]
	switch {
	case ok:
		c.unlink(i)
	case c.free != 0:
		i = c.free
		c.free = c.nodes[i].next
	case len(c.index) == c.size:
		i = c.nodes[0].prev
		c.unlink(i)
		delete(c.index, c.nodes[i].key)
	default:
		i = int32(len(c.nodes))
		c.nodes = append(c.nodes, node[K, V]{})
	}
	c.nodes[i].key, c.nodes[i].value = key, value
	c.index[key] = i
	c.link(i)
}

// Delete removes a value. A key without one is no error.
func (c *Cache[K, V]) Delete(key K) {
	i, ok := c.index[key]
	if !ok {
		return
	}
	c.unlink(i)
	delete(c.index, key)
	c.nodes[i] = node[K, V]{next: c.free}
	c.free = i
}

// Len returns how many values there are.
func (c *Cache[K, V]) Len() int { return len(c.index) }

// link puts a node in front.
func (c *Cache[K, V]) link(i int32) {
	first := c.nodes[0].next
	c.nodes[i].next, c.nodes[i].prev = first, 0
	c.nodes[first].prev, c.nodes[0].next = i, i
}

func (c *Cache[K, V]) unlink(i int32) {
	n := c.nodes[i]
	c.nodes[n.prev].next, c.nodes[n.next].prev = n.next, n.prev
}
