package middleware_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth/backends"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/sessions"
)

// flowStep is a record of the topic flows, as far as remote users need it.
type flowStep struct {
	Flow    string
	Step    int
	Request struct {
		Headers map[string]string
		Cookies map[string]string
	}
	Response struct {
		SetCookie []string `json:"set_cookie"`
		Body      string
	}
	Sessions []struct {
		Data map[string]any
	}
	Users []struct {
		Username, Password string
	}
}

// TestRemoteUserVectors sends the requests of the recorded flow "remote user" of
// every Django, one after the other, and holds who the user is, what becomes of
// the session and its cookie, and which users there are.
//
// One thing differs on purpose: Django gives a user whom it makes an empty
// password, and we an unusable one; see backends.RemoteUser.
func TestRemoteUserVectors(t *testing.T) {
	var s *site
	var c *http.Client
	steps := map[string]int{}
	for _, v := range vectors.Load(t, "flows") {
		var f flowStep
		if v.DecodeAll(t, &f); f.Flow != "remote user" {
			continue
		}
		if f.Step == 1 {
			s, c = newRemoteSite(t, &backends.RemoteUser{}).start(t), newClient(t)
			s.user(t, "alice", "a password")
		}
		var header []string
		for name, value := range f.Request.Headers {
			if name != "REMOTE_USER" {
				t.Fatalf("%s: the header %s", v, name)
			}
			header = append(header, remoteHeader, value)
		}
		if f.Request.Cookies["sessionid"] != "" != (s.key(t, c) != "") {
			t.Errorf("%s: the cookie is %q", v, s.key(t, c))
		}
		response, body := s.get(t, c, "/who", header...)
		var want struct{ User string }
		if err := json.Unmarshal([]byte(f.Response.Body), &want); err != nil {
			t.Fatal(err)
		}
		if strings.TrimPrefix(body, "AnonymousUser") != want.User {
			t.Errorf("%s: the user is %q, want %q", v, body, want.User)
		}
		sameCookie(t, v, f, response)
		sameRows(t, v, f, s)
		steps[v.Django()]++
	}
	for version, n := range steps {
		if n != 6 {
			t.Errorf("Django %s: %d steps", version, n)
		}
	}
	if len(steps) < 4 {
		t.Errorf("Djangos: %v", steps)
	}
}

// sameCookie compares whether the session's cookie is set, deleted or left.
func sameCookie(t *testing.T, v vectors.Record, f flowStep, response *http.Response) {
	t.Helper()
	kind := func(lines []string) string {
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, sessions.DefaultCookieName+"="); ok {
				if strings.HasPrefix(value, `""`) {
					return "deleted"
				}
				return "set"
			}
		}
		return "left"
	}
	got, want := kind(response.Header["Set-Cookie"]), kind(f.Response.SetCookie)
	if f.Step == 6 && want == "deleted" {
		want = "left" // our client, unlike the recorder, sends no cookie that was deleted
	}
	if got != want {
		t.Errorf("%s: the cookie is %s, want %s", v, got, want)
	}
}

// sameRows compares the sessions and the users that there are.
func sameRows(t *testing.T, v vectors.Record, f flowStep, s *site) {
	t.Helper()
	var rows, users int
	for table, n := range map[string]*int{"django_session": &rows, "auth_user": &users} {
		if err := s.db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(n); err != nil {
			t.Fatal(err)
		}
	}
	if rows != len(f.Sessions) || users != len(f.Users) {
		t.Errorf("%s: %d sessions and %d users, want %d and %d", v, rows, users, len(f.Sessions), len(f.Users))
	}
	for _, u := range f.Users {
		got, err := s.db.UserByUsername(t.Context(), u.Username)
		if err != nil || got.Password.Usable() != (u.Password != "") {
			t.Errorf("%s: %s has a usable password: %v, %v", v, u.Username, got.Password.Usable(), err)
		}
	}
	for _, one := range f.Sessions {
		if one.Data["_auth_user_backend"] != backends.RemoteUserName {
			t.Errorf("%s: the backend is %s", v, one.Data["_auth_user_backend"])
		}
	}
}
