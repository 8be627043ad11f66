package main

import (
	"slices"
	"testing"
)

// TestLooks measures all who look at requests, on SQLite: each has its rounds beside those of
// nobody, and an open page of the inspector reads what it is sent.
func TestLooks(t *testing.T) {
	b := small(t)
	g := groupNamed(t, b, lookedAt)
	g.Loads = []string{"1"}
	g.Cases = slices.Clone(g.Cases)
	for i := range g.Cases {
		g.Cases[i].On = "sqlite"
	}
	rows, err := b.group(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	off, _ := find(rows, lookedAt, unlooked, "1")
	for _, c := range g.Cases {
		row, ok := find(rows, lookedAt, c.Name, "1")
		if !ok || len(row.Samples) != b.Rounds || len(row.over(off, serverCPU)) != b.Rounds {
			t.Fatalf("%s: %d rounds, want %d", c.Name, len(row.Samples), b.Rounds)
		}
		allocs, _ := spread(row.values(allocations))
		if none, _ := spread(off.values(allocations)); c.Name != unlooked && allocs.Median <= none.Median {
			t.Errorf("%s: %v allocations a request, %v without: nobody looks", c.Name, allocs.Median, none.Median)
		}
	}
}

// TestUntraced: where nobody looks, the checks allocate nothing, and are a part of the request.
func TestUntraced(t *testing.T) {
	b := small(t)
	rows, err := b.untraced(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range rows[0].Samples {
		if s.Extra[checkAllocs] != 0 {
			t.Errorf("a check allocates %v times", s.Extra[checkAllocs])
		}
		if n := s.Extra[checksEach]; n < 6 || n > 40 {
			t.Errorf("a signed-in request makes %v checks", n)
		}
		if share := s.Extra[checkShare]; share <= 0 || share > 50 {
			t.Errorf("the checks are %v %% of a request", share)
		}
	}
}
