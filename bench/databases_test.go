package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestDatabases measures the servers that are on this machine: their CPU time is seen, and so are
// the transactions that write. What was created is gone at the end.
func TestDatabases(t *testing.T) {
	running, err := testenv.StartServers()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	for _, variable := range running.Env {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	b := small(t)
	if b.servers, err = connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.servers.stop)
	for engine, err := range b.servers.absent {
		if testenv.InCI() || !errors.Is(err, errAbsent) {
			t.Errorf("%s: %v", engine, err)
		}
	}
	for _, name := range []string{onPostgres, onMariaDB} {
		g := groupNamed(t, b, name)
		g.Loads = []string{"8"}
		rows, err := b.group(t.Context(), g)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row.Absent != nil {
				t.Logf("%s, %s: %v", name, row.Case, row.Absent)
				continue
			}
			for _, s := range row.Samples {
				checkSample(t, name+", "+row.Case, s)
				if !row.Databases || s.Database <= 0 {
					t.Errorf("%s, %s: %v of CPU by the database, known: %v", name, row.Case, s.Database, row.Databases)
				}
			}
		}
	}
	checkWrites(t, b)
}

// checkWrites logs in on PostgreSQL, where the yardstick has one transaction that writes.
func checkWrites(t *testing.T, b *bench) {
	t.Helper()
	all := hashers
	t.Cleanup(func() { hashers = all })
	hashers = hashers[len(hashers)-1:] // the others take long
	g := groupNamed(t, b, hashless)
	g.Requests = 5
	rows, err := b.group(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].Absent != nil {
		return
	}
	if writes, ok := spread(rows[0].values(writesEach)); !ok || writes.Median != 1 {
		t.Errorf("a login of the yardstick: %v transactions that write, want 1", writes)
	}
}
