package main

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

// audited runs coatcheck audit --json, and returns the events, the oldest first.
func audited(t *testing.T, dir string, args ...string) (all []own.AuditRow) {
	t.Helper()
	out, errs, status := command(t, dir, append([]string{"audit", "--json"}, args...)...)
	if status != 0 {
		t.Fatalf("audit %q: %d %s", args, status, errs)
	}
	for line := range strings.Lines(out) {
		var row own.AuditRow
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, row)
	}
	slices.Reverse(all)
	return all
}

// events are the codes of events.
func events(rows []own.AuditRow) string {
	var all []string
	for _, row := range rows {
		all = append(all, row.Event)
	}
	return strings.Join(all, " ")
}

// TestAuditOfCommands: each command that changes an account is recorded with the user of the
// system, and not with --audit-days 0; coatcheck audit selects, and clearsessions removes what is
// old.
func TestAuditOfCommands(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil) // which makes the secret key
	p.visitor().enter("ada", "correct horse battery")
	p.stop()
	before := audited(t, dir)
	if got := events(before); got != "account-created login" {
		t.Fatalf("a sign-up: %s", got)
	}
	if login := before[1]; login.Username != "ada" || login.Actor != "user" || login.IP == "" {
		t.Errorf("%+v", login)
	}
	for _, args := range [][]string{
		{"unlock", "ada", "--address", "192.0.2.7"},
		{"logout", "ada"},
		{"deactivate", "ada"},
		{"activate", "ada"},
		{"invite", "--base-url", "https://www.example.com"},
		{"createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com"},
		{"deactivate", "root", "--audit-days", "0"},
	} {
		if _, errs, status := command(t, dir, args...); status != 0 {
			t.Errorf("%q: %d %s", args, status, errs)
		}
	}
	change := exec.CommandContext(t.Context(), "coatcheck", "changepassword", "ada")
	change.Dir, change.Env, change.Stdin = dir, environment(), strings.NewReader("battery staple 9\nbattery staple 9\n")
	if out, err := change.CombinedOutput(); err != nil {
		t.Errorf("changepassword: %v\n%s", err, out)
	}
	rows := audited(t, dir)[len(before):]
	want := "account-unlocked address-unlocked all-sessions-ended account-deactivated all-sessions-ended " +
		"account-activated invitation-created superuser-created password-changed account-unlocked"
	if got := events(rows); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for _, row := range rows {
		if row.Actor != "command" || row.ActorName == "" {
			t.Errorf("%+v", row)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--user", "root"}, "superuser-created"},
		{[]string{"--event", "login", "--event", "invitation-created"}, "login invitation-created"},
		{[]string{"--limit", "1"}, "account-unlocked"},
		{[]string{"--since", "2099-01-01"}, ""},
		{[]string{"--since", "1h", "--user", "ada", "--event", "account-created"}, "account-created"},
	} {
		if got := events(audited(t, dir, c.args...)); got != c.want {
			t.Errorf("%q: %s, want %s", c.args, got, c.want)
		}
	}
	checkAuditErrors(t, dir)
	checkClearing(t, dir, len(before)+len(rows))
}

// checkAuditErrors: what is wrong has its exit status and says what to do.
func checkAuditErrors(t *testing.T, dir string) {
	t.Helper()
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"audit", "--user", "nobody"}, exitFailed, "user 'nobody' does not exist"},
		{[]string{"audit", "--event", "logins"}, exitUsage, "there is no event \"logins\""},
		{[]string{"audit", "--since", "yesterday"}, exitUsage, "write it as in 7d"},
		{[]string{"audit", "--limit=-1"}, exitUsage, "--limit is -1"},
		{[]string{"logout", "ada", "--audit-days=-1"}, exitUsage, "--audit-days is -1"},
		{[]string{"audit", "--database", "sqlite:none.db"}, exitFailed, "there is no database"},
	} {
		if _, errs, status := command(t, dir, c.args...); status != c.status || !strings.Contains(errs, c.says) {
			t.Errorf("%q: %d %s", c.args, status, errs)
		}
	}
	out, _, status := command(t, dir, "audit", "--user", "ada", "--event", "login")
	if status != 0 || !strings.HasPrefix(out, "TIME (UTC)") || strings.Count(out, "\n") != 2 {
		t.Errorf("the table: %d\n%s", status, out)
	}
}

// checkClearing: clearsessions removes old events, where nothing says otherwise.
func checkClearing(t *testing.T, dir string, have int) {
	t.Helper()
	db, err := sqlite.Config{DSN: dir + "/coatcheck.db", NoCreate: true}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().AddDate(0, 0, -100)
	row := own.AuditRow{ID: own.NewAuditID(old), Time: old, Event: "login", Outcome: "ok", Actor: "user"}
	if err := own.New(db).InsertAudit(t.Context(), []own.AuditRow{row}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		days string
		want int
	}{{"0", have + 1}, {"180", have + 1}, {"99", have}} {
		if _, errs, status := command(t, dir, "clearsessions", "--audit-days", c.days); status != 0 {
			t.Fatalf("%d %s", status, errs)
		}
		if got := len(audited(t, dir)); got != c.want {
			t.Errorf("after %s days there are %d events, want %d", c.days, got, c.want)
		}
	}
}

// TestAuditNamesUsers: events that were recorded without a name, as those of a session are, bear the
// present name of the user, or none where the user is gone.
func TestAuditNamesUsers(t *testing.T) {
	dir := t.TempDir()
	if _, errs, status := command(t, dir, "createsuperuser", "--noinput", "--create", "--username", "root", "--email", "root@example.com"); status != 0 {
		t.Fatalf("%d %s", status, errs)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "coatcheck.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows []own.AuditRow
	for _, id := range []string{"1", "4711", ""} {
		now := time.Now()
		rows = append(rows, own.AuditRow{ID: own.NewAuditID(now), Time: now, Event: "session-rejected", UserID: id})
	}
	if err := own.New(db).InsertAudit(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, row := range audited(t, dir, "--event", "session-rejected") {
		got[row.UserID] = row.Username
	}
	if want := map[string]string{"1": "root", "4711": "", "": ""}; !maps.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
