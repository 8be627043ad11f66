package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	dsn := flag.String("database", "sqlite::memory:", "sqlite:PATH, postgres://… or mysql://…; several with spaces between")
	requests := flag.Int("requests", 4000, "requests in a round")
	rounds := flag.Int("rounds", 11, "rounds; the medians count")
	child := flag.Bool("child", false, "be the server that is measured")
	flag.Parse()
	var err error
	if *child {
		err = serve(context.Background(), *dsn)
	} else {
		for _, one := range strings.Fields(*dsn) {
			if err = measure(one, *requests, *rounds); err != nil {
				break
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// stats are the counters of the child.
type stats struct {
	CPU    int64 // nanoseconds, user and system
	Allocs uint64
	Bytes  uint64
}

func (s stats) per(n int, before stats) [3]float64 {
	return [3]float64{
		float64(s.CPU-before.CPU) / float64(n), float64(s.Allocs-before.Allocs) / float64(n), float64(s.Bytes-before.Bytes) / float64(n),
	}
}

// ready is what the child prints when it listens.
type ready struct {
	URL, Cookie, Engine string
}

// paths are what is measured, each after the yardstick that it is compared with.
var paths = []struct{ name, path, yardstick string }{
	{"bare handler", "/bare/public/", ""},
	{"coatcheck /public/", "/site/public/", "/bare/public/"},
	{"plain checks, two SELECTs", "/plain/profile/", ""},
	{"coatcheck login-required", "/site/profile/", "/plain/profile/"},
}

func measure(dsn string, requests, rounds int) error {
	cmd := exec.Command(os.Args[0], "-child", "-database", dsn)
	cmd.Stderr = os.Stderr
	stop, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Wait()
	defer stop.Close() // the child ends with its input
	var r ready
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the server did not start: %w", err)
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	results, err := run(r, requests, rounds)
	if err != nil {
		return err
	}
	return report(r.Engine, requests, rounds, results)
}

// run measures the paths in turn, and returns for each the figures of every round.
func run(r ready, requests, rounds int) (map[string][][3]float64, error) {
	results := map[string][][3]float64{}
	for round := range rounds + 1 { // the first one warms up
		for _, p := range paths {
			before, err := counters(r.URL)
			if err != nil {
				return nil, err
			}
			for range requests {
				if err := get(r, p.path); err != nil {
					return nil, err
				}
			}
			after, err := counters(r.URL)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				results[p.path] = append(results[p.path], after.per(requests, before))
			}
		}
	}
	return results, nil
}

func get(r ready, path string) error {
	request, err := http.NewRequest(http.MethodGet, r.URL+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Cookie", r.Cookie)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(string(body), `"profile"`) {
		return fmt.Errorf("%s: %s %q", path, response.Status, body)
	}
	return nil
}

func counters(base string) (s stats, err error) {
	response, err := http.Get(base + "/counters")
	if err != nil {
		return s, err
	}
	defer response.Body.Close()
	return s, json.NewDecoder(response.Body).Decode(&s)
}

func report(engine string, requests, rounds int, results map[string][][3]float64) error {
	fmt.Printf("\n%s: %d rounds of %d requests, medians\n", engine, rounds, requests)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "handler\tCPU µs/request\tallocs\tbytes\tCPU ratio (quartiles)\t")
	for _, p := range paths {
		own := results[p.path]
		fmt.Fprintf(w, "%s\t%.1f\t%.0f\t%.0f\t", p.name, median(column(own, 0))/1000, median(column(own, 1)), median(column(own, 2)))
		if p.yardstick != "" {
			ratios := make([]float64, len(own))
			for i := range own {
				ratios[i] = own[i][0] / results[p.yardstick][i][0]
			}
			slices.Sort(ratios)
			fmt.Fprintf(w, "%.3f (%.3f–%.3f)", median(ratios), ratios[len(ratios)/4], ratios[len(ratios)*3/4])
		}
		fmt.Fprintln(w, "\t")
	}
	return w.Flush()
}

func column(rows [][3]float64, i int) []float64 {
	out := make([]float64, len(rows))
	for n, row := range rows {
		out[n] = row[i]
	}
	return out
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
