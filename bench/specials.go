package main

import (
	"context"
	"fmt"
	"regexp"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/seed"
)

// A special is a group that is not measured in rounds of the same requests.
type special struct {
	name  string
	cases []string
	load  string
	run   func(b *bench, ctx context.Context) ([]Row, error)
}

// The names of specials, of their cases, loads and measures.
const (
	flood    = "Flood of logins, server on one core"
	quiet    = "quiet"
	flooded  = "50 logins at once"
	beside   = "beside"
	adoption = "List of sessions: sessions that Django made"
	adopting = "while they are listed"
	cleanup  = "Clean-up of expired sessions"
	clearing = "while they are removed"
	decoding = "Session decode"
	decoded  = "signature, base64, inflate, JSON"

	untraced     = "Tracing off: what its checks cost"
	untracedPage = "login-required page, SQLite, without a network"

	program  = "The program"
	released = "coatcheck serve, -trimpath -ldflags '-s -w'"
	alone    = "alone"

	loginsPerSecond   = "logins a second"
	refusedPerSecond  = "logins refused a second"
	secondsPerMillion = "database CPU, s per 1,000,000"
	rowsPerSecond     = "rows a second"
	decodeTime        = "CPU, µs"
	decodeAllocs      = "allocations a decode"
	checksEach        = "checks a request"
	checkTime         = "a check, ns"
	checkAllocs       = "allocations of a check"
	checkShare        = "checks, % of the request's CPU"
	readyTime         = "ready, ms"
	idleMemory        = "idle memory, MB"
	programSize       = "size, MB"
	coldBuild         = "cold build, s"
)

// specials is the table of what is measured otherwise.
var specials = []special{
	{flood, []string{quiet, flooded}, beside, (*bench).flood},
	{adoption, []string{quiet, adopting}, beside, (*bench).adopt},
	{cleanup, []string{quiet, clearing}, beside, (*bench).cleanUp},
	{decoding, []string{decoded}, alone, (*bench).decode},
	{untraced, []string{untracedPage}, alone, (*bench).untraced},
	{program, []string{released}, alone, (*bench).program},
}

// absent are the rows of a special that cannot be measured.
func (s special) absent(reason error) (rows []Row) {
	for _, name := range s.cases {
		rows = append(rows, Row{Group: s.name, Case: name, Load: s.load, Absent: reason})
	}
	return rows
}

// measured reports whether the flag -only has a group.
func measured(only *regexp.Regexp, name string) bool { return only == nil || only.MatchString(name) }

// site starts Coatcheck on data of its own and uses the first sessions once.
func (b *bench) site(ctx context.Context, c Case, pinned bool) (one *contender, err error) {
	c.Kind = "coatcheck"
	one = &contender{Case: c}
	if one.data, err = b.database(ctx, c); err != nil {
		return nil, err
	}
	c.Database, one.cookies = one.data.url, one.data.cookies
	if one.process, err = b.serve(ctx, c.Server, pinned); err != nil {
		return nil, err
	}
	result, err := b.client.send(b.signedIn(one, protocol.Load{
		Connections: 8, Requests: min(besideSessions, len(one.data.keys)), Pick: protocol.Each,
	}))
	if err == nil {
		err = whole(result)
	}
	if err == nil {
		err = b.settle(ctx, one)
	}
	if err != nil {
		one.process.stop()
	}
	return one, err
}

// besideSessions is how many sessions are used while something else goes on.
const besideSessions = 1_000

// signedIn is a load of login-required pages.
func (b *bench) signedIn(c *contender, l protocol.Load) protocol.Load {
	l.URL, l.Want = c.process.ready.URL+protocol.ProfilePath, protocol.Private
	l.Cookies, l.Only = c.cookies, besideSessions
	return l
}

// watched measures signed-in requests, at so many a second, for that long.
func (b *bench) watched(ctx context.Context, c *contender, rate float64, d time.Duration) (Sample, error) {
	took, err := b.watch(ctx, c)
	if err != nil {
		return Sample{}, err
	}
	result, err := b.client.send(b.signedIn(c, protocol.Load{
		Connections: 64, Rate: rate, Duration: d, Pick: protocol.Uniform,
	}))
	if err != nil {
		return Sample{}, err
	}
	s, err := took()
	if err != nil {
		return s, err
	}
	s.Requests, s.Elapsed, s.Failed = result.Sent, result.Elapsed, result.Sent-result.Good
	s.Extra = map[string]float64{}
	s.Latency, err = hdr.Decode(result.Latency)
	return s, err
}

// pair are the rows of a special: what is quiet, and what is not.
func (b *bench) pair(group, name string, c Case) []Row {
	_, known := b.databasePIDs(c)
	return []Row{
		{Group: group, Case: quiet, Load: beside, Yardstick: true, Databases: known},
		{Group: group, Case: name, Load: beside, Databases: known},
	}
}

// How the flood comes: signed-in requests a second, logins at once, and how much earlier these
// begin, so that the queue is full.
const (
	floodRate   = 50
	floodLogins = 50
	floodLead   = time.Second
)

// flood measures signed-in requests alone and beside 50 logins at once, in turn.
func (b *bench) flood(ctx context.Context) ([]Row, error) {
	hasher := protocol.Server{Hasher: "pbkdf2_sha256", Work: 1_000_000}
	c := Case{On: "postgres", Data: "logins", Server: hasher}
	one, err := b.site(ctx, c, true)
	if err != nil {
		return nil, err
	}
	defer one.process.stop()
	attackers, err := client(ctx)
	if err != nil {
		return nil, err
	}
	defer attackers.stop()
	rows := b.pair(flood, flooded, c)
	for range max(2, b.Rounds/2) {
		s, err := b.watched(ctx, one, floodRate, b.Flood)
		if err != nil {
			return nil, err
		}
		rows[0].Samples = append(rows[0].Samples, s)
		if s, err = b.flooded(ctx, one, attackers, seed.LoginName(hasher)); err != nil {
			return nil, err
		}
		rows[1].Samples = append(rows[1].Samples, s)
		if err := b.settle(ctx, one); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// flooded measures signed-in requests beside the logins of these users.
func (b *bench) flooded(ctx context.Context, one *contender, others *process, users string) (Sample, error) {
	type outcome struct {
		protocol.Result
		err error
	}
	came := make(chan outcome, 1)
	go func() {
		result, err := others.send(protocol.Load{
			URL: one.process.ready.URL + protocol.LoginPath, Want: protocol.LoggedIn,
			Logins: loginUsers, LoginPrefix: users, Pick: protocol.Each,
			Connections: floodLogins, Duration: b.Flood + floodLead, Pause: time.Second,
		})
		came <- outcome{result, err}
	}()
	time.Sleep(floodLead)
	s, err := b.watched(ctx, one, floodRate, b.Flood)
	if err != nil {
		return s, err
	}
	logins := <-came
	if logins.err == nil && logins.Good == 0 {
		logins.err = fmt.Errorf("no login came through: %v, such as %s", logins.Bad, logins.Sample)
	}
	s.Extra[loginsPerSecond] = float64(logins.Good) / logins.Elapsed.Seconds()
	s.Extra[refusedPerSecond] = float64(logins.Sent-logins.Good) / logins.Elapsed.Seconds()
	return s, logins.err
}

// slice is how long the requests beside something take before it is looked at again.
const slice = 2 * time.Second

// besideRate is how many signed-in requests a second there are beside it.
const besideRate = 100
