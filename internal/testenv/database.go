package testenv

import (
	"net"
	"net/url"
	"path/filepath"
	"testing"
)

// A Database is one database for one test, in the parts that Django's DATABASES
// setting is made of.
type Database struct {
	// Engine is the last part of Django's ENGINE: "sqlite3", "postgresql" or
	// "mysql".
	Engine string
	// Host and Port are where the server listens; empty for SQLite.
	Host, Port string
	// User and Password are an account that may do everything in the database;
	// empty for SQLite.
	User, Password string
	// Name is the name of the database; for SQLite the path of the file.
	Name string
}

// DSN is the data source name that the Go driver of the engine takes:
// postgres://user:password@host:port/name?sslmode=disable for pgx,
// user:password@tcp(host:port)/name for go-sql-driver/mysql, the path of the file
// for SQLite.
func (d Database) DSN() string {
	switch d.Engine {
	case "postgresql":
		return d.URL()
	case "mysql":
		return d.User + ":" + d.Password + "@tcp(" + d.address() + ")/" + d.Name
	default:
		return d.Name
	}
}

// URL is the database as the --database flag of the command line spells it:
// postgres://…, mysql://… or sqlite:PATH.
func (d Database) URL() string {
	u := url.URL{User: url.UserPassword(d.User, d.Password), Host: d.address(), Path: "/" + d.Name}
	switch d.Engine {
	case "postgresql":
		u.Scheme, u.RawQuery = "postgres", "sslmode=disable"
	case "mysql":
		u.Scheme = "mysql"
	default:
		return "sqlite:" + d.Name
	}
	return u.String()
}

func (d Database) address() string { return net.JoinHostPort(d.Host, d.Port) }

// named is the same server, another database.
func (d Database) named(name string) Database {
	d.Name = name
	return d
}

// SQLiteDatabase is a database in a file that is not there yet, in a folder that
// is removed when the test ends.
func SQLiteDatabase(t testing.TB) Database {
	t.Helper()
	return Database{Engine: "sqlite3", Name: filepath.Join(t.TempDir(), "test.sqlite3")}
}

// Databases are a fresh empty database of every engine that is on this machine,
// SQLite first. It never skips the test, since SQLite is always there; where
// CI=true, an absent PostgreSQL or MariaDB fails it.
func Databases(t testing.TB) []Database {
	t.Helper()
	all := []Database{SQLiteDatabase(t)}
	for _, engine := range []*sqlEngine{postgres, mariadb} {
		if _, err := engine.server(); err != nil && !InCI() {
			t.Logf("testenv: without %s: %v; to bring it: %s", engine.title, err, engine.remedy)
			continue
		}
		all = append(all, engine.fresh(t))
	}
	return all
}

// Postgres is the DSN, a URL, of a fresh empty PostgreSQL database in UTF-8,
// dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	return PostgresDatabase(t).DSN()
}

// PostgresDatabase is [Postgres] in parts.
func PostgresDatabase(t testing.TB) Database {
	t.Helper()
	return postgres.fresh(t)
}

// MariaDB is the DSN, in go-sql-driver/mysql's form and without parameters, of a
// fresh empty MariaDB database in utf8mb4, dropped when the test ends.
func MariaDB(t testing.TB) string {
	t.Helper()
	return MariaDBDatabase(t).DSN()
}

// MariaDBDatabase is [MariaDB] in parts.
func MariaDBDatabase(t testing.TB) Database {
	t.Helper()
	return mariadb.fresh(t)
}

// PostgresLatin1 is [PostgresDatabase] in LATIN1, which lacks most characters.
func PostgresLatin1(t testing.TB) Database {
	t.Helper()
	return encoded(t, "LATIN1")
}

// MariaDBUTF8MB3 is [MariaDBDatabase] in utf8mb3, which lacks emojis and rare letters.
func MariaDBUTF8MB3(t testing.TB) Database {
	t.Helper()
	return mariadb.made(t, "CREATE DATABASE %s CHARACTER SET utf8mb3")
}

// PostgresSQLASCII is [PostgresDatabase] in SQL_ASCII, which is no encoding at all.
func PostgresSQLASCII(t testing.TB) Database {
	t.Helper()
	return encoded(t, "SQL_ASCII")
}

// encoded is a PostgreSQL database in an encoding.
func encoded(t testing.TB, encoding string) Database {
	t.Helper()
	create := "CREATE DATABASE %s ENCODING '" + encoding + "' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
	return postgres.made(t, create)
}
