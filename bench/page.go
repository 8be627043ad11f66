package main

import (
	"fmt"
	"os"
	"strings"
)

// What is between these lines of docs/performance.md the bench writes.
const (
	pageBegin = "<!-- make bench writes from here -->"
	pageEnd   = "<!-- to here -->"
)

// modes are the rows of the summary: what a request costs in each way of running Coatcheck.
var modes = []struct{ name, group, server, load string }{
	{"a public page", public, "Coatcheck", "32"},
	{"PostgreSQL, one client", onPostgres, "Coatcheck", "1"},
	{"PostgreSQL", onPostgres, "Coatcheck", "32"},
	{"PostgreSQL, sessions not seen lately", newOnes, "Coatcheck, PostgreSQL", "new"},
	{"PostgreSQL, Django's sessions not seen before", newOnes, "Coatcheck, PostgreSQL, Django's sessions", "new"},
	{"MariaDB", onMariaDB, "Coatcheck", "32"},
	{"SQLite", onSQLite, "Coatcheck", "32"},
	{"cached_db: PostgreSQL and Redis", engines, "Coatcheck, cached_db", "32"},
	{"cache: Redis", engines, "Coatcheck, cache", "32"},
	{"signed_cookies", engines, "Coatcheck, signed_cookies", "32"},
	{"scs on PostgreSQL, without Django's checks", libraries, "scs, pgx", "32"},
	{"scs on Redis, without Django's checks", libraries, "scs, Redis", "32"},
	{"gorilla/sessions on PostgreSQL, without Django's checks", libraries, "gorilla/sessions, pgstore", "32"},
	{"Django by gunicorn", libraries, "Django by gunicorn", "32"},
}

// summary is one line for each mode.
func summary(rows []Row) Table {
	t := Table{Titles: []string{
		"a request of", "server CPU, µs", "to its yardstick", "database CPU, µs", "to its yardstick", "allocations", "p50, ms", "p99, ms",
	}}
	for _, m := range modes {
		r, ok := find(rows, m.group, m.server, m.load)
		if !ok || r.Absent != nil {
			reason := "not measured"
			if ok {
				reason = r.Absent.Error()
			}
			t.Cells = append(t.Cells, []string{m.name, reason})
			continue
		}
		cells := []string{m.name}
		for _, c := range []struct {
			metric, format string
			ratio          bool
		}{
			{serverCPU, "%.0f", false},
			{serverCPU, "", true},
			{databaseCPU, "%.0f", false},
			{databaseCPU, "", true},
			{allocations, "%.0f", false},
			{latency50, "%.1f", false},
			{latency99, "%.1f", false},
		} {
			cells = append(cells, cell(rows, r, c.metric, c.format, c.ratio))
		}
		t.Cells = append(t.Cells, cells)
	}
	return t
}

// updatePage writes the machine, the summary and the verdicts into a page.
func updatePage(file string, machine []string, rows []Row, verdicts []Verdict) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(text), pageBegin)
	_, tail, ended := strings.Cut(rest, pageEnd)
	if !ok || !ended {
		return fmt.Errorf("%s lacks the lines %q and %q", file, pageBegin, pageEnd)
	}
	var b strings.Builder
	b.WriteString(head + pageBegin + "\n")
	for _, line := range machine {
		b.WriteString("- " + line + "\n")
	}
	b.WriteString("\n" + markdown(summary(rows)) + markdown(verdictTable(verdicts)) + pageEnd + tail)
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
