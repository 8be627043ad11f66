package lru_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/internal/lru"
)

// What was used least recently goes, one for each that comes.
func TestLeastRecentlyUsedGoes(t *testing.T) {
	c := lru.New[string, int](3)
	for i, key := range []string{"a", "b", "c"} {
		c.Set(key, i)
	}
	c.Get("a")
	c.Set("b", 7)
	c.Set("d", 3)
	c.Set("e", 4)
	for key, want := range map[string]int{"b": 7, "d": 3, "e": 4} {
		if got, ok := c.Get(key); !ok || got != want {
			t.Errorf("%s: %d, %v; want %d", key, got, ok, want)
		}
	}
	for _, gone := range []string{"a", "c"} {
		if _, ok := c.Get(gone); ok {
			t.Errorf("%s was used least recently and is there", gone)
		}
	}
}

// The cache does what a list does that is searched from the front.
func TestAgainstAList(t *testing.T) {
	const size = 8
	random := rand.New(rand.NewPCG(1, 2))
	c, list := lru.New[int, int](size), []int(nil)
	for step := range 100_000 {
		key := random.IntN(2 * size)
		at := slices.Index(list, key)
		if at >= 0 {
			list = slices.Delete(list, at, at+1)
		}
		switch random.IntN(4) {
		case 0:
			c.Delete(key)
		case 1:
			value, ok := c.Get(key)
			if ok != (at >= 0) || ok && value != key*10 {
				t.Fatalf("step %d: Get(%d) is %d, %v; the list has it: %v", step, key, value, ok, at >= 0)
			}
			if ok {
				list = slices.Insert(list, 0, key)
			}
		default:
			c.Set(key, key*10)
			list = slices.Insert(list, 0, key)
			list = list[:min(len(list), size)]
		}
		if c.Len() != len(list) {
			t.Fatalf("step %d: %d values, want %d", step, c.Len(), len(list))
		}
	}
}

// A cache that is full makes nothing new.
func TestFullCacheAllocatesNothing(t *testing.T) {
	c := lru.New[uint64, [2]uint64](1000)
	for i := range uint64(2000) {
		c.Set(i, [2]uint64{})
	}
	next := uint64(2000)
	if n := testing.AllocsPerRun(5000, func() { next++; c.Set(next, [2]uint64{}); c.Get(next - 10) }); n > 0 {
		t.Errorf("%v allocations for a value", n)
	}
}
