package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/doctor"
	"github.com/coatcheck/coatcheck/internal/findings"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/probe"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// doctorCommand reports what is wrong or risky about a database, the settings of serve, and the
// site behind its proxies.
type doctorCommand struct {
	URL   string       `name:"url" env:"-" placeholder:"URL" help:"Address of the site as visitors type it, https://www.example.com: also look at its login page, its cookies, and what the server sees behind the proxies."`
	Probe bool         `env:"-" default:"true" negatable:"" help:"Ask the server at --url what it sees, signed with the secret key; on by default. --no-probe is for a site that is no coatcheck serve."`
	JSON  bool         `name:"json" env:"-" help:"Print JSON."`
	Serve serveCommand `embed:""`
}

// errUnseen is the outcome if something could not be looked at.
var errUnseen = errors.New("not everything could be looked at")

// diagnosis is what the doctor says.
type diagnosis struct {
	Findings []finding       `json:"findings"`
	Seen     []findings.Fact `json:"seen"`
	Unseen   []findings.Fact `json:"unseen,omitempty"`
}

// finding is one of them, for programs.
type finding struct {
	ID       string            `json:"id"`
	Severity findings.Severity `json:"severity"`
	Text     string            `json:"text"`
	Remedy   string            `json:"remedy,omitempty"`
}

// Run prints what was found. It opens nothing for writing, and creates nothing.
func (c *doctorCommand) Run(ctx context.Context, con *console.Console) error {
	var site *url.URL
	if c.URL != "" {
		var err error
		if site, err = doctor.ParseURL(c.URL); err != nil {
			return usageError{fmt.Errorf("--url: %w", err)}
		}
	}
	hashing, err := c.Serve.Passwords.Hasher.config()
	if err != nil {
		return err
	}
	hashers, err := password.New(hashing)
	if err != nil {
		return err
	}
	key, found := c.Serve.foundKey()
	found = append(found, c.Serve.checkSettings(ctx, con, key)...)
	found = append(found, c.Serve.openKeys()...)
	look := &look{serve: &c.Serve, seen: &findings.Seen{Settings: c.Serve.judged(key)}, hashers: hashers}
	look.database(ctx)
	if site != nil {
		look.web(ctx, doctor.Visit{URL: site, Login: c.Serve.LoginURL, Keys: c.signing(key)})
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	d := look.diagnosis(append(found, findings.Doctor(look.seen)...))
	if c.JSON {
		err = printJSON(con.Out, d)
	} else {
		err = d.print(con.Out)
	}
	return errors.Join(err, d.outcome())
}

// signing are the keys by which the server is asked; none where there is no key, or it is not to
// be asked.
func (c *doctorCommand) signing(key secret) coatcheck.Keys {
	if !c.Probe || c.Serve.Secret.toMake(c.Serve.Database.folder(), c.Serve.Create.Create) != "" {
		return coatcheck.Keys{}
	}
	return key.keys(false)
}

// look is a look at a site.
type look struct {
	serve   *serveCommand
	hashers *password.Hashers
	seen    *findings.Seen
	unseen  []findings.Fact
}

// missed notes what could not be looked at.
func (l *look) missed(name string, err error) {
	says := strings.TrimPrefix(styled(err.Error()), "coatcheck: ")
	l.unseen = append(l.unseen, findings.Fact{Name: name, Says: says})
}

// database looks at the database, and at the cache of its sessions.
func (l *look) database(ctx context.Context) {
	db, err := l.open(ctx)
	if err != nil {
		l.missed("database", err)
		return
	}
	defer db.Close() //nolint:errcheck // it was only read
	engine := l.serve.Engine.Name
	rows := engine == "db" || engine == "cached_db"
	seen, err := doctor.Database(ctx, db, l.hashers, rows)
	if err != nil {
		l.missed("database", err)
	}
	seen.ExecMode = l.execMode()
	seen.Unrecorded = l.serve.Audit.Days > 0 && seen.NotReady == "" && own.Missing(db, own.AuditTable) != nil
	if seen.LoginTime, err = doctor.LoginTime(ctx, l.hashers); err != nil {
		l.missed("login", err)
	}
	l.seen.Database = seen
	if engine == "cache" || engine == "cached_db" {
		l.cache(ctx, db, engine)
	}
}

// open opens the database to look at it.
func (l *look) open(ctx context.Context) (*database.DB, error) {
	if err := l.serve.Database.there(); err != nil {
		return nil, err
	}
	return l.serve.Database.look(ctx)
}

// execMode is pgx's parameter in the URL of the database.
func (l *look) execMode() string {
	u, err := url.Parse(l.serve.Database.URL)
	if err != nil {
		return ""
	}
	return u.Query().Get("default_query_exec_mode")
}

// cache looks at the cache. One that does not respond is a finding.
func (l *look) cache(ctx context.Context, db *database.DB, engine string) {
	l.seen.Cache = &findings.Cache{Engine: engine}
	if _, err := l.serve.Engine.servers(); err != nil {
		l.missed("cache", err)
		l.seen.Cache = nil
		return
	}
	cache, closeCache, err := l.serve.Engine.openCache(ctx)
	if err != nil {
		l.seen.Cache.Dead = true
		return
	}
	defer closeCache()
	if engine == "cache" {
		return
	}
	keys := cachestore.Keys{Prefix: l.serve.Engine.CacheKeyPrefix, Version: l.serve.Engine.CacheVersion}
	if l.seen.Cache, err = doctor.Copies(ctx, db, cache, keys); err != nil {
		l.missed("cache", err)
	}
}

// web looks at the site through its proxies.
func (l *look) web(ctx context.Context, visit doctor.Visit) {
	seen, err := visit.Web(ctx)
	if err != nil {
		l.missed("url", err)
		return
	}
	l.seen.Web = seen
}

// diagnosis puts the worst first.
func (l *look) diagnosis(found []findings.Finding) *diagnosis {
	d := &diagnosis{Findings: []finding{}, Seen: l.seen.Facts(), Unseen: l.unseen}
	for _, severity := range []findings.Severity{findings.Error, findings.Warning, findings.Note} {
		for _, f := range found {
			if f.Severity() == severity {
				d.Findings = append(d.Findings, finding{f.ID, severity, f.Text, f.Remedy})
			}
		}
	}
	return d
}

// outcome is the error of the exit status.
func (d *diagnosis) outcome() error {
	switch {
	case len(d.Unseen) > 0:
		return errUnseen
	case slices.ContainsFunc(d.Findings, func(f finding) bool { return f.Severity != findings.Note }):
		return errFindings
	}
	return nil
}

// print prints what was looked at, and what was found.
func (d *diagnosis) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, fact := range d.Seen {
		fmt.Fprintf(table, "  %s\t%s\n", fact.Name, fact.Says)
	}
	for _, fact := range d.Unseen {
		fmt.Fprintf(table, "? %s\tcould not be looked at: %s\n", fact.Name, fact.Says)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	title := findings.Severity("")
	for _, f := range d.Findings {
		if f.Severity != title {
			title = f.Severity
			fmt.Fprintf(out, "\n%sS:\n", strings.ToUpper(string(title)))
		}
		fmt.Fprintf(out, "(%s) %s\n", f.ID, f.Text)
		if f.Remedy != "" {
			fmt.Fprintf(out, "    %s\n", f.Remedy)
		}
	}
	switch len(d.Findings) {
	case 0:
		fmt.Fprintln(out, "\nNothing was found.")
	default:
		fmt.Fprintf(out, "\n%d found; docs/doctor.md explains each.\n", len(d.Findings))
	}
	return nil
}

func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// probe is what tells the doctor what the server sees.
func (c *serveCommand) probe(site *coatcheck.Site, key secret) (probe.Handler, error) {
	own := site.Sessions.Config()
	return probe.New(probe.Config{
		Keys: key.keys(false), Proxy: c.Web.proxy(),
		Cookie: httptext.SetCookie{
			Name: own.CookieName, Path: site.CookiePath(), Domain: own.CookieDomain, Secure: own.CookieSecure,
			HttpOnly: !own.CookieScriptAccess, SameSite: own.CookieSameSite,
		},
	})
}
