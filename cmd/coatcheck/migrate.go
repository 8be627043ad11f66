package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
)

// migrateCommand creates Django's tables where they are absent, and Coatcheck's own.
type migrateCommand struct {
	Database  databaseFlags `embed:""`
	Create    createFlag    `embed:""`
	Check     bool          `env:"-" help:"Change nothing; exit with 1 if there are unapplied migrations."`
	Plan      bool          `env:"-" help:"Change nothing; list what would be applied."`
	SQL       bool          `name:"sql" env:"-" help:"Change nothing; print the SQL of what would be applied, for another migration tool."`
	Triggers  bool          `env:"-" help:"Also create the triggers by which PostgreSQL tells serve --session-memory of changes, in place of older ones. Other databases need none."`
	Verbosity verbosityFlag `embed:""`
}

// errUnapplied is the outcome of migrate --check.
var errUnapplied = errors.New("there are unapplied migrations")

// Run applies, or only tells.
func (c *migrateCommand) Run(ctx context.Context, con *console.Console) (err error) {
	if err := c.Database.mayMake(c.Create.Create); err != nil {
		return err
	}
	look := c.Check || c.Plan || c.SQL
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
		if column, ok := strings.CutPrefix(what, "added column "); ok {
			con.Say("  Adding column " + column + "... OK")
		}
		if name, ok := strings.CutPrefix(what, "recorded "); ok {
			con.Say("  Applying " + name + "... OK")
		}
	}
	if len(done) == 0 {
		con.Say("  No migrations to apply.")
	}
	return errors.Join(c.createTriggers(ctx, con, db), foreign(ctx, con, db))
}

// createTriggers creates the triggers, if they are asked for and the database needs some.
func (c *migrateCommand) createTriggers(ctx context.Context, con *console.Console, db *database.DB) error {
	if !c.Triggers || len(db.Triggers()) == 0 {
		return nil
	}
	if err := db.CreateTriggers(ctx); err != nil {
		return err
	}
	con.Say("  Creating triggers that tell of changes to sessions and users... OK")
	return nil
}

// foreign names migrations that are not ours to apply: Django began them.
func foreign(ctx context.Context, con *console.Console, db *database.DB) error {
	left, err := db.LeftToDjango(ctx)
	if err == nil && len(left) > 0 {
		con.Say("  Left to Django, whose tables these are (manage.py migrate): " + strings.Join(left, ", "))
	}
	return err
}

// tell reports what Run would do.
func (c *migrateCommand) tell(ctx context.Context, con *console.Console, db *database.DB) error {
	plan, err := db.Plan(ctx)
	if err != nil {
		return err
	}
	lacking := c.Triggers && db.CheckTriggers(ctx) != nil
	if c.SQL {
		con.Say(strings.TrimSpace(scriptHeader(db) + plan.SQL() + c.triggersSQL(db)))
	} else if err := c.list(ctx, con, db, plan); err != nil {
		return err
	}
	if lacking && !c.SQL {
		con.Say("  create the triggers that tell of changes to sessions and users")
	}
	if c.Check && (lacking || len(plan) > 0) {
		return errUnapplied
	}
	return nil
}

// triggersSQL are the statements of the triggers, if they are asked for.
func (c *migrateCommand) triggersSQL(db *database.DB) string {
	if all := db.Triggers(); c.Triggers && len(all) > 0 {
		return "\n-- triggers that tell of changes to sessions and users\n" + strings.Join(all, ";\n") + ";\n"
	}
	return ""
}

// list names the tables that the plan creates, and the migrations that it records.
func (c *migrateCommand) list(ctx context.Context, con *console.Console, db *database.DB, plan database.Plan) error {
	if c.Plan || len(plan) > 0 {
		con.Say("Planned operations:")
		for _, line := range plan.Lines() {
			line = strings.Replace(line, "created table ", "create table ", 1)
			line = strings.Replace(line, "added column ", "add column ", 1)
			con.Say("  " + strings.TrimPrefix(line, "recorded "))
		}
		if len(plan) == 0 {
			con.Say("  No planned migration operations.")
		}
	}
	return foreign(ctx, con, db)
}

// scriptHeader reports how the SQL is to be run.
func scriptHeader(db *database.DB) string {
	how := "in one transaction"
	if db.Engine() == "mysql" {
		how = "up to the first error; MySQL and MariaDB commit each statement"
	}
	return "-- coatcheck migrate --sql, for " + db.Engine() + ". Run it " + how + ".\n\n"
}

// warnUnapplied reports that tables of Django's are missing before a command needs them, as
// Django's commands do.
func warnUnapplied(ctx context.Context, con *console.Console, db *database.DB) error {
	plan, err := db.Plan(ctx)
	if err != nil {
		return err
	}
	for _, step := range plan {
		if step.Column != "" {
			return fmt.Errorf("there is no column %s yet; run coatcheck migrate with the same --user-field",
				step.Column)
		}
	}
	left, err := db.LeftToDjango(ctx)
	if err != nil {
		return err
	}
	command := "coatcheck migrate"
	if len(left) > 0 {
		command = "manage.py migrate"
	}
	count := 0
	var apps []string
	for _, name := range append(plan.Migrations(), left...) {
		app, _, _ := strings.Cut(name, ".")
		if app == own.App {
			continue
		}
		count++
		if !slices.Contains(apps, app) {
			apps = append(apps, app)
		}
	}
	if count == 0 {
		return nil
	}
	slices.Sort(apps)
	con.Say(fmt.Sprintf("\nYou have %d unapplied migration(s). Your project may not work properly until "+
		"you apply the migrations for app(s): %s.\n"+
		"Run '%s' to apply them.", count, strings.Join(apps, ", "), command))
	return nil
}
