package main

import (
	"fmt"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// A Group is servers that are measured in the same rounds. The first case is the yardstick of
// the others.
type Group struct {
	Name     string
	Path     string
	Want     string           // what each response holds
	Loads    []string         // of loads
	Login    *protocol.Server // the requests are logins by this Hasher and Work
	Requests int              // in a round, if other than the flag says
	Cases    []Case
}

// A Case is a server under test.
type Case struct {
	Name string
	protocol.Server
	On       string // the kind of its database: "postgres", "mysql", "sqlite"
	Data     string // what its database holds: "" the usual sessions; others are in plans
	Rows     int    // of the table of sessions, if other than the flag says
	Fraction int    // of the requests of a round, for slow ones: one in so many
}

// A Shape is how requests come.
type Shape struct {
	Name string
	What string
	Load protocol.Load
}

// shapes are the loads.
func shapes(o options) []Shape {
	return []Shape{
		{"1", "1 connection", protocol.Load{Connections: 1, Pick: protocol.Uniform}},
		{"8", "8 connections", protocol.Load{Connections: 8, Pick: protocol.Uniform}},
		{"32", "32 connections", protocol.Load{Connections: 32, Pick: protocol.Uniform}},
		{"zipf", "32 connections, a few sessions often", protocol.Load{Connections: 32, Pick: protocol.Zipf}},
		{"new", "32 connections, each session once", protocol.Load{Connections: 32, Pick: protocol.Each}},
		{"logins", "2 connections", protocol.Load{Connections: 2, Pick: protocol.Each}},
		{
			"open", fmt.Sprintf("%.0f requests a second, whatever the responses do", o.Rate),
			protocol.Load{Connections: 64, Pick: protocol.Uniform, Rate: o.Rate},
		},
	}
}

// What the case of Coatcheck on PostgreSQL and its yardstick are called, for the targets.
const (
	onPostgres = "Login-required page, PostgreSQL"
	onSQLite   = "Login-required page, SQLite"
	onMariaDB  = "Login-required page, MariaDB"
	public     = "Public page"
	engines    = "Session engines, PostgreSQL and Redis"
	libraries  = "Other libraries, PostgreSQL and Redis"
	tables     = "Size of the table, PostgreSQL"
	newOnes    = "First sight of a session"
	lookedAt   = "Tracing off and on, PostgreSQL"
	unlooked   = "tracing off"
	inMemory   = "Sessions in memory, PostgreSQL and Redis"
	hashless   = "Login without its hash, PostgreSQL"
	byPBKDF2   = "Login by PBKDF2-SHA256, 1,000,000 iterations"
)

func kind(name string) protocol.Server { return protocol.Server{Kind: name} }

func engine(name string) protocol.Server { return protocol.Server{Kind: "coatcheck", Engine: name} }

func looks(at string) protocol.Server { return protocol.Server{Kind: "coatcheck", Looks: at} }

// lookers are a site with each who looks at its requests.
var lookers = []Case{
	{Name: unlooked, Server: looks(""), On: "postgres"},
	{Name: "metrics", Server: looks("metrics"), On: "postgres"},
	{Name: "log (--log-flow)", Server: looks("log"), On: "postgres"},
	{Name: "log of each step (--log-level debug)", Server: looks("log-debug"), On: "postgres"},
	{Name: "inspector, its page open", Server: looks("inspector"), On: "postgres"},
}

// groups is the table of what is measured in rounds.
func groups(o options) []Group {
	bare, plain, site := kind("bare"), kind("plain"), kind("coatcheck")
	both := []string{"1", "32"}
	all := []Group{
		{Name: public, Path: protocol.PublicPath, Want: protocol.Public, Loads: both, Cases: []Case{
			{Name: "bare handler", Server: bare},
			{Name: "Coatcheck", Server: site, On: "postgres"},
		}},
		page(onPostgres, []string{"1", "8", "32", "zipf", "open"}, []Case{
			{Name: "plain Go, pgx", Server: plain, On: "postgres"},
			{Name: "Coatcheck", Server: site, On: "postgres"},
		}),
		page(engines, []string{"32"}, []Case{
			{Name: "plain Go, pgx", Server: plain, On: "postgres"},
			{Name: "Coatcheck, db", Server: site, On: "postgres"},
			{Name: "Coatcheck, cached_db", Server: engine("cached_db"), On: "postgres"},
			{Name: "Coatcheck, cache", Server: engine("cache"), On: "postgres"},
			{Name: "Coatcheck, signed_cookies", Server: engine("signed_cookies"), On: "postgres"},
		}),
		page(inMemory, both, remembered()),
		page(libraries, []string{"32"}, []Case{
			{Name: "plain Go, pgx", Server: plain, On: "postgres"},
			{Name: "Coatcheck", Server: site, On: "postgres"},
			{Name: "scs, pgx", Server: kind("scs-pgx"), On: "postgres"},
			{Name: "scs, Redis", Server: kind("scs-redis"), On: "postgres"},
			{Name: "gorilla/sessions, pgstore", Server: kind("gorilla-pgstore"), On: "postgres"},
			{Name: "Django by gunicorn", Server: kind("django"), On: "postgres", Fraction: 10},
		}),
		page(onMariaDB, both, []Case{
			{Name: "plain Go, go-sql-driver", Server: plain, On: "mysql"},
			{Name: "Coatcheck", Server: site, On: "mysql"},
		}),
		page(onSQLite, both, []Case{
			{Name: "plain Go, ncruces", Server: plain, On: "sqlite"},
			{Name: "plain Go, mattn", Server: kind("plain-mattn"), On: "sqlite"},
			{Name: "Coatcheck", Server: site, On: "sqlite"},
		}),
		page(newOnes, []string{"new"}, []Case{
			{Name: "plain Go, pgx", Server: plain, On: "postgres", Data: "new"},
			{Name: "Coatcheck, PostgreSQL", Server: site, On: "postgres", Data: "new"},
			{Name: "Coatcheck, PostgreSQL, Django's sessions", Server: site, On: "postgres", Data: "foreign"},
			{Name: "Coatcheck, MariaDB", Server: site, On: "mysql", Data: "new"},
			{Name: "Coatcheck, SQLite", Server: site, On: "sqlite", Data: "new"},
		}),
		page(lookedAt, []string{"8"}, lookers),
		{Name: tables, Path: protocol.ProfilePath, Want: protocol.Private, Loads: []string{"8"}, Cases: sizes(o)},
	}
	return append(all, logins(o)...)
}

// remembered are the bare handler, and sites that keep sessions in memory.
func remembered() []Case {
	rows, cache := kind("coatcheck"), engine("cache")
	rows.Memory, cache.Memory = 256, 256
	return []Case{
		{Name: "bare handler", Server: kind("bare")},
		{Name: "Coatcheck", Server: kind("coatcheck"), On: "postgres"},
		{Name: "Coatcheck, in memory", Server: rows, On: "postgres"},
		{Name: "Coatcheck, cache, in memory", Server: cache, On: "postgres"},
	}
}

// page is a group of login-required pages.
func page(name string, loads []string, cases []Case) Group {
	return Group{Name: name, Path: protocol.ProfilePath, Want: protocol.Private, Loads: loads, Cases: cases}
}

// hot is how many sessions are used of a large table.
const hot = 5_000

// sizes are Coatcheck on tables of ever more rows.
func sizes(o options) (all []Case) {
	var counts []int
	for rows := 10_000; rows < max(o.Tables, 10_001); rows *= 10 {
		counts = append(counts, rows)
	}
	for _, rows := range append(counts, max(o.Tables, 10_001)) {
		all = append(all, Case{
			Name: thousands(rows) + " sessions", Server: kind("coatcheck"),
			On: "postgres", Data: "rows", Rows: rows,
		})
	}
	return all
}

// hashers are those of Django's that a login is measured by, each at its default cost.
var hashers = []struct {
	name string
	protocol.Server
	logins, quick int // in a round
}{
	{byPBKDF2, protocol.Server{Hasher: "pbkdf2_sha256", Work: 1_000_000}, 4, 2},
	{"Login by PBKDF2-SHA1, 1,000,000 iterations", protocol.Server{Hasher: "pbkdf2_sha1", Work: 1_000_000}, 4, 2},
	{"Login by Argon2id", protocol.Server{Hasher: "argon2"}, 10, 4},
	{"Login by bcrypt-SHA256", protocol.Server{Hasher: "bcrypt_sha256"}, 6, 2},
	{"Login by scrypt", protocol.Server{Hasher: "scrypt"}, 10, 4},
	{hashless, protocol.Server{Hasher: "pbkdf2_sha256", Work: 1}, 300, 100},
}

// logins are a group for each hasher.
func logins(o options) (all []Group) {
	for _, h := range hashers {
		site := h.Server
		site.Kind = "coatcheck"
		n := h.logins
		if o.Quick {
			n = h.quick
		}
		all = append(all, Group{
			Name: h.name, Path: protocol.LoginPath, Want: protocol.LoggedIn, Loads: []string{"logins"},
			Login: &h.Server, Requests: n,
			Cases: []Case{
				{Name: "plain Go, pgx", Server: kind("plain"), On: "postgres", Data: "logins"},
				{Name: "Coatcheck", Server: site, On: "postgres", Data: "logins"},
			},
		})
	}
	return all
}
