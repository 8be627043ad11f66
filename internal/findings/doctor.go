package findings

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// diagnosis is a rule about what the doctor saw. It returns what is wrong, or an empty text, and
// the one line to change.
type diagnosis[T any] struct {
	id    string
	judge func(s *Settings, seen *T) (text, remedy string)
}

// Doctor judges what was seen, and then the settings by it.
func Doctor(seen *Seen) []Finding {
	found := examine(&seen.Settings, seen.Database, databaseRules)
	found = append(found, examine(&seen.Settings, seen.Database, hashRules)...)
	found = append(found, examine(&seen.Settings, seen.Cache, cacheRules)...)
	found = append(found, examine(&seen.Settings, seen.Web, webRules)...)
	found = append(found, examine(&seen.Settings, seen.Web, cookieRules)...)
	return append(found, Deploy(seen.settled())...)
}

// examine applies rules to what was seen, or nothing to nil.
func examine[T any](s *Settings, seen *T, rules []diagnosis[T]) (found []Finding) {
	for _, rule := range rules {
		if seen == nil {
			return nil
		}
		if text, remedy := rule.judge(s, seen); text != "" {
			found = append(found, Finding{rule.id, text, remedy})
		}
	}
	return found
}

// settled returns the settings with what the proxy does in their place.
func (seen *Seen) settled() Settings {
	s := seen.Settings
	w := seen.Web
	s.ClientSeen = w != nil && w.Report != nil
	if w != nil && w.HTTPS {
		s.ProxyRedirects = w.PlainRedirects
		if seconds, subdomains, preload := w.hsts(); seconds > 0 {
			s.HSTSSeconds, s.HSTSSubdomains, s.HSTSPreload = seconds, subdomains, preload
		}
	}
	return s
}

// DoctorIDs returns the ids of the rules about what the doctor saw, in order.
func DoctorIDs() []string {
	ids := []string{"coatcheck.W020"} // of Deploy
	for _, rule := range slices.Concat(databaseRules, hashRules) {
		ids = append(ids, rule.id)
	}
	for _, rule := range cacheRules {
		ids = append(ids, rule.id)
	}
	for _, rule := range slices.Concat(webRules, cookieRules) {
		ids = append(ids, rule.id)
	}
	return ids
}

// maxDrift is how far two clocks may be apart.
const maxDrift = 5 * time.Second

// databaseRules are about a database, but for its passwords.
var databaseRules = []diagnosis[Database]{
	{"coatcheck.E021", func(_ *Settings, d *Database) (string, string) {
		return d.NotReady, "coatcheck migrate"
	}},
	{"coatcheck.W022", func(_ *Settings, d *Database) (string, string) {
		if d.Sessions == nil || d.Sessions.Stale == 0 {
			return "", ""
		}
		return fmt.Sprintf("%s expired more than two days ago, of %d in all: nothing removes them, and the "+
				"table grows.", plural(d.Sessions.Stale, "session"), d.Sessions.Live+d.Sessions.Expired),
			"coatcheck clearsessions # each day"
	}},
	{"coatcheck.W023", func(_ *Settings, d *Database) (string, string) {
		if d.Sessions == nil || d.Sessions.Index {
			return "", ""
		}
		return "django_session has no index on expire_date, so each removal of expired sessions " +
				"reads all of it.",
			"CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);"
	}},
	{"coatcheck.W024", narrow},
	{"coatcheck.W025", func(_ *Settings, d *Database) (string, string) {
		if d.Encoding != "SQL_ASCII" {
			return "", ""
		}
		return "The database has the encoding SQL_ASCII: PostgreSQL checks no text and knows no " +
				"letter beyond ASCII, so names that differ only in case count as two.",
			"CREATE DATABASE new ENCODING 'UTF8' TEMPLATE template0; -- and pg_dump | psql into it"
	}},
	{"coatcheck.I026", func(_ *Settings, d *Database) (string, string) {
		if len(d.Folding) == 0 {
			return "", ""
		}
		return "To the database, texts of other letters are the same in " + list(d.Folding) + ". " +
				"Coatcheck compares usernames and session keys again; statements of your own have to.",
			"keep it, or give the columns a collation that compares bytes"
	}},
	{"coatcheck.W027", func(_ *Settings, d *Database) (string, string) {
		if len(d.Nulls) == 0 {
			return "", ""
		}
		var rows []string
		for _, c := range d.Nulls {
			rows = append(rows, c.Name+" ("+plural(c.Rows, "row")+")")
		}
		return "Columns of " + d.Users + " are NULL where Django's never are: " + strings.Join(rows, ", ") +
				". Coatcheck reads an empty text or no; Django gets None, and fails where it expects a text.",
			fmt.Sprintf("UPDATE %s SET %s = … WHERE %[2]s IS NULL;", d.Users, d.Nulls[0].Name)
	}},
	{"coatcheck.W033", func(_ *Settings, d *Database) (string, string) {
		if d.Clock.Abs() <= maxDrift {
			return "", ""
		}
		return "The clock of the database is " + drift(d.Clock) + " this machine's: sessions and " +
			"links end at other times than they should.", "timedatectl set-ntp true # on both machines"
	}},
	{"coatcheck.W034", func(_ *Settings, d *Database) (string, string) {
		if !d.Pooled || !slices.Contains([]string{"cache_statement", "describe_exec"}, d.ExecMode) {
			return "", ""
		}
		return "A pooler is between here and PostgreSQL, and " +
				"default_query_exec_mode=" + d.ExecMode + " in --database prepares statements, which a " +
				"pooler in transaction mode loses: each is run again.",
			"leave default_query_exec_mode out of --database"
	}},
	{"coatcheck.W052", func(_ *Settings, d *Database) (string, string) {
		if !d.Unrecorded {
			return "", ""
		}
		return "There is no table coatcheck_audit, so the audit log does not record what happens to " +
			"accounts: logins, passwords, what commands do.", "coatcheck migrate"
	}},
	{"coatcheck.I035", func(_ *Settings, d *Database) (string, string) {
		if d.MadeHere || d.Journal != "wal" {
			return "", ""
		}
		return "The SQLite file of a Django is in WAL mode: what was written last is in the file beside it " +
			"that ends in -wal, so a copy of the file alone is no backup.", `sqlite3 FILE ".backup BACKUP"`
	}},
}

// narrow finds columns that do not hold all of Unicode.
func narrow(_ *Settings, d *Database) (string, string) {
	const what = " cannot hold all that browsers send, such as emojis and names in other alphabets: " +
		"they are refused."
	switch {
	case d.Engine == "postgres" && d.Encoding != "" && d.Encoding != "UTF8" && d.Encoding != "SQL_ASCII":
		return "The database has the encoding " + d.Encoding + " and" + what,
			"CREATE DATABASE new ENCODING 'UTF8' TEMPLATE template0; -- and pg_dump | psql into it"
	case len(d.Narrow) > 0:
		return "The columns " + list(d.Narrow) + what,
			"ALTER TABLE " + d.Users + " CONVERT TO CHARACTER SET utf8mb4;"
	}
	return "", ""
}

// list names columns, each with what it is.
func list(columns []Column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Name+" ("+c.Is+")")
	}
	return strings.Join(names, ", ")
}

// drift is how far a clock is ahead of another.
func drift(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("%d seconds behind", int(-d.Seconds()))
	}
	return fmt.Sprintf("%d seconds ahead of", int(d.Seconds()))
}

// cacheRules are about the cache of a session engine.
var cacheRules = []diagnosis[Cache]{
	{"coatcheck.E036", func(_ *Settings, c *Cache) (string, string) {
		if !c.Dead {
			return "", ""
		}
		return "The cache of --session-engine " + c.Engine + " does not respond: nobody can log in " +
				"or out.",
			"start the cache, or correct --cache"
	}},
	{"coatcheck.W037", func(_ *Settings, c *Cache) (string, string) {
		if c.Dead || c.Asked < 3 || c.Found > 0 {
			return "", ""
		}
		return fmt.Sprintf("None of the %d newest sessions is in the cache: their writer has "+
				"another one, "+
				"such as "+
				"Django's LocMemCache, which no other process sees, or another prefix or version. A "+
				"logout "+
				"there then "+
				"leaves its copies.", c.Asked), "--cache URL # the LOCATION of Django's CACHES; " +
				"--cache-key-prefix, --cache-version"
	}},
	{"coatcheck.W038", func(_ *Settings, c *Cache) (string, string) {
		if c.Dead || c.Shorter == 0 {
			return "", ""
		}
		return fmt.Sprintf("%d of %d copies in the cache end before their sessions, by up to %v: "+
				"something "+
				"shortens "+
				"them.", c.Shorter, c.Found, c.By.Round(time.Minute)),
			"remove the limit of lifetimes from the cache, or lower --session-cookie-age to it"
	}},
}
