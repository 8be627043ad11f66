package findings

import (
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/probe"
)

// Seen is what the doctor saw of a site. What it did not look at is nil.
type Seen struct {
	Settings Settings
	Database *Database
	Cache    *Cache
	Web      *Web
}

// Database is what was seen of a database.
type Database struct {
	Engine   string // "sqlite", "postgres" or "mysql"
	MadeHere bool   // by Coatcheck and not by a Django
	NotReady string // why a site cannot work on it
	Users    string // the table of users

	Unrecorded bool // the audit log, which is not off, has no table

	Sessions *Sessions // nil where they are not in rows
	Encoding string    // of all of a PostgreSQL
	Narrow   []Column  // of users, that hold less than Unicode
	Folding  []Column  // in which texts of other bytes are equal
	Nulls    []Column  // that are NULL where Django's never are

	Hashes    []Hashes
	Recent    map[int]int // users who logged in last, by the iterations of their hash
	LoginTime time.Duration

	Clock    time.Duration // how far it is ahead of this machine's
	Pooled   bool          // a pooler such as PgBouncer is in between
	ExecMode string        // default_query_exec_mode in the URL
	Journal  string        // SQLite's journal mode
}

// Sessions counts rows of sessions.
type Sessions struct {
	Live, Expired int
	Stale         int // that expired more than two days ago
	Index         bool
}

// Column is a column of a table, and what there is to say about it.
type Column struct {
	Name string
	Is   string // a character set or a collation
	Rows int    // that are NULL
}

// Hashes are the stored hashes of one kind.
type Hashes struct {
	Algorithm string // "" for one that is not known
	Rounds    string // the work factor as it is written
	Count     int
	Unusable  bool   // nobody can log in by a password
	Stuck     string // why no password can be compared with it
}

// Cache is what was seen of the cache of a session engine.
type Cache struct {
	Engine  string // "cache" or "cached_db"
	Dead    bool
	Asked   int // sessions whose copies were looked for
	Found   int
	Shorter int           // copies that end before their rows
	By      time.Duration // by how much, at most
}

// Web is what was seen of the site through its proxies.
type Web struct {
	Host     string // as the URL names it
	HTTPS    bool
	Login    string // the address of the login page
	Status   int    // of the login page
	Location string // to which it redirects
	Header   http.Header
	Cookies  []*http.Cookie // that arrived with the login page and the report

	Signed bool          // the report was asked for
	Report *probe.Report // nil where nobody responded to it
	Forged *probe.Report // of a request that claims what it likes
	Sent   *http.Cookie  // the session cookie as it was sent, and as it arrived
	Came   *http.Cookie

	PlainRedirects bool          // HTTP is redirected to HTTPS
	Clock          time.Duration // how far the server's is ahead
}

// Fact is a line about what was looked at.
type Fact struct {
	Name string `json:"name"`
	Says string `json:"says"`
}

// Facts returns what was looked at, in lines for people.
func (s *Seen) Facts() (all []Fact) {
	add := func(name, format string, args ...any) {
		all = append(all, Fact{name, fmt.Sprintf(format, args...)})
	}
	if d := s.Database; d != nil {
		maker := "made by Django"
		if d.MadeHere {
			maker = "made by Coatcheck"
		}
		add("database", "%s, %s", d.Engine, maker)
		if d.Sessions != nil {
			add("sessions", "%d live, %d expired", d.Sessions.Live, d.Sessions.Expired)
		}
		if len(d.Hashes) > 0 {
			add("passwords", "%s", hashList(d.Hashes))
		}
		if d.LoginTime > 0 {
			add("login", "costs %d ms of hash work on this machine", d.LoginTime.Milliseconds())
		}
		if d.Pooled {
			add("pooler", "between here and PostgreSQL")
		}
	}
	if c := s.Cache; c != nil && !c.Dead {
		add("cache", "copies of %d of %d sessions", c.Found, c.Asked)
	}
	if w := s.Web; w != nil {
		add("login page", "%s gives %d", w.Login, w.Status)
		if r := w.Report; r != nil {
			add("the server sees", "%s://%s, client %s, by "+
				"%s", r.Scheme, shown(r.Host), r.Client, r.Peer)
		}
	}
	return all
}

// hashList lists the kinds of hashes, the most frequent first.
func hashList(all []Hashes) string {
	sort.SliceStable(all, func(i, j int) bool { return all[i].Count > all[j].Count })
	var parts []string
	for _, h := range all {
		parts = append(parts, fmt.Sprintf("%d %s", h.Count, h.label()))
	}
	return strings.Join(parts, ", ")
}

// label names the kind, with the version of Django whose default it is.
func (h Hashes) label() string {
	name := strings.TrimSpace(h.Algorithm + " " + h.Rounds)
	switch {
	case h.Unusable:
		return "without a password"
	case h.Algorithm == "":
		return "unknown"
	}
	if version := h.django(); version != "" {
		name += " (Django " + version + ")"
	}
	return name
}

// plural counts things.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// shown is a text of others, for a terminal.
func shown(text string) string {
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	quoted := fmt.Sprintf("%+q", text)
	return quoted[1 : len(quoted)-1]
}
