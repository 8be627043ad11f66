package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// patient is what coatcheck doctor looks at.
type patient struct {
	t     *testing.T
	dir   string
	where testenv.Database
	env   []string
	flags []string
}

// sound are settings that are fit for the internet.
var sound = []string{
	"--email-backend", "none", "--trusted-proxy", "127.0.0.1", "--allowed-host", "127.0.0.1", "--session-cookie-secure",
	"--csrf-cookie-secure", "--secure-ssl-redirect", "--secure-hsts-seconds", "31536000", "--secure-hsts-include-subdomains",
	"--secure-hsts-preload", "--guard", "django",
}

// doctorKey is a secret key for them.
const doctorKey = "canary-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz-"

// newPatient is a healthy database.
func newPatient(t *testing.T, where testenv.Database) *patient {
	t.Helper()
	p := &patient{t: t, dir: t.TempDir(), where: where, flags: sound}
	p.env = []string{
		"COATCHECK_DATABASE=" + where.URL(), "COATCHECK_SECRET_KEY=" + doctorKey, "COATCHECK_PASSWORD_ITERATIONS=1500000",
	}
	if out, err := p.command("migrate", "--create").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.user("alice", "pbkdf2_sha256$1500000$"+strings.Repeat("c2", 12)+"$"+strings.Repeat("c29t", 10)+"c28=", time.Now())
	return p
}

// command is a command with the settings of the patient.
func (p *patient) command(args ...string) *exec.Cmd {
	p.t.Helper()
	cmd := quietly(p.t, p.dir, args...)
	cmd.Env = environment(p.env...)
	return cmd
}

// user inserts a user with that hash.
func (p *patient) user(name, hash string, login time.Time) {
	p.t.Helper()
	statement(p.t, p.where, fmt.Sprintf("INSERT INTO auth_user (password, last_login, is_superuser, username, first_name, last_name,"+
		" email, is_staff, is_active, date_joined) VALUES ('%s', '%s', false, '%s', '', '', '', false, true, '%[2]s')",
		hash, login.UTC().Format(time.DateTime), name))
}

// session inserts a session that ends then.
func (p *patient) session(key string, end time.Time) {
	p.t.Helper()
	statement(p.t, p.where, fmt.Sprintf("INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('%s', 'x', '%s')",
		key, end.UTC().Format(time.DateTime)))
}

// foreign lets the database look as one that a Django made.
func (p *patient) foreign() {
	p.t.Helper()
	statement(p.t, p.where, "UPDATE django_migrations SET applied = '2020-01-01 00:00:00' WHERE name = '0001_initial'")
}

// ask runs the doctor, and returns what it says and the exit status.
func (p *patient) ask(args ...string) (d diagnosis, status int) {
	p.t.Helper()
	cmd := p.command(slices.Concat([]string{"doctor", "--json"}, p.flags, args)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, _ := cmd.Output() // the exit status is that of the outcome
	if err := json.Unmarshal(out, &d); err != nil {
		p.t.Fatalf("%v: %s%s", err, out, &errs)
	}
	if errs.Len() > 0 {
		p.t.Errorf("on standard error: %s", &errs)
	}
	return d, cmd.ProcessState.ExitCode()
}

// ids are those of the findings.
func (d diagnosis) ids() (all []string) {
	for _, f := range d.Findings {
		all = append(all, strings.TrimPrefix(f.ID, "coatcheck."))
	}
	return all
}

// found is the finding of that id.
func (d diagnosis) found(id string) finding {
	for _, f := range d.Findings {
		if f.ID == "coatcheck."+id {
			return f
		}
	}
	return finding{}
}

// healthy checks that nothing is found but these notes.
func (p *patient) healthy(notes []string, args ...string) {
	p.t.Helper()
	d, status := p.ask(args...)
	if status != exitOK || !slices.Equal(d.ids(), notes) || len(d.Unseen) > 0 {
		p.t.Fatalf("a healthy site: %d %+v", status, d)
	}
}

// sick is something that is wrong, and how the doctor says it.
type sick struct {
	id     string
	says   string // a part of the text or of the remedy
	args   []string
	before func(p *patient)
	after  func(p *patient)
}

// examine provokes a finding, and takes it back.
func (p *patient) examine(s sick) {
	p.t.Helper()
	if s.before != nil {
		s.before(p)
	}
	d, status := p.ask(s.args...)
	f := d.found(s.id)
	want := exitFailed
	if s.id[0] == 'I' {
		want = exitOK
	}
	if !strings.Contains(f.Text+" "+f.Remedy, s.says) || f.ID == "" || f.Remedy == "" || status != want {
		p.t.Errorf("%s: %d, want %d and %q: %+v", s.id, status, want, s.says, d)
	}
	if s.after != nil {
		s.after(p)
	}
}

// runs is a step that runs statements.
func runs(statements ...string) func(*patient) {
	return func(p *patient) {
		p.t.Helper()
		for _, s := range statements {
			statement(p.t, p.where, s)
		}
	}
}

const oldHash = "$c2FsdHNhbHRzYWx0c2FsdHNhbHQ$c29tc29tc29tc29tc29tc29tc29tc29tc29tc29tc28="

// everywhere are findings of every database.
func everywhere(engine string) []sick {
	drop := "DROP INDEX django_session_expire_date_a5c62663"
	if engine == "mysql" {
		drop += " ON django_session"
	}
	user := func(hash string) func(*patient) { return func(p *patient) { p.user("bob", hash, time.Now()) } }
	gone := runs("DELETE FROM auth_user WHERE username <> 'alice'")
	return []sick{
		{"E021", "There is no table django_session", nil, runs("ALTER TABLE django_session RENAME TO elsewhere"), runs("ALTER TABLE elsewhere RENAME TO django_session")},
		{"W022", "2 sessions expired more than two days ago, of 3", nil, func(p *patient) {
			p.session("old", time.Now().Add(-72*time.Hour))
			p.session("older", time.Now().Add(-73*time.Hour))
			p.session("just", time.Now().Add(-time.Hour))
		}, runs("DELETE FROM django_session")},
		{"W023", "CREATE INDEX django_session_expire_date_a5c62663", nil, runs(drop), runs("CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date)")},
		{"W052", "coatcheck migrate", nil, runs("ALTER TABLE coatcheck_audit RENAME TO elsewhere"), func(p *patient) {
			if d, status := p.ask("--audit-days", "0"); status != exitOK || d.found("W052").ID != "" {
				p.t.Errorf("nothing is to be recorded: %d %+v", status, d)
			}
			statement(p.t, p.where, "ALTER TABLE elsewhere RENAME TO coatcheck_audit")
		}},
		{"W028", "of 1 user are", []string{"--accept-hasher", "md5"}, user("md5$salt$" + strings.Repeat("0a", 16)), gone},
		{"W030", "--accept-hasher md5", nil, user("md5$salt$" + strings.Repeat("0a", 16)), gone},
		{"W030", "coatcheck changepassword", nil, user("canary-plain-text"), gone},
		{"W029", "260000 (Django 3.2)", nil, user("pbkdf2_sha256$260000" + oldHash), gone},
		{"W029", "--password-update only-up", []string{"--password-update", "never"}, user("pbkdf2_sha256$260000" + oldHash), gone},
		{"W031", "as Django 5.2 writes them", nil, func(p *patient) {
			p.foreign()
			p.user("bob", "pbkdf2_sha256$1000000"+oldHash, time.Now())
		}, gone},
		{"W031", "as Django 6.2 writes them", nil, func(p *patient) {
			p.user("bob", "pbkdf2_sha256$1800000"+oldHash, time.Now())
		}, gone},
	}
}

// TestDoctorDatabases: a healthy database has no finding, and each thing that is wrong with one has
// its own, on every engine.
func TestDoctorDatabases(t *testing.T) {
	for _, where := range testenv.Databases(t) {
		t.Run(where.Engine, func(t *testing.T) {
			p := newPatient(t, where)
			p.session("live", time.Now().Add(time.Hour))
			p.session("just", time.Now().Add(-time.Hour))
			var notes []string
			if where.Engine == "mysql" {
				notes = []string{"I026"} // the usual collation
			}
			p.healthy(notes)
			statement(t, where, "DELETE FROM django_session")
			p.reader()
			for _, s := range slices.Concat(everywhere(where.Engine), ownSicks[where.Engine]) {
				p.examine(s)
			}
		})
	}
}

// reader checks that an account that may only read is enough.
func (p *patient) reader() {
	p.t.Helper()
	name := "reader_" + strings.ToLower(p.where.Name[max(0, len(p.where.Name)-12):])
	reads := *p
	reads.where.User, reads.where.Password = name, "canary-reader"
	switch p.where.Engine {
	case "postgresql":
		statement(p.t, p.where, "CREATE ROLE "+name+" LOGIN PASSWORD 'canary-reader'")
		statement(p.t, p.where, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+name)
		defer statement(p.t, p.where, "DROP OWNED BY "+name+"; DROP ROLE "+name)
	case "mysql":
		statement(p.t, p.where, "CREATE USER "+name+"@'127.0.0.1' IDENTIFIED BY 'canary-reader'")
		statement(p.t, p.where, "GRANT SELECT ON "+p.where.Name+".* TO "+name+"@'127.0.0.1'")
		defer statement(p.t, p.where, "DROP USER "+name+"@'127.0.0.1'")
	default:
		return
	}
	reads.env = append(slices.Clone(p.env), "COATCHECK_DATABASE="+reads.where.URL())
	if d, status := reads.ask(); status != exitOK || len(d.Unseen) > 0 {
		p.t.Errorf("an account that may only read: %d %+v", status, d)
	}
}

// ownSicks are the findings of one engine, those last that are not taken back.
var ownSicks = map[string][]sick{
	"sqlite3": {
		{"I035", "ends in -wal", nil, (*patient).foreign, nil},
		{"I026", "username (NOCASE)", nil, runs("CREATE UNIQUE INDEX folded ON auth_user (username COLLATE NOCASE)"), runs("DROP INDEX folded")},
		{"W032", "ms of hash work", []string{"--password-iterations", "20000000"}, nil, nil},
		{"W027", "email (1 row)", nil, runs("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, '\"email\" varchar(254) NOT NULL'," +
			" '\"email\" varchar(254)') WHERE name = 'auth_user'; PRAGMA writable_schema = RESET; UPDATE auth_user SET email = NULL"), nil},
	},
	"postgresql": {
		{"I026", "username (folded)", nil, runs("DO $$ DECLARE n text; BEGIN SELECT indexname INTO n FROM pg_indexes WHERE tablename = 'auth_user'"+
			" AND indexname LIKE '%username%like'; EXECUTE 'DROP INDEX ' || n; END $$",
			"CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
			"ALTER TABLE auth_user ALTER COLUMN username TYPE varchar(150) COLLATE folded"), nil},
		{"W027", "is_active (1 row)", nil, runs("ALTER TABLE auth_user ALTER COLUMN is_active DROP NOT NULL", "UPDATE auth_user SET is_active = NULL"), nil},
	},
	"mysql": {
		{"I026", "username (utf8mb4_", nil, nil, nil},
		{"W024", "username (latin1)", nil, runs("ALTER TABLE auth_user CONVERT TO CHARACTER SET latin1"), runs("ALTER TABLE auth_user CONVERT TO CHARACTER SET utf8mb4")},
		{"W027", "first_name (1 row)", nil, runs("ALTER TABLE auth_user MODIFY first_name varchar(150) NULL", "UPDATE auth_user SET first_name = NULL"), nil},
		{"W033", "seconds behind", nil, func(p *patient) {
			p.env = append(p.env, "COATCHECK_DATABASE="+p.where.URL()+"?timestamp=1700000000")
		}, nil},
	},
}

// TestDoctorEncodings: databases whose encoding is less than Unicode, or none.
func TestDoctorEncodings(t *testing.T) {
	for id, where := range map[string]testenv.Database{
		"W024": testenv.PostgresLatin1(t), "W025": testenv.PostgresSQLASCII(t),
	} {
		newPatient(t, where).examine(sick{id: id, says: "ENCODING 'UTF8'"})
	}
}

// TestDoctorPooler: a pooler is seen, and is wrong only where statements are to be prepared.
func TestDoctorPooler(t *testing.T) {
	p := newPatient(t, testenv.PostgresDatabase(t))
	pooled := testenv.PgBouncer(t, p.where, "pool_mode = transaction\ndefault_pool_size = 2").URL()
	p.env = append(p.env, "COATCHECK_DATABASE="+pooled)
	d, status := p.ask()
	if facts := fmt.Sprint(d.Seen); status != exitOK || len(d.Findings) > 0 || !strings.Contains(facts, "pooler") {
		t.Errorf("behind a pooler: %d %+v", status, d)
	}
	p.env = append(p.env, "COATCHECK_DATABASE="+pooled+"&default_query_exec_mode=cache_statement")
	p.examine(sick{id: "W034", says: "leave default_query_exec_mode out"})
}

// TestDoctorReadsOnly: nothing in a database changes, also not by a site that has nothing yet, and
// no file is created.
func TestDoctorReadsOnly(t *testing.T) {
	p := newPatient(t, testenv.SQLiteDatabase(t))
	dump := func() string {
		out, err := exec.CommandContext(t.Context(), testenv.SQLite3(t), p.where.Name, ".dump").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	before := dump()
	p.healthy(nil)
	if dump() != before {
		t.Error("the doctor changed the database")
	}
	empty := t.TempDir()
	p.env = append(p.env, "COATCHECK_DATABASE=sqlite:"+filepath.Join(empty, "none.db"))
	d, status := p.ask()
	if files, _ := filepath.Glob(filepath.Join(empty, "*")); status != exitUsage || len(d.Unseen) != 1 || len(files) > 0 {
		t.Errorf("no database: %d %+v %v", status, d, files)
	}
	for address, want := range map[string]string{
		"www.example.com": "write https://HOST", "https://alice:secret@www.example.com": "leave the password out",
	} {
		cmd := p.command("doctor", "--url", address)
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), "--url: "+want) || cmd.ProcessState.ExitCode() != exitUsage {
			t.Errorf("%s: %s", address, out)
		}
	}
}

// epoch is long ago.
var epoch = time.Unix(1_000_000_000, 0)

// silent checks that no secret is in the output of a command, which says something.
func (p *patient) silent(secrets []string, args ...string) {
	p.t.Helper()
	out, _ := p.command(args...).CombinedOutput() // the exit status is that of the outcome
	if len(out) < 20 {
		p.t.Errorf("%v says %q", args, out)
	}
	for _, secret := range secrets {
		// the name of the wrong SQLite file is no secret
		if strings.Contains(strings.ReplaceAll(string(out), "canary-none", ""), secret) {
			p.t.Errorf("%v: the output shows %q:\n%s", args, secret, out)
		}
	}
}
