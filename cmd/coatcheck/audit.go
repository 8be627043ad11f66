package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
)

// auditCommand prints the audit log.
type auditCommand struct {
	User     string        `name:"user" env:"-" placeholder:"NAME" help:"What happened to this user alone."`
	Since    string        `name:"since" env:"-" placeholder:"WHEN" help:"What happened since: 7d, 12h, 30m, or a date, 2026-01-31 or 2026-01-31T15:04:05Z."`
	Events   []string      `name:"event" env:"-" placeholder:"EVENT" help:"This event alone, such as login-failed; may be repeated."`
	Limit    int           `name:"limit" env:"-" default:"50" placeholder:"N" help:"Print at most so many, the newest; 0 prints all."`
	JSON     bool          `name:"json" env:"-" help:"Print a JSON object a line."`
	Database databaseFlags `embed:""`
}

// Run prints the events, the newest first. It writes nothing.
func (c *auditCommand) Run(ctx context.Context, con *console.Console) (err error) {
	filter, err := c.filter(time.Now())
	if err != nil {
		return err
	}
	if err := c.Database.there(); err != nil {
		return err
	}
	db, err := c.Database.look(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := own.Missing(db, own.AuditTable); err != nil {
		return err
	}
	if err := c.selectUser(ctx, db, &filter); err != nil {
		return err
	}
	printer := newAuditPrinter(con, c.JSON)
	names := presentNames{db, map[string]string{}}
	if err := c.each(ctx, own.New(db), filter, func(e audit.Entry) error {
		return errors.Join(names.complete(ctx, &e), printer.print(e))
	}); err != nil {
		return err
	}
	return printer.done()
}

// filter is what the flags select, but for the user.
func (c *auditCommand) filter(now time.Time) (f audit.Filter, err error) {
	if c.Limit < 0 {
		return f, usageError{fmt.Errorf("--limit is %d; give a number of events, or 0 for all", c.Limit)}
	}
	for _, event := range c.Events {
		if _, known := audit.Code(event).Meaning(); !known {
			return f, usageError{fmt.Errorf("--event: there is no event %q; %s", event, knownEvents())}
		}
	}
	f.Events = c.Events
	if c.Since != "" {
		f.Since, err = since(c.Since, now)
	}
	return f, err
}

// knownEvents lists the events.
func knownEvents() string {
	var codes []string
	for _, m := range audit.Codes() {
		codes = append(codes, string(m.Code))
	}
	return "these are: " + strings.Join(codes, ", ")
}

// since reads a length of time before now, or a time. Times without a zone are UTC.
func since(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if span, err := time.ParseDuration(text); err == nil && span >= 0 {
		return now.Add(-span), nil
	}
	layouts := [...]string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, usageError{fmt.Errorf("--since %q is neither a length of time nor a date; write it "+
		"as in 7d, 12h or 2026-01-31", text)}
}

// selectUser selects the events of the user. One who is gone is found by the name that the events
// have.
func (c *auditCommand) selectUser(ctx context.Context, db *database.DB, f *audit.Filter) error {
	if c.User == "" {
		return nil
	}
	user, err := db.UserByUsername(ctx, c.User)
	switch {
	case errors.Is(err, database.ErrNotFound):
		f.Username = c.User
	case err != nil:
		return err
	default:
		f.UserID = user.ID
		return nil
	}
	f.Limit = 1
	events, err := own.New(db).FindAudit(ctx, *f)
	if err == nil && len(events) == 0 && f.Since.IsZero() && len(f.Events) == 0 {
		err = fmt.Errorf("user '%s' does not exist, and no event has that name", c.User)
	}
	return err
}

// presentNames are the usernames of users, for events that were recorded by the ID alone: what a
// session shows is no reason to look its user up.
type presentNames struct {
	db   *database.DB
	byID map[string]string
}

// complete sets the present name of the user of an event that has none, if the user is still there.
func (n presentNames) complete(ctx context.Context, e *audit.Entry) error {
	if e.Username != "" || e.UserID == "" {
		return nil
	}
	name, known := n.byID[e.UserID]
	if !known {
		user, err := n.db.UserByID(ctx, e.UserID)
		if err != nil && !errors.Is(err, database.ErrNotFound) {
			return err
		}
		if err == nil {
			name = user.Username
		}
		n.byID[e.UserID] = name
	}
	e.Username = name
	return nil
}

// each calls print with each event that the filter selects, up to the limit.
func (c *auditCommand) each(
	ctx context.Context, store *own.Store, f audit.Filter, print func(audit.Entry) error,
) error {
	const page = 500
	for left := c.Limit; c.Limit == 0 || left > 0; {
		f.Limit = page
		if c.Limit > 0 {
			f.Limit = min(page, left)
		}
		events, err := store.FindAudit(ctx, f)
		if err != nil {
			return err
		}
		for _, event := range events {
			if err := print(event); err != nil {
				return err
			}
		}
		if len(events) < f.Limit {
			return nil
		}
		left -= len(events)
		f.Before = events[len(events)-1].ID
	}
	return nil
}

// auditPrinter prints events as a table, or as JSON.
type auditPrinter struct {
	con   *console.Console
	json  *json.Encoder // nil for a table
	table *tabwriter.Writer
	count int
}

func newAuditPrinter(con *console.Console, asJSON bool) *auditPrinter {
	if asJSON {
		return &auditPrinter{con: con, json: json.NewEncoder(con.Out)}
	}
	return &auditPrinter{con: con, table: tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)}
}

func (p *auditPrinter) print(e audit.Entry) error {
	if p.json != nil {
		e.Time = e.Time.UTC()
		return p.json.Encode(e)
	}
	if p.count == 0 {
		fmt.Fprintln(p.table, "TIME (UTC)\tEVENT\tUSER\tREASON\tBY\tADDRESS\tDEVICE\tSESSION")
	}
	p.count++
	_, err := fmt.Fprintf(p.table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
		e.Time.UTC().Format(time.DateTime), e.Event, orDash(nameOf(e)), orDash(e.Reason),
		strings.TrimSpace(e.Actor+" "+e.ActorName), orDash(e.IP),
		orDash(strings.TrimSpace(e.Browser+" "+e.OS)), orDash(e.Session))
	return err
}

// nameOf names the user of an event, by the ID where that is all there is.
func nameOf(e audit.Entry) string {
	if e.Username == "" && e.UserID != "" {
		return "#" + e.UserID
	}
	return e.Username
}

// done ends the table.
func (p *auditPrinter) done() error {
	switch {
	case p.json != nil:
		return nil
	case p.count == 0:
		p.con.Say("There are no such events.")
		return nil
	}
	return p.table.Flush()
}
