package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// open opens a database of a test, past Coatcheck.
func open(t *testing.T, d testenv.Database) *sql.DB {
	t.Helper()
	db, err := sql.Open(map[string]string{"postgresql": "pgx", "mysql": "mysql", "sqlite3": "sqlite3"}[d.Engine], d.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing is lost
	return db
}

// statement runs SQL on a database of a test, past Coatcheck.
func statement(t *testing.T, d testenv.Database, text string, args ...any) {
	t.Helper()
	if _, err := open(t, d).ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// pooler is the section of the documentation, but for addresses and accounts.
func pooler(t *testing.T) string {
	t.Helper()
	_, section, _ := strings.Cut(written(t, "databases.md", "ini", 1), "[pgbouncer]\n")
	var settings []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "listen_") && !strings.HasPrefix(line, "auth_") {
			settings = append(settings, strings.TrimSpace(line))
		}
	}
	if !slices.Contains(settings, "pool_mode = transaction") {
		t.Fatalf("the page has no pooler in transaction mode: %q", section)
	}
	return strings.Join(settings, "\n")
}

// TestPgBouncer: behind the pooler of docs/databases.md no request fails under load, nor
// when a migration changes a column that statements read.
func TestPgBouncer(t *testing.T) {
	direct := testenv.PostgresDatabase(t)
	p := start(t, t.TempDir(), nil, "--database", testenv.PgBouncer(t, direct, pooler(t)+"\ndefault_pool_size = 2").URL(), "--throttle", "off")
	var all sync.WaitGroup
	load := func(round int) {
		for i := range 8 {
			all.Go(func() {
				v, who := p.visitor(), credentials(fmt.Sprintf("user%d_%d", round, i), "correct horse")
				requests := []answer{v.post("/accounts/signup/", who), v.post("/accounts/login/", who)}
				for range 10 {
					requests = append(requests, v.get("/accounts/profile/"))
				}
				for n, got := range append(requests, v.post("/accounts/logout/", url.Values{})) {
					if got.status != http.StatusOK && (n > 0 || got.status != http.StatusCreated) {
						t.Errorf("request %d of user %d: %d %s", n, i, got.status, got.body)
					}
				}
			})
		}
		all.Wait()
	}
	load(1)
	statement(t, direct, "ALTER TABLE auth_user ALTER COLUMN first_name TYPE varchar(200)")
	load(2)
}

// narrow is a database whose character set lacks characters.
type narrow struct {
	database testenv.Database
	name     string // a username that it cannot hold
	holds    string // one that it can, beyond ASCII
	octets   int    // the length of that one in the database
	cyrillic int    // the status of a change to an address in Cyrillic
}

// TestNarrowDatabases: what the database cannot hold is nobody's name, and is refused at
// the field where it would be stored. What it can hold is stored as Django reads it.
func TestNarrowDatabases(t *testing.T) {
	for _, n := range []narrow{
		{testenv.PostgresLatin1(t), "Жанна", "müller", 6, http.StatusBadRequest},
		{testenv.MariaDBUTF8MB3(t), "𐍈𐍈", "Жанна", 10, http.StatusOK},
	} {
		t.Run(n.database.Engine, func(t *testing.T) {
			p := start(t, t.TempDir(), nil, "--create", "--database", n.database.URL())
			v := p.visitor()
			v.enter(n.holds, "correct horse")
			n.stored(t)
			for _, got := range []answer{
				v.post("/accounts/signup/", credentials(n.name, "correct horse")),
				v.post("/accounts/invitation/x/", credentials(n.name, "correct horse")),
				v.get("/accounts/profile/", "Cookie", "sessionid="+strings.Repeat(n.name, 4)),
				v.get("/accounts/sessions/"), v.post("/accounts/password_reset/", url.Values{"email": {"joe@пример.рф"}}),
			} {
				if got.status >= 500 {
					t.Errorf("an outage: %d %s", got.status, got.body)
				}
			}
			got := v.post("/accounts/signup/", credentials(n.name, "correct horse"))
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, "Enter a valid username.") {
				t.Errorf("signing up as %q gives %d %s", n.name, got.status, got.body)
			}
			got = v.post("/accounts/email/", url.Values{"email": {"joe@пример.рф"}, "password": {"correct horse"}})
			if got.status != n.cyrillic {
				t.Errorf("changing to an address in Cyrillic gives %d %s", got.status, got.body)
			}
			n.guess(t, p)
		})
	}
}

// stored looks at what a sign-up stored.
func (n narrow) stored(t *testing.T) {
	t.Helper()
	db := open(t, n.database)
	octets := 0
	err := db.QueryRowContext(t.Context(), "SELECT OCTET_LENGTH(username) FROM auth_user").Scan(&octets)
	if octets != n.octets || err != nil {
		t.Errorf("%q takes %d octets, want %d, %v", n.holds, octets, n.octets, err)
	}
}

// guess tries the name until there were too many attempts, as for any other.
func (n narrow) guess(t *testing.T, p *process) {
	t.Helper()
	v := p.visitor()
	for _, name := range []string{"😀", n.name, "nobody"} {
		for i := range 10 {
			v.post("/accounts/login/", credentials(name, "wrong")).expect(t, fmt.Sprintf("guess %d at %q", i, name),
				http.StatusUnauthorized, `{"error":"Invalid credentials"}`)
		}
		if got := v.post("/accounts/login/", credentials(name, "wrong")); got.status != http.StatusTooManyRequests {
			t.Errorf("after 10 guesses at %q: %d %s", name, got.status, got.body)
		}
	}
	if n := strings.Count(p.err.String(), "login failed"); n != 30 {
		t.Errorf("the log has %d failed logins, want 30", n)
	}
}

// TestNullColumns: users with NULL in columns that Django's model has NOT NULL sign in,
// and the commands work on them.
func TestNullColumns(t *testing.T) {
	for _, database := range testenv.Databases(t)[1:] { // SQLite cannot change a column
		t.Run(database.Engine, func(t *testing.T) {
			dir := t.TempDir()
			p := start(t, dir, nil, "--create", "--database", database.URL())
			v := p.visitor()
			v.enter("alice", "correct horse")
			for column, kind := range map[string]string{
				"email": "varchar(254)", "first_name": "varchar(150)", "is_staff": "bool", "is_superuser": "bool",
			} {
				if database.Engine == "postgresql" {
					statement(t, database, "ALTER TABLE auth_user ALTER COLUMN "+column+" DROP NOT NULL")
				} else {
					statement(t, database, "ALTER TABLE auth_user MODIFY "+column+" "+kind+" NULL")
				}
				statement(t, database, "UPDATE auth_user SET "+column+" = NULL")
			}
			for path, got := range map[string]answer{
				"profile":  v.get("/accounts/profile/"),
				"sessions": v.get("/accounts/sessions/"),
				"login":    p.visitor().post("/accounts/login/", credentials("alice", "correct horse")),
				"email":    v.post("/accounts/email/", url.Values{"email": {"a@example.com"}, "password": {"correct horse"}}),
				"reset":    v.post("/accounts/password_reset/", url.Values{"email": {"joe@exämple.com"}}),
			} {
				if got.status != http.StatusOK {
					t.Errorf("%s: %d %s", path, got.status, got.body)
				}
			}
			for _, name := range []string{"sessions", "unlock", "logout"} {
				if _, errs, status := command(t, dir, name, "alice", "--database", database.URL()); status != 0 {
					t.Errorf("coatcheck %s: %d %s", name, status, errs)
				}
			}
		})
	}
}

// TestTablesElsewhere: where the tables are not where they are looked for, the start is
// refused with the place that has them, and no second table of users is made.
func TestTablesElsewhere(t *testing.T) {
	d := testenv.PostgresDatabase(t)
	start(t, t.TempDir(), nil, "--database", d.URL()).stop()
	for _, text := range []string{
		"CREATE SCHEMA app", "ALTER TABLE auth_user SET SCHEMA app",
	} {
		statement(t, d, text)
	}
	refused := func(what, says string, args ...string) {
		t.Helper()
		args = append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)
		if out, errs, status := command(t, t.TempDir(), args...); status == 0 || !strings.Contains(errs, says) {
			t.Errorf("%s: %d %s %s", what, status, out, errs)
		}
	}
	const missing = "there is no table auth_user where it is looked for, but in app"
	refused("auth_user in another schema", missing, "--database", d.URL())
	refused("the same with --no-create", missing, "--database", d.URL(), "--no-create")
	refused("a table of one's own in another schema", missing, "--database", d.URL(), "--user-id-column", "id")
	statement(t, d, "ALTER TABLE auth_user_groups SET SCHEMA app")
	for _, table := range []string{
		"auth_user_user_permissions", "auth_group", "auth_group_permissions", "auth_permission",
		"django_admin_log", "django_content_type", "django_migrations", "django_session",
	} {
		statement(t, d, "ALTER TABLE "+table+" SET SCHEMA app")
	}
	refused("everything in another schema", missing, "--database", d.URL())

	found := start(t, t.TempDir(), nil, "--database", d.URL()+"&search_path=app,public")
	found.visitor().enter("alice", "correct horse")
	start(t, t.TempDir(), nil, "--database", d.URL()+"&search_path=public").stop() // a site of its own, by choice

	role := "r" + d.Name
	statement(t, d, "CREATE ROLE "+role+" LOGIN PASSWORD 'x'")
	unread := d
	unread.User, unread.Password = role, "x"
	refused("an account without rights", "cannot be read; the account needs SELECT", "--database", unread.URL(), "--no-create")
	statement(t, d, "DROP ROLE "+role)
}

// TestTablesInAnotherDatabase is TestTablesElsewhere for MariaDB, whose schemas are
// databases. Its account sees these two alone, since other tests have theirs on the server.
func TestTablesInAnotherDatabase(t *testing.T) {
	full, empty := testenv.MariaDBDatabase(t), testenv.MariaDBDatabase(t)
	start(t, t.TempDir(), nil, "--database", full.URL()).stop()
	account := "'" + empty.Name + "'@'127.0.0.1'"
	statement(t, full, "CREATE USER "+account+" IDENTIFIED BY 'x'")
	statement(t, full, "GRANT ALL ON "+full.Name+".* TO "+account)
	statement(t, full, "GRANT ALL ON "+empty.Name+".* TO "+account)
	defer statement(t, full, "DROP USER "+account)
	empty.User, empty.Password = empty.Name, "x"
	_, errs, status := command(t, t.TempDir(), "serve", "--addr", "127.0.0.1:0", "--database", empty.URL(), "--no-create")
	if status == 0 || !strings.Contains(errs, "there is no table auth_user and none django_session where it is looked for, but in "+full.Name) {
		t.Errorf("%d %s", status, errs)
	}
}

// TestCloseAccountOfOthers: an account whose user rows of another application refer to is
// closed in spite of --delete-closed, and one of two whose address may not be empty twice.
func TestCloseAccountOfOthers(t *testing.T) {
	for _, database := range testenv.Databases(t) {
		t.Run(database.Engine, func(t *testing.T) {
			p := start(t, t.TempDir(), nil, "--create", "--database", database.URL(), "--delete-closed")
			deferred := " DEFERRABLE INITIALLY DEFERRED" // as Django writes it
			if database.Engine == "mysql" {
				deferred = ""
			}
			statement(t, database, "CREATE TABLE orders (user_id integer NOT NULL,"+
				" FOREIGN KEY (user_id) REFERENCES auth_user (id)"+deferred+")")
			statement(t, database, "CREATE UNIQUE INDEX one_address ON auth_user (email)")
			for i, name := range []string{"alice", "bob", "free"} {
				v, form := p.visitor(), credentials(name, "correct horse")
				form.Set("email", name+"@example.com")
				v.post("/accounts/signup/", form)
				v.post("/accounts/login/", form)
				if name != "free" {
					statement(t, database, fmt.Sprintf("INSERT INTO orders VALUES (%d)", i+1))
				}
				got := v.post("/accounts/close/", url.Values{"password": {"correct horse"}, "understand": {"yes"}})
				got.expect(t, "close the account of "+name, http.StatusOK, `{"message":"Your account is closed"}`)
				v.post("/accounts/login/", form).expect(t, "login afterwards", http.StatusUnauthorized, `{"error":"Invalid credentials"}`)
			}
			var left, active int
			row := open(t, database).QueryRowContext(t.Context(), "SELECT COUNT(*), SUM(CASE WHEN is_active THEN 1 ELSE 0 END) FROM auth_user")
			if err := row.Scan(&left, &active); left != 2 || active != 0 || err != nil {
				t.Errorf("%d users are left, %d of them active, %v", left, active, err)
			}
			if n := strings.Count(p.err.String(), "not deleted as --delete-closed"); n != 2 {
				t.Errorf("%d warnings, want 2:\n%s", n, &p.err)
			}
		})
	}
}

// TestReadOnlyDatabase: on a standby, pages of users who are signed in are served, with
// one warning of each kind, and nobody can sign in.
func TestReadOnlyDatabase(t *testing.T) {
	for _, database := range testenv.Databases(t)[1:] { // a file of SQLite is never read-only to root
		t.Run(database.Engine, func(t *testing.T) {
			secret := secretFile(t)
			flags := []string{"--secret-key-file", secret, "--session-save-every-request", "--no-create", "--throttle", "memory"}
			main := start(t, t.TempDir(), nil, "--database", database.URL(), "--secret-key-file", secret)
			key := main.visitor().enter("alice", "correct horse")
			standby := database.URL() + "?tx_read_only=1"
			if database.Engine == "postgresql" {
				standby = database.URL() + "&default_transaction_read_only=on"
			}
			p := start(t, t.TempDir(), nil, append(flags, "--database", standby)...)
			for range 3 {
				for _, path := range []string{"/accounts/profile/", "/accounts/sessions/"} {
					if got := p.visitor().get(path, "Cookie", "sessionid="+key); got.status != http.StatusOK {
						t.Errorf("%s: %d %s", path, got.status, got.body)
					}
				}
			}
			got := p.visitor().post("/accounts/login/", credentials("alice", "correct horse"))
			if got.status != http.StatusServiceUnavailable {
				t.Errorf("a login gives %d %s", got.status, got.body)
			}
			for _, text := range []string{"sessions are in a store that is read-only", "the list of sessions does not show"} {
				if n := strings.Count(p.err.String(), text); n != 1 {
					t.Errorf("%d warnings that %s:\n%s", n, text, &p.err)
				}
			}
		})
	}
}

// TestBackup: the copy that docs/databases.md makes of the file of a running server has
// everything, and a server works on it.
func TestBackup(t *testing.T) {
	testenv.SQLite3(t)
	dir := t.TempDir()
	p := start(t, dir, nil)
	p.visitor().enter("alice", "correct horse")
	backup := exec.CommandContext(t.Context(), "sh", "-c", written(t, "databases.md", "sh", 2))
	backup.Dir = dir
	if out, err := backup.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	copied := start(t, dir, nil, "--database", "sqlite:backup.db")
	copied.visitor().post("/accounts/login/", credentials("alice", "correct horse")).expect(t, "a login on the copy",
		http.StatusOK, alicesLogin)
}

// TestConvertedCharacterSet: after the statement of docs/databases.md the names that
// utf8mb3 lacked are good.
func TestConvertedCharacterSet(t *testing.T) {
	d := testenv.MariaDBUTF8MB3(t)
	start(t, t.TempDir(), nil, "--database", d.URL()).stop()
	statement(t, d, strings.TrimSuffix(strings.TrimSpace(written(t, "databases.md", "sql", 2)), ";"))
	start(t, t.TempDir(), nil, "--database", d.URL()).visitor().enter("𐍈𐍈", "correct horse")
}
