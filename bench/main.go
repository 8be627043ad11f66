package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"github.com/coatcheck/coatcheck/bench/load"
	"github.com/coatcheck/coatcheck/bench/server"
)

// options are the flags.
type options struct {
	Sessions int
	Tables   int
	Rounds   int
	Requests int
	Rate     float64
	Flood    time.Duration
	Only     *regexp.Regexp
	Quick    bool
	Peers    string
	Against  string
	Results  string
	Plots    string
	Page     string
	Profiles string
	Top      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // stop is of no use any more
	}
}

// run is the program, which is three: the server under test, the client, and what starts both.
func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "serve" {
		return server.Run(ctx, os.Stdin)
	}
	if len(args) > 0 && args[0] == "load" {
		return load.Run(os.Stdin, os.Stdout)
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := checkTargets(targets, groups(o)); err != nil {
		return err
	}
	return measure(ctx, o)
}

// parse reads the flags.
func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.Quick, "quick", false, "take under two minutes: fewer sessions, rounds and requests")
	f.IntVar(&o.Sessions, "sessions", 0, "users, each with a session (100,000; 2,000 with -quick)")
	f.IntVar(&o.Tables, "tables", 0,
		"rows of the largest table, to 10,000,000 (1,000,000; 20,000 with -quick)")
	f.IntVar(&o.Rounds, "rounds", 0, "rounds, of which medians and quartiles count (11; 3 with -quick)")
	f.IntVar(&o.Requests, "requests", 0, "requests in a round of one server (3,000; 200 with -quick)")
	f.Float64Var(&o.Rate, "rate", 300, "requests a second of the open loop")
	f.DurationVar(&o.Flood, "flood", 0, "how long a round of the flood of logins takes (10s; 2s with -quick)")
	only := f.String("only", "", "measure the groups whose name matches this regular expression")
	f.StringVar(&o.Peers, "peers", "", "the program built of ./peers; without it they are not measured")
	f.StringVar(&o.Against, "against", "", "a bench built of another commit, to measure beside this one")
	f.StringVar(&o.Results, "results", "", "write the tables to this file of Markdown")
	f.StringVar(&o.Plots, "plots", "", "write the plots, SVG, to this folder")
	f.StringVar(&o.Page, "page", "", "write the summary between the two lines for it in this page")
	f.StringVar(&o.Profiles, "profiles", "", "write a CPU profile of each server to this folder")
	f.StringVar(&o.Top, "top", "..", "the repository, whose program is measured; -quick leaves it out")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	defaults := options{Sessions: 100_000, Tables: 1_000_000, Rounds: 11, Requests: 3_000}
	defaults.Flood = 10 * time.Second
	if o.Quick {
		o.Top = "" // a build may take minutes
		defaults = options{Sessions: 2_000, Tables: 20_000, Rounds: 3, Requests: 200, Flood: 2 * time.Second}
	}
	o.Sessions, o.Tables = either(o.Sessions, defaults.Sessions), either(o.Tables, defaults.Tables)
	o.Rounds, o.Requests = either(o.Rounds, defaults.Rounds), either(o.Requests, defaults.Requests)
	o.Flood = either(o.Flood, defaults.Flood)
	var err error
	o.Only, err = regexp.Compile(*only)
	if err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag; see -h", f.Arg(0))
	}
	return o, nil
}

func either[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}
