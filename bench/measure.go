package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// measure runs all groups, prints the tables, and writes what the flags ask for.
func measure(ctx context.Context, o options) (err error) {
	b := &bench{options: o, data: map[string]*data{}, say: teller()}
	if b.dir, err = os.MkdirTemp("", "coatcheck-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.servers, err = connect(ctx); err != nil {
		return err
	}
	defer b.servers.stop()
	if b.client, err = client(ctx); err != nil {
		return err
	}
	defer b.client.stop()
	for _, folder := range []string{o.Plots, o.Profiles} {
		if folder != "" {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
	}
	rows, err := b.all(ctx)
	if err != nil {
		return err
	}
	verdicts := judgeAll(rows)
	fmt.Println(console(titled("Targets", verdictTable(verdicts))))
	return b.write(ctx, rows, verdicts)
}

// write writes the files that the flags ask for.
func (b *bench) write(ctx context.Context, rows []Row, verdicts []Verdict) error {
	machine := b.machine(ctx)
	if b.Results != "" {
		text := document(machine, rows, verdicts, shapes(b.options))
		if err := os.WriteFile(b.Results, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if b.Page != "" {
		if err := updatePage(b.Page, machine, rows, verdicts); err != nil {
			return err
		}
	}
	if b.Plots != "" {
		return plots(b.Plots, rows, strings.Join(machine[:2], "; "))
	}
	return nil
}

// all runs the groups that -only has, and prints each.
func (b *bench) all(ctx context.Context) (rows []Row, err error) {
	add := func(name string, measured []Row, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, measured...)
		fmt.Println(console(titled(name, table(measured))))
		return nil
	}
	for _, g := range groups(b.options) {
		if !measured(b.Only, g.Name) {
			continue
		}
		measured, err := b.group(ctx, g)
		if err := add(g.Name, measured, err); err != nil {
			return nil, err
		}
	}
	for _, s := range specials {
		if !measured(b.Only, s.name) {
			continue
		}
		b.say("%s", s.name)
		measured, err := s.run(b, ctx)
		if errors.Is(err, errAbsent) {
			measured, err = s.absent(err), nil
		}
		if err := add(s.name, measured, err); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// judgeAll is what came of every target.
func judgeAll(rows []Row) (all []Verdict) {
	for _, t := range targets {
		all = append(all, t.judge(rows))
	}
	return all
}

// teller prints what is going on to standard error, with the time since the start.
func teller() func(format string, args ...any) {
	begin := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
}
