package main

import (
	"fmt"
	"slices"
)

// A Target is what a case is to cost at most: the median of the rounds, or of their ratios to
// another case of the same group.
type Target struct {
	Name              string
	Group, Case, Load string
	Metric            string
	Against           string  // the case that Most is a multiple of; none when empty
	Most              float64 // or Least, where more is better
	Least             float64
	OrTimes           float64 // with OrAgainst: also met at so many times what that case has
	OrAgainst         string
}

// targets is the table of what is to be met.
var targets = []Target{
	{Name: "1 connection: latency", Group: onPostgres, Case: "Coatcheck", Load: "1", Metric: latency50, Against: "plain Go, pgx", Most: 0.75},
	{Name: "1 connection: server CPU", Group: onPostgres, Case: "Coatcheck", Load: "1", Metric: serverCPU, Against: "plain Go, pgx", Most: 0.75},
	{Name: "32 connections: server CPU", Group: onPostgres, Case: "Coatcheck", Load: "32", Metric: serverCPU, Against: "plain Go, pgx", Most: 0.5},
	{Name: "32 connections: PostgreSQL CPU", Group: onPostgres, Case: "Coatcheck", Load: "32", Metric: databaseCPU, Against: "plain Go, pgx", Most: 0.4},
	{Name: "allocations", Group: onPostgres, Case: "Coatcheck", Load: "32", Metric: allocations, Most: 60},
	{Name: "bytes", Group: onPostgres, Case: "Coatcheck", Load: "32", Metric: bytesEach, Most: 5_000},
	{Name: "SQLite: server CPU", Group: onSQLite, Case: "Coatcheck", Load: "32", Metric: serverCPU, Against: "plain Go, mattn", Most: 0.5},
	{Name: "MariaDB: server CPU", Group: onMariaDB, Case: "Coatcheck", Load: "32", Metric: serverCPU, Against: "plain Go, go-sql-driver", Most: 0.75},
	{Name: "public page: server CPU", Group: public, Case: "Coatcheck", Load: "32", Metric: serverCPU, Against: "bare handler", Most: 1.03},
	{Name: "in memory: server CPU", Group: inMemory, Case: "Coatcheck, in memory", Load: "32", Metric: serverCPU, Against: "bare handler", Most: 1.25},
	{Name: "in memory: allocations", Group: inMemory, Case: "Coatcheck, in memory", Load: "32", Metric: allocations, Most: bareAllocations + 8},
	{Name: "login by PBKDF2: server CPU", Group: byPBKDF2, Case: "Coatcheck", Load: "logins", Metric: serverCPU, Against: "plain Go, pgx", Most: 1 / 3.5},
	{Name: "login but for its hash: server CPU, µs", Group: hashless, Case: "Coatcheck", Load: "logins", Metric: serverCPU, Most: 1_000},
	{Name: "login but for its hash: commits that write", Group: hashless, Case: "Coatcheck", Load: "logins", Metric: writesEach, Most: 2},
	{Name: "flood: signed-in p99, ms, or 1.5x quiet", Group: flood, Case: flooded, Load: beside, Metric: latency99, Most: 10, OrTimes: 1.5, OrAgainst: quiet},
	{Name: "flood: signed-in requests that fail", Group: flood, Case: flooded, Load: beside, Metric: failures, Most: 0},
	{Name: "list of sessions: database CPU, s per 1,000,000", Group: adoption, Case: adopting, Load: beside, Metric: secondsPerMillion, Most: 60},
	{Name: "list of sessions: signed-in p99", Group: adoption, Case: adopting, Load: beside, Metric: latency99, Against: quiet, Most: 1.2},
	{Name: "session decode, µs", Group: decoding, Case: decoded, Load: alone, Metric: decodeTime, Most: 6},
	{Name: "session decode, allocations", Group: decoding, Case: decoded, Load: alone, Metric: decodeAllocs, Most: 10},
	{Name: "tracing off: checks, % of a signed-in request", Group: untraced, Case: untracedPage, Load: alone, Metric: checkShare, Most: 1},
	{Name: "tracing off: allocations of a check", Group: untraced, Case: untracedPage, Load: alone, Metric: checkAllocs, Most: 0},
	{Name: "largest table: server CPU", Group: tables, Case: largest, Load: "8", Metric: serverCPU, Against: smallest, Most: 1.3},
	{Name: "largest table: PostgreSQL CPU", Group: tables, Case: largest, Load: "8", Metric: databaseCPU, Against: smallest, Most: 1.3},
	{Name: "program: ready on an existing SQLite file, ms", Group: program, Case: released, Load: alone, Metric: readyTime, Most: 50},
	{Name: "program: idle resident memory, MB", Group: program, Case: released, Load: alone, Metric: idleMemory, Most: 30},
	{Name: "program: size, MB", Group: program, Case: released, Load: alone, Metric: programSize, Most: 30},
	{Name: "program: cold build, s", Group: program, Case: released, Load: alone, Metric: coldBuild, Most: 60},
}

// largest and smallest stand for the last and the first case of a group.
const (
	largest  = "(the last)"
	smallest = "(the first)"
)

// bareAllocations are those of the bare handler, nearly all of them of net/http.
const bareAllocations = 21

// checkTargets returns an error unless each target is about a case that is measured.
func checkTargets(all []Target, groups []Group) error {
	for _, t := range all {
		names, loads := casesOf(groups, t.Group)
		for _, name := range []string{t.Case, t.Against, t.OrAgainst} {
			if name != "" && !slices.Contains(names, name) {
				return fmt.Errorf("the target %q: %q of %q is not measured", t.Name, name, t.Group)
			}
		}
		if !slices.Contains(loads, t.Load) {
			return fmt.Errorf("the target %q: the load %q of %q is not measured", t.Name, t.Load, t.Group)
		}
		if (t.Most > 0) == (t.Least > 0) && t.Metric != failures && t.Metric != checkAllocs {
			return fmt.Errorf("the target %q needs Most or Least", t.Name)
		}
	}
	return nil
}

// casesOf returns the cases and the loads of a group.
func casesOf(groups []Group, name string) (names, loads []string) {
	for _, g := range groups {
		if g.Name == name {
			for _, c := range g.Cases {
				names = append(names, c.Name)
			}
			return append(names, largest, smallest), g.Loads
		}
	}
	for _, s := range specials {
		if s.name == name {
			return s.cases, []string{s.load}
		}
	}
	return nil, nil
}

// A Verdict is what came of a target.
type Verdict struct {
	Target
	Got    Spread
	Known  bool
	Met    bool
	Reason string // why it is not known
}

// judge compares the rows with a target.
func (t Target) judge(rows []Row) (v Verdict) {
	v.Target = t
	row, ok := t.row(rows, t.Case)
	if !ok {
		v.Reason = "not measured in this run"
		return v
	}
	if row.Absent != nil {
		v.Reason = row.Absent.Error()
		return v
	}
	values := row.values(t.Metric)
	if t.Against != "" {
		other, ok := t.row(rows, t.Against)
		if !ok || other.Absent != nil {
			v.Reason = t.Against + ": not installed"
			return v
		}
		values = row.over(other, t.Metric)
	}
	if v.Got, v.Known = spread(values); !v.Known {
		v.Reason = "not measured on this machine"
		return v
	}
	v.Met = t.Least == 0 && v.Got.Median <= t.Most || t.Least > 0 && v.Got.Median >= t.Least
	if other, ok := t.row(rows, t.OrAgainst); ok && t.OrAgainst != "" {
		bound, _ := spread(other.values(t.Metric))
		v.Met = v.Met || v.Got.Median <= t.OrTimes*bound.Median
	}
	return v
}

// row finds the row of a case.
func (t Target) row(rows []Row, name string) (Row, bool) {
	if name != largest && name != smallest {
		return find(rows, t.Group, name, t.Load)
	}
	var all []Row
	for _, r := range rows {
		if r.Group == t.Group && r.Load == t.Load {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return Row{}, false
	}
	if name == largest {
		return all[len(all)-1], true
	}
	return all[0], true
}
