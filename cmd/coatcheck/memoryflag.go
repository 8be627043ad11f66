package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
)

// memoryFlag keeps sessions in memory.
type memoryFlag struct {
	MB int `group:"sessions" name:"session-memory" default:"0" placeholder:"MB" help:"Megabytes of this process that keep sessions and users between requests, so that most pages make no query; 0 keeps none. What another program changes counts within milliseconds, and after 1 s at the latest, or 50 ms with SQLite. It needs PostgreSQL with the triggers of coatcheck migrate --triggers, or a file of SQLite; sessions may be in Redis."`
}

// maxMemory is the most megabytes.
const maxMemory = 1 << 20

// check returns what is wrong with the flag beside the others, as far as it can be seen without a
// connection.
func (f *memoryFlag) check(e *engineFlags, d *databaseFlags) error {
	refused := func(why string) error {
		return usageError{fmt.Errorf("--session-memory: %s; leave it out, or choose another", why)}
	}
	if f.MB < 0 || f.MB > maxMemory {
		return usageError{fmt.Errorf("--session-memory is %d; give megabytes from 1 to %d, or 0 for none",
			f.MB, maxMemory)}
	}
	switch {
	case f.MB == 0:
		return nil
	case strings.HasPrefix(d.URL, "mysql:"), strings.HasPrefix(d.URL, "mariadb:"):
		return refused("MariaDB and MySQL do not tell of changes")
	case e.Name == "file", e.Name == "signed_cookies":
		return refused("the session engine " + e.Name + " does not tell of changes")
	case e.Name != "db" && len(e.Cache) > 0 && strings.HasPrefix(e.Cache[0], "memcached:"):
		return refused("memcached does not tell of changes")
	}
	return nil
}

// apply sets what the flag says, and refuses a database without the triggers that it needs.
func (f *memoryFlag) apply(ctx context.Context, config *coatcheck.Config, db *database.DB) error {
	if f.MB == 0 {
		return nil
	}
	config.Sessions.Memory = int64(f.MB) << 20
	if err := db.CheckTriggers(ctx); err != nil {
		return fmt.Errorf("--session-memory: %w", err)
	}
	return nil
}
