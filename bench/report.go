package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// A Table is rows of cells below a line of titles.
type Table struct {
	Title  string
	Titles []string
	Cells  [][]string
}

func titled(title string, t Table) Table {
	t.Title = title
	return t
}

// columns are what a table shows of rows; a ratio is to the yardstick, of the same rounds.
var columns = []struct {
	title, metric, format string
	ratio                 bool
}{
	{"server CPU, µs", serverCPU, "%.0f", false},
	{"ratio", serverCPU, "", true},
	{"database CPU, µs", databaseCPU, "%.0f", false},
	{"ratio", databaseCPU, "", true},
	{"allocations", allocations, "%.0f", false},
	{"bytes", bytesEach, "%.0f", false},
	{"writes", writesEach, "%.2f", false},
	{"p50, ms", latency50, "%.2f", false},
	{"p99, ms", latency99, "%.2f", false},
	{latency999, latency999, "%.2f", false},
	{"requests/s", perSecond, "%.0f", false},
	{"failed", failures, "%.0f", false},
}

// table shows the rows of one group. What only this group measures comes last.
func table(rows []Row) (t Table) {
	t.Titles = []string{"server", "load"}
	for _, c := range columns {
		t.Titles = append(t.Titles, c.title)
	}
	extra := extras(rows)
	t.Titles = append(t.Titles, extra...)
	for _, r := range rows {
		cells := []string{r.Case, r.Load}
		if r.Absent != nil {
			t.Cells = append(t.Cells, append(cells, r.Absent.Error()))
			continue
		}
		for _, c := range columns {
			cells = append(cells, cell(rows, r, c.metric, c.format, c.ratio))
		}
		for _, metric := range extra {
			cells = append(cells, cell(rows, r, metric, "%.1f", false))
		}
		t.Cells = append(t.Cells, cells)
	}
	return t.shrink()
}

// shrink leaves out the columns that have nothing in any row.
func (t Table) shrink() Table {
	for i := len(t.Titles) - 1; i >= 0; i-- {
		filled := func(cells []string) bool { return i < len(cells) && cells[i] != "" }
		if slices.ContainsFunc(t.Cells, filled) {
			continue
		}
		t.Titles = slices.Delete(t.Titles, i, i+1)
		for n, cells := range t.Cells {
			if i < len(cells) {
				t.Cells[n] = slices.Delete(cells, i, i+1)
			}
		}
	}
	return t
}

// extras are the names of what only these rows measure.
func extras(rows []Row) []string {
	names := map[string]bool{}
	for _, r := range rows {
		for _, s := range r.Samples {
			for name := range s.Extra {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// cell is the median of a measure, or of its ratio with the quartiles.
func cell(rows []Row, r Row, metric, format string, ratio bool) string {
	if ratio {
		other, ok := yardstick(rows, r)
		if !ok {
			return ""
		}
		s, ok := spread(r.over(other, metric))
		if !ok {
			return ""
		}
		return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Low, s.High)
	}
	if r.Samples[0].Latency == nil && r.Samples[0].Extra[metric] == 0 { // only its own measures
		return ""
	}
	s, ok := spread(r.values(metric))
	if !ok {
		return ""
	}
	return fmt.Sprintf(format, s.Median)
}

// verdictTable shows which targets are met.
func verdictTable(all []Verdict) Table {
	t := Table{Titles: []string{"target", "of", "wanted", "measured (quartiles)", ""}}
	for _, v := range all {
		got, met := v.Reason, "–"
		if v.Known {
			got = fmt.Sprintf("%.2f (%.2f–%.2f)", v.Got.Median, v.Got.Low, v.Got.High)
			met = map[bool]string{true: "met", false: "missed"}[v.Met]
		}
		t.Cells = append(t.Cells, []string{v.Name, v.Group, v.wanted(), got, met})
	}
	return t
}

// wanted is the bound of a target in words.
func (t Target) wanted() string {
	word, bound := "at most", t.Most
	if t.Least > 0 {
		word, bound = "at least", t.Least
	}
	text := fmt.Sprintf("%s %.4g", word, bound)
	if t.Against != "" {
		text += "x " + strings.Trim(t.Against, "()")
	}
	if t.OrAgainst != "" {
		text += fmt.Sprintf(", or %.4gx %s", t.OrTimes, t.OrAgainst)
	}
	return text
}

// console is a table as a terminal shows it.
func console(t Table) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n%s\n", t.Title)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(t.Titles, "\t"))
	for _, cells := range t.Cells {
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	w.Flush() //nolint:errcheck // into memory
	return strings.TrimSuffix(b.String(), "\n")
}

// markdown is a table of Markdown. Rows that are too short are filled.
func markdown(t Table) string {
	var b strings.Builder
	if t.Title != "" {
		fmt.Fprintf(&b, "## %s\n\n", t.Title)
	}
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.Titles, " | "), strings.Repeat("---|", len(t.Titles)))
	for _, cells := range t.Cells {
		for len(cells) < len(t.Titles) {
			cells = append(cells, "")
		}
		fmt.Fprintf(&b, "| %s |\n", strings.ReplaceAll(strings.Join(cells, " | "), "  ", " "))
	}
	return b.String() + "\n"
}

// document is all that was measured, and where.
func document(machine []string, rows []Row, verdicts []Verdict, list []Shape) string {
	var b strings.Builder
	b.WriteString("# Results of the bench\n\n`make bench` writes this file. " +
		"[docs/performance.md](../docs/performance.md) explains the numbers.\n\n")
	for _, line := range machine {
		b.WriteString("- " + line + "\n")
	}
	b.WriteString("\nNumbers are medians of the rounds. A ratio is to the first server of its table, " +
		"in the same round, with its quartiles. Loads:\n\n")
	for _, s := range list {
		fmt.Fprintf(&b, "- %s: %s\n", s.Name, s.What)
	}
	b.WriteString("\n" + markdown(titled("Targets", verdictTable(verdicts))))
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r Row) bool { return r.Group != rows[0].Group })
		if n < 0 {
			n = len(rows)
		}
		b.WriteString(markdown(titled(rows[0].Group, table(rows[:n]))))
		rows = rows[n:]
	}
	return strings.TrimSuffix(b.String(), "\n")
}
