package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/coatcheck/coatcheck/bench/load"
	"github.com/coatcheck/coatcheck/bench/proc"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/seed"
)

// bench is what all groups share.
type bench struct {
	options
	dir     string
	servers *servers
	data    map[string]*data
	client  *process
	say     func(format string, args ...any)
}

// A Sample is what one round of one server came to.
type Sample struct {
	Requests         int
	Server, Database time.Duration // CPU
	Counted          bool          // Allocs and Bytes are known
	Allocs, Bytes    uint64
	Writes           int64
	Elapsed          time.Duration
	Latency          *hdr.Histogram
	Failed           int
	Accepted         int                // as the server counted
	Extra            map[string]float64 // what only this group measures
}

// A Row is a case at a load.
type Row struct {
	Group, Case, Load string
	Samples           []Sample
	Absent            error // why there are no samples
	Databases         bool  // the CPU of the databases is known
	Yardstick         bool
}

// contender is a case that takes part.
type contender struct {
	Case
	process *process
	data    *data
	cookies string
	turn    int // how many sessions were taken by Each
}

// group measures a group, all servers in turn.
func (b *bench) group(ctx context.Context, g Group) (rows []Row, err error) {
	var all []*contender
	absent := map[string]error{}
	defer func() {
		for _, c := range all {
			c.process.stop()
		}
	}()
	for _, c := range b.withOther(g.Cases) {
		one, err := b.enter(ctx, g, c)
		if errors.Is(err, errAbsent) {
			absent[c.Name] = err
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", g.Name, c.Name, err)
		}
		all = append(all, one)
	}
	if absent[g.Cases[0].Name] != nil {
		return b.missing(g, absent, g.Cases), nil
	}
	for _, c := range all {
		if err := b.warm(ctx, g, c); err != nil {
			return nil, fmt.Errorf("%s, %s: warming up: %w", g.Name, c.Name, err)
		}
	}
	for _, name := range g.Loads {
		measured, err := b.rounds(ctx, g, name, all)
		if err != nil {
			return nil, err
		}
		rows = append(rows, measured...)
	}
	return append(rows, b.missing(g, absent, g.Cases[1:])...), nil
}

// withOther adds the program of -against after each case of Coatcheck.
func (b *bench) withOther(cases []Case) (all []Case) {
	for _, c := range cases {
		all = append(all, c)
		if b.Against != "" && c.Kind == "coatcheck" && c.Data != "new" && c.Data != "foreign" {
			c.Kind, c.Name = otherBuild, c.Name+", the other build"
			all = append(all, c)
		}
	}
	return all
}

// missing are the rows of the cases that are not on this machine.
func (b *bench) missing(g Group, absent map[string]error, cases []Case) (rows []Row) {
	reason := absent[g.Cases[0].Name]
	for _, c := range cases {
		if err := absent[c.Name]; err != nil || reason != nil {
			if err == nil {
				err = reason
			}
			rows = append(rows, Row{Group: g.Name, Case: c.Name, Absent: err})
		}
	}
	return rows
}

// enter fills the database of a case and starts its server.
func (b *bench) enter(ctx context.Context, g Group, c Case) (*contender, error) {
	if usesRedis(c.Server) && b.servers.absent["redis"] != nil {
		return nil, b.servers.absent["redis"]
	}
	d, err := b.database(ctx, c)
	if err != nil {
		return nil, err
	}
	c.Database, c.Redis = d.url, b.servers.redis
	one := &contender{Case: c, data: d}
	if one.cookies, err = b.cookies(ctx, g, c, d); err != nil {
		return nil, err
	}
	if one.process, err = b.serve(ctx, c.Server, false); err != nil {
		return nil, err
	}
	if c.Looks == "inspector" {
		if err := follow(ctx, one.process.ready.Control+protocol.EventsPath); err != nil {
			one.process.stop()
			return nil, err
		}
	}
	return one, nil
}

// cookies returns the file of the cookies of a case, and stores its sessions if they are not in
// Django's table.
func (b *bench) cookies(ctx context.Context, g Group, c Case, d *data) (string, error) {
	name := c.Engine
	if isPeer(c.Kind) {
		name = c.Kind
	}
	file := filepath.Join(b.dir, name+".cookies")
	if _, err := os.Stat(file); err == nil { // stored already
		return file, nil
	}
	switch {
	case g.Path == protocol.PublicPath || g.Login != nil:
		return "", nil
	case isPeer(c.Kind):
		return file, b.seedPeer(ctx, protocol.Seed{Server: c.Server, Sessions: b.Sessions, File: file})
	case c.Engine == "cache" || c.Engine == "signed_cookies":
		keys, err := seed.Copy(ctx, c.Server, d.keys)
		if err != nil {
			return "", err
		}
		return file, writeCookies(file, keys)
	}
	return d.cookies, nil
}

// isPeer reports whether a server has tables of its own.
func isPeer(kind string) bool {
	return kind == "scs-pgx" || kind == "scs-redis" || kind == "gorilla-pgstore"
}

func (b *bench) seedPeer(ctx context.Context, s protocol.Seed) error {
	if b.Peers == "" {
		return fmt.Errorf("%w: -peers names no program; build ./peers", errAbsent)
	}
	p, err := launch(ctx, b.Peers, "seed")
	if err != nil {
		return err
	}
	defer p.stop()
	if err := protocol.WriteLine(p.in, s); err != nil {
		return err
	}
	var done protocol.Ready
	return protocol.ReadLine(p.out, &done)
}

// warm starts the housekeeping of a site, and uses each session once, unless it is the first use
// that counts. The others only open their connections. Sessions of a Django would soon be listed
// by the housekeeping, so that it does not run where they are to be new.
func (b *bench) warm(ctx context.Context, g Group, c *contender) error {
	site := c.Kind == "coatcheck" || c.Kind == otherBuild
	if site && c.Data != "foreign" {
		if _, err := ask(ctx, "POST", c.process.ready.Control+"/run"); err != nil {
			return err
		}
		if err := b.settle(ctx, c); err != nil {
			return err
		}
	}
	if g.Login != nil {
		return b.settle(ctx, c)
	}
	l := b.request(g, c, protocol.Load{Connections: 32, Pick: protocol.Each})
	l.Requests = min(200, len(c.data.keys))
	if site && c.Data != "new" && c.Data != "foreign" && g.Path != protocol.PublicPath {
		l.Requests = len(c.data.keys)
	}
	if c.On == "" || g.Path == protocol.PublicPath {
		l.Requests = 200
	}
	c.turn = l.Requests
	result, err := b.client.send(l)
	if err == nil {
		err = whole(result)
	}
	if err != nil {
		return err
	}
	return b.settle(ctx, c)
}

// settle waits until the server does nothing more by itself.
func (b *bench) settle(ctx context.Context, c *contender) error {
	const look, enough, most = 50 * time.Millisecond, 4, 1200
	pids := []int{c.process.cmd.Process.Pid}
	before, err := proc.Tree(pids...)
	if err != nil {
		return err
	}
	for quiet, looks := 0, 0; quiet < enough && looks < most; looks++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		after, err := proc.Tree(pids...)
		if err != nil {
			return err
		}
		if quiet++; after.Since(before) > look/20 {
			quiet = 0
		}
		before = after
	}
	return nil
}

// request fills in what a load asks of a case.
func (b *bench) request(g Group, c *contender, l protocol.Load) protocol.Load {
	l.URL, l.Want, l.Cookies, l.First = c.process.ready.URL+g.Path, g.Want, c.cookies, c.turn
	l.Requests = b.Requests / max(1, c.Fraction)
	if g.Requests > 0 {
		l.Requests = g.Requests
	}
	if l.Rate > 0 {
		l.Requests = min(b.Requests, int(2*l.Rate)) // two seconds at most
	}
	if g.Login != nil {
		l.Logins, l.LoginPrefix = loginUsers, seed.LoginName(*g.Login)
	}
	return l
}

// rounds has all servers of a group take their turns at a load.
func (b *bench) rounds(ctx context.Context, g Group, name string, all []*contender) ([]Row, error) {
	list := shapes(b.options)
	shape := list[slices.IndexFunc(list, func(s Shape) bool { return s.Name == name })]
	rows := make([]Row, len(all))
	for i, c := range all {
		_, known := b.databasePIDs(c.Case)
		rows[i] = Row{Group: g.Name, Case: c.Name, Load: name, Databases: known, Yardstick: i == 0}
	}
	b.say("%s: %s", g.Name, shape.What)
	for round := range b.Rounds {
		for i := range all {
			i = (i + round) % len(all) // nobody is always the first
			l := b.request(g, all[i], shape.Load)
			l.Seed = uint64(round)
			run := func() (err error) {
				sample, err := b.round(ctx, all[i], l)
				rows[i].Samples = append(rows[i].Samples, sample)
				return err
			}
			err := b.profile(ctx, all[i].process, g.Name+" "+all[i].Name+" "+name, run)
			if err != nil {
				return nil, fmt.Errorf("%s, %s, %s: %w", g.Name, all[i].Name, shape.What, err)
			}
		}
	}
	return rows, nil
}

// round measures one load of one server.
func (b *bench) round(ctx context.Context, c *contender, l protocol.Load) (s Sample, err error) {
	if l.Pick == protocol.Each && l.Logins == 0 {
		c.turn += l.Requests
		if c.turn > len(c.data.keys) {
			return s, fmt.Errorf("%d sessions are too few for so many rounds of new ones: raise -sessions",
				len(c.data.keys))
		}
	}
	took, err := b.watch(ctx, c)
	if err != nil {
		return s, err
	}
	result, err := b.client.send(l)
	if err != nil {
		return s, err
	}
	if s, err = took(); err != nil {
		return s, err
	}
	if s.Counted && s.Accepted != result.Sent {
		return s, fmt.Errorf("%d requests were sent, and the server counted %d", result.Sent, s.Accepted)
	}
	s.Requests, s.Elapsed = result.Sent, result.Elapsed
	if s.Latency, err = hdr.Decode(result.Latency); err != nil {
		return s, err
	}
	return s, whole(result)
}

// watch reads all counters, and returns what reads them again.
func (b *bench) watch(ctx context.Context, c *contender) (func() (Sample, error), error) {
	databases, _ := b.databasePIDs(c.Case)
	type reading struct {
		server, database proc.Sample
		counters         protocol.Counters
		counted          bool
		writes           int64
	}
	var errs [8]error
	count := func(r *reading, errs []error) {
		r.counters, r.counted, errs[0] = c.process.counters(ctx)
		r.writes, errs[1] = b.writes(ctx, c.Case)
	}
	clock := func(r *reading, errs []error) {
		r.server, errs[0] = proc.Tree(c.process.cmd.Process.Pid)
		r.database, errs[1] = proc.Tree(databases...)
	}
	var before, after reading
	count(&before, errs[:])
	clock(&before, errs[2:])
	return func() (Sample, error) {
		clock(&after, errs[4:]) // first, since to count costs CPU time too
		count(&after, errs[6:])
		return Sample{
			Server: after.server.Since(before.server), Database: after.database.Since(before.database),
			Counted: after.counted, Allocs: after.counters.Allocs - before.counters.Allocs,
			Bytes: after.counters.Bytes - before.counters.Bytes, Writes: after.writes - before.writes,
			Accepted: int(after.counters.Requests - before.counters.Requests),
		}, errors.Join(errs[:]...)
	}, errors.Join(errs[:]...)
}

// whole returns an error unless every response was good.
func whole(r protocol.Result) error {
	if r.Good == r.Sent && r.Sent > 0 {
		return nil
	}
	return fmt.Errorf("%d of %d responses were good; others: %v, such as %s", r.Good, r.Sent, r.Bad, r.Sample)
}

// merged is one sample with the latencies of all rounds, or none where they are not known.
func (r Row) merged() []Sample {
	all := load.Histogram()
	for _, s := range r.Samples {
		if s.Latency == nil {
			return nil
		}
		all.Merge(s.Latency)
	}
	return []Sample{{Latency: all}}
}
