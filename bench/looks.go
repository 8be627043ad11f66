package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/server"
	"github.com/coatcheck/coatcheck/flow"
)

// follow reads a stream of events until the server ends, as an open page of the inspector does.
// The time of this process is not measured.
func follow(ctx context.Context, url string) error {
	open := func() (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		return http.DefaultClient.Do(request)
	}
	response, err := open()
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	go func() {
		for err == nil { // the server ends each stream after some minutes
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			response, err = open()
		}
	}()
	return nil
}

// untraced measures what a request pays for looking whether anybody listens, in this process:
// the checks that a signed-in request makes, each with the attributes of one of the longer
// steps, beside the CPU time of the whole request without any network.
func (b *bench) untraced(ctx context.Context) ([]Row, error) {
	data, err := b.database(ctx, Case{Server: kind("coatcheck"), On: "sqlite"})
	if err != nil {
		return nil, err
	}
	db, err := server.Open(ctx, data.url)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // it was only read
	site, err := server.Site(ctx, db, protocol.Server{})
	if err != nil {
		return nil, err
	}
	page := pageAlone(site, data.keys[0])
	if err := page(ctx); err != nil { // the first one is listed, and remembered
		return nil, err
	}
	trace := flow.NewTrace()
	if err := page(flow.WithSink(ctx, trace)); err != nil {
		return nil, err
	}
	// Most steps look twice: when they begin, and when they are done.
	checks := float64(2 * len(trace.Events()))
	const pages, steps = 2_000, 1_000_000
	row := Row{Group: untraced, Case: untracedPage, Load: alone}
	for range b.Rounds {
		request, _, err := cpuOf(pages, func() error { return page(ctx) })
		if err != nil {
			return nil, err
		}
		check, allocs, err := cpuOf(steps, func() error {
			flow.Start(ctx).Emit(ctx, "database.row", slog.String("query", "user row read"),
				slog.Bool("found", true), slog.String("table", "auth_user"))
			return nil
		})
		if err != nil {
			return nil, err
		}
		check /= 2 // a step looks twice
		row.Samples = append(row.Samples, Sample{Requests: pages, Extra: map[string]float64{
			decodeTime: request, checksEach: checks, checkTime: 1000 * check, checkAllocs: allocs,
			checkShare: 100 * checks * check / request,
		}})
	}
	return []Row{row}, nil
}

// cpuOf is the CPU time of a call in microseconds, and its allocations, of many.
func cpuOf(times int, call func() error) (cpu, allocs float64, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began, err := ownCPU()
	for range times {
		if err == nil {
			err = call()
		}
	}
	if err != nil {
		return 0, 0, err
	}
	ended, err := ownCPU()
	runtime.ReadMemStats(&after)
	each := (after.Mallocs - before.Mallocs) / uint64(times)
	return micros(ended-began) / float64(times), float64(each), err
}

// pageAlone returns a signed-in request of a site in this process.
func pageAlone(site *coatcheck.Site, key string) func(context.Context) error {
	handler := site.Handler(server.Pages(site))
	return func(ctx context.Context) error {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, protocol.ProfilePath, nil)
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), protocol.Private) {
			return fmt.Errorf("the page is %d %q", w.Code, w.Body.String())
		}
		return nil
	}
}
