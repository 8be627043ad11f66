package inspector_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/inspector"
)

// TestRows: the step of a statement has the row that was read, beside the query: readable where it
// is harmless, and else shortened or its length.
func TestRows(t *testing.T) {
	s := newSite(t, inspector.Config{})
	ada := s.CreateUser("ada", canary)
	ada.FirstName = "Augusta"
	if err := s.Database.UpdateUser(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.login("ada")
	key := b.cookie("sessionid")
	b.get("/accounts/profile/") // alone: the owner of the session is not known yet
	b.get("/accounts/profile/") // both rows by one statement
	row, err := s.Database.SessionByKey(t.Context(), key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	requests := b.look("").Requests
	for _, r := range requests[:2] {
		query := fmt.Sprintf("?open=%d", r.ID)
		got := map[string]string{}
		for _, step := range b.look(query).Open.Steps {
			for _, row := range step.Rows {
				for _, c := range row.Columns {
					got[row.Table+"."+c.Name] = c.Value
				}
			}
		}
		for name, want := range map[string]string{
			"django_session.session_key":  key[:4] + "…",
			"django_session.session_data": fmt.Sprint(len(row.Data), " characters"),
			"django_session.expire_date":  row.Expires.UTC().Format("2006-01-02 15:04:05Z"),
			"auth_user.id":                ada.ID, "auth_user.username": "ada", "auth_user.is_active": "true",
			"auth_user.is_superuser": "false", "auth_user.email": "15 characters", "auth_user.first_name": "7 characters",
			"auth_user.last_name": "empty",
		} {
			if got[name] != want {
				t.Errorf("request %d: %s is %q, want %q", r.ID, name, got[name], want)
			}
		}
		if hash := got["auth_user.password"]; !strings.HasPrefix(hash, "pbkdf2_sha256$") || !strings.HasSuffix(hash, "$…") {
			t.Errorf("password: %q", hash)
		}
		page := b.get(inspector.DefaultPath + query).text
		if !strings.Contains(page, "<dt>is_active</dt><dd>true</dd>") {
			t.Errorf("the page has no row: %s", page)
		}
		for _, secret := range []string{key, row.Data, "ada@example.com", "Augusta", ada.Password.Encoded(), canary} {
			if strings.Contains(page, secret) || strings.Contains(b.get(inspector.DefaultPath+query, "Accept", "application/json").text, secret) {
				t.Errorf("%q is shown", secret)
			}
		}
	}
}

// TestOddRows: what an odd row holds is shown no more than that of others: a password in plain
// text in the column of the hash, and an address for a name.
func TestOddRows(t *testing.T) {
	s := newSite(t, inspector.Config{})
	s.CreateUser("ada@example.com", canary)
	b := s.browser()
	b.login("ada@example.com")
	if _, err := s.Database.SQL().ExecContext(t.Context(), "UPDATE auth_user SET password = 'plain-"+canary+"'"); err != nil {
		t.Fatal(err)
	}
	if a := b.get("/accounts/profile/"); a.StatusCode != http.StatusFound {
		t.Fatalf("%d", a.StatusCode)
	}
	page := b.get(inspector.DefaultPath).text
	for _, secret := range []string{canary, "ada@"} {
		if strings.Contains(page, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	for _, want := range []string{"<dd>not a hash of a known algorithm</dd>", "<dt>username</dt><dd>15 characters</dd>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
}

// TestPermissionRows: a read of permissions shows each of them, and by whom the user has it.
func TestPermissionRows(t *testing.T) {
	s := newSite(t, inspector.Config{})
	ada := s.CreateUser("ada", canary)
	if err := s.Database.GrantUser(t.Context(), ada.ID, "auth.view_user"); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.login("ada")
	if a := b.get("/members/"); a.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	want := `[{auth_permission [{app_label auth} {codename view_user} {granted to the user}]}]`
	var got []string
	for _, step := range b.look("").Open.Steps {
		got = append(got, fmt.Sprint(step.Rows))
	}
	if !slices.Contains(got, want) {
		t.Errorf("no step has %s: %s", want, got)
	}
}
