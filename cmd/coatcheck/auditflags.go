package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/signing"
)

// auditFlag is how long the audit log keeps events.
type auditFlag struct {
	Days int `group:"log" name:"audit-days" default:"180" placeholder:"DAYS" help:"Days that the audit log keeps what happened to accounts; 0 records nothing, and removes nothing. See coatcheck audit."`
}

const day = 24 * time.Hour

// check refuses a number of days that is none.
func (f *auditFlag) check() error {
	if f.Days < 0 || f.Days > 36500 {
		return usageError{fmt.Errorf("--audit-days is %d; give a number of days from 0 to 36500", f.Days)}
	}
	return nil
}

// apply configures the site.
func (f *auditFlag) apply(c *coatcheck.Config) error {
	c.Accounts.AuditOff, c.Accounts.AuditAge = f.Days == 0, time.Duration(f.Days)*day
	return f.check()
}

// warn reports that a command records nothing, unless that is what the flag asks for.
func (f *auditFlag) warn(con *console.Console, db *database.DB) {
	if f.Days > 0 {
		warnUnrecorded(con, db)
	}
}

// warnUnrecorded reports that nothing is recorded, where the database has no table for it.
func warnUnrecorded(con *console.Console, db *database.DB) {
	if own.Missing(db, own.AuditTable) != nil {
		fmt.Fprintf(con.Err, "The audit log does not record this, since there is no table %s: "+
			"run coatcheck migrate.\n", own.AuditTable)
	}
}

// open returns the audit log of a command, or nil where nothing is recorded: by --audit-days 0, or
// because the database has no table for it.
func (f *auditFlag) open(db *database.DB, keys signing.Keys) (*audit.Log, error) {
	if err := f.check(); err != nil || f.Days == 0 {
		return nil, err
	}
	log, err := audit.New(audit.Config{
		Database: db, Keys: keys, Age: time.Duration(f.Days) * day, Logger: slog.New(slog.DiscardHandler),
	})
	if missing := (*own.MissingError)(nil); errors.As(err, &missing) {
		return nil, nil
	}
	return log, err
}
