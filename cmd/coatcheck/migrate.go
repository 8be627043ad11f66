package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/console"
)

// migrateCommand creates Django's tables where they are absent.
type migrateCommand struct {
	Database  databaseFlags `embed:""`
	Create    createFlag    `embed:""`
	Check     bool          `env:"-" help:"Change nothing; exit with 1 if there are unapplied migrations."`
	Plan      bool          `env:"-" help:"Change nothing; list what would be applied."`
	Verbosity verbosityFlag `embed:""`
}

// errUnapplied is the outcome of migrate --check.
var errUnapplied = errors.New("there are unapplied migrations")

// Run applies, or only tells.
func (c *migrateCommand) Run(ctx context.Context, con *console.Console) (err error) {
	if err := c.Database.mayMake(c.Create.Create); err != nil {
		return err
	}
	look := c.Check || c.Plan
	if look && c.Database.fileAbsent() {
		c.Database.URL = "sqlite::memory:" // as empty as the file that would be made
	}
	connect := c.Database.look
	if !look {
		connect = func(ctx context.Context) (*database.DB, error) { return c.Database.connect(ctx, false) }
	}
	db, err := connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if look {
		return c.tell(ctx, con, db)
	}
	if c.Verbosity.Level == 0 {
		con = &console.Console{Out: io.Discard}
	}
	con.Say("Operations to perform:\n  Apply all migrations: admin, auth, coatcheck, contenttypes, " +
		"sessions\nRunning migrations:")
	done, err := db.Migrate(ctx)
	if err != nil {
		return err
	}
	for _, what := range done {
		if name, ok := strings.CutPrefix(what, "recorded "); ok {
			con.Say("  Applying " + name + "... OK")
		}
	}
	if len(done) == 0 {
		con.Say("  No migrations to apply.")
	}
	return foreign(ctx, con, db)
}

// foreign names migrations that are not ours to apply: Django began them.
func foreign(ctx context.Context, con *console.Console, db *database.DB) error {
	missing, err := db.Unapplied(ctx)
	if err == nil && len(missing) > 0 {
		con.Say("  Left to Django, whose tables these are: " + strings.Join(missing, ", "))
	}
	return err
}

func (c *migrateCommand) tell(ctx context.Context, con *console.Console, db *database.DB) error {
	missing, err := db.Unapplied(ctx)
	if err != nil {
		return err
	}
	own, err := db.HasOwnTables(ctx)
	if err != nil {
		return err
	}
	if !own {
		missing = append(missing, "coatcheck.0001_initial")
	}
	if c.Plan || len(missing) > 0 {
		con.Say("Planned operations:")
		for _, name := range missing {
			con.Say("  " + name)
		}
		if len(missing) == 0 {
			con.Say("  No planned migration operations.")
		}
	}
	if c.Check && len(missing) > 0 {
		return errUnapplied
	}
	return nil
}

// warnUnapplied says that tables are missing before a command needs them, as
// Django's commands do.
func warnUnapplied(ctx context.Context, con *console.Console, db *database.DB) error {
	missing, err := db.Unapplied(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	var apps []string
	for _, name := range missing {
		app, _, _ := strings.Cut(name, ".")
		if !slices.Contains(apps, app) {
			apps = append(apps, app)
		}
	}
	slices.Sort(apps)
	con.Say(fmt.Sprintf("\nYou have %d unapplied migration(s). Your project may not work properly until "+
		"you apply the migrations for app(s): %s.\n"+
		"Run 'coatcheck migrate' to apply them.", len(missing), strings.Join(apps, ", ")))
	return nil
}
