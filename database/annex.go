package database

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// Annex describes the tables that a database has beside Django's. The packages of the
// engines take it from database/own.
type Annex struct {
	// Migrations make the tables, in this order.
	Migrations []Migration
	// Endings is the table from which UserByID reads, along with the user with the id
	// user_id, the number ending; see [User.Ending].
	Endings string
	// Locks is the table in whose rows, by their name, CreateUnique locks a username.
	Locks string
}

// Migration is a numbered change to tables that are not Django's. Once it was released it
// stays as it is.
type Migration struct {
	// App and Name are how django_migrations records it: "coatcheck", "0001_initial".
	App, Name string
	// Statements are in the engine's SQL, without parameters. Each is about one table, which it
	// names behind its first words. MySQL commits each of them, and after an interruption
	// runs them again, so that what changes rows must have the same outcome twice.
	Statements []string
}

// String returns app and name: "coatcheck.0001_initial".
func (m Migration) String() string { return m.App + "." + m.Name }

// Tables returns the names of the tables that the migration creates.
func (m Migration) Tables() []string {
	var names []string
	for _, statement := range m.Statements {
		if table, creates := about(statement); creates {
			names = append(names, table)
		}
	}
	return names
}

const creation = "CREATE TABLE "

var subject = regexp.MustCompile(`^(?:` + creation + `|CREATE (?:UNIQUE )?INDEX \w+ ON |ALTER TABLE |DROP TABLE |UPDATE |INSERT INTO |DELETE FROM )(\w+)\b`)

// about returns the table that a statement is about, and reports whether it creates it.
func about(statement string) (table string, creates bool) {
	if match := subject.FindStringSubmatch(statement); match != nil {
		return match[1], strings.HasPrefix(statement, creation)
	}
	return "", false
}

// check refuses migrations that Migrate cannot apply.
func (a *Annex) check() error {
	for _, m := range a.Migrations {
		for _, statement := range m.Statements {
			if table, _ := about(statement); table == "" {
				return fmt.Errorf("database: migration %s: it does not say about which table this is: %.60s", m, statement)
			}
		}
	}
	return nil
}

// beside spells what is asked of the annex. Without its tables the queries are not run.
func (q *queries) beside(d *dialect.Dialect, t *userTable, a *Annex) {
	q.userAndEnding = d.Query("user row read", "SELECT "+t.columns(d)+
		", COALESCE((SELECT ending FROM "+a.Endings+" WHERE user_id = ?2), 0) FROM "+t.name+t.is(d, "?1"))
	insert := "INSERT INTO " + a.Locks + " (name) VALUES (?1)"
	if d.OnConflict {
		insert += " ON CONFLICT (name) DO UPDATE SET name = excluded.name"
	} else {
		insert += " ON DUPLICATE KEY UPDATE name = name"
	}
	q.lock = d.Query("name locked", insert)
	q.unlock = d.Query("name unlocked", "DELETE FROM "+a.Locks+" WHERE name = ?1")
}
