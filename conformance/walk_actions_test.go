package conformance_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A walkAction is a kind of step.
type walkAction struct {
	run      func(s *walkStep)
	onlyRows bool   // it changes the row of the session itself
	since    string // the Django that can do it
}

// walkActions are all that users and operators do on a walk.
var walkActions = map[string]walkAction{
	"sign up":          {run: (*walkStep).signUp},
	"log in":           {run: (*walkStep).logIn},
	"log in again":     {run: (*walkStep).logIn}, // twice as often
	"wrong password":   {run: (*walkStep).wrongPassword},
	"log out":          {run: (*walkStep).logOut},
	"profile":          {run: (*walkStep).profile},
	"write items":      {run: (*walkStep).writeItems},
	"set expiry":       {run: (*walkStep).expiry},
	"set expiry date":  {run: (*walkStep).expiryDate, since: "4.1"},
	"answer":           {run: (*walkStep).answer},
	"change password":  {run: (*walkStep).changePassword},
	"activate":         {run: (*walkStep).activate},
	"flush":            {run: (*walkStep).flush},
	"cycle key":        {run: (*walkStep).cycle},
	"rotate keys":      {run: (*walkStep).rotate},
	"cookie of others": {run: (*walkStep).cookie},
	"row expires":      {run: (*walkStep).rowExpires, onlyRows: true},
	"row is corrupt":   {run: (*walkStep).rowCorrupt, onlyRows: true},
	"row is gone":      {run: (*walkStep).rowGone, onlyRows: true},
}

func (s *walkStep) post(path string, body func(w *world) fields) seenAnswer {
	s.Helper()
	return s.does(s.side, http.MethodPost, path, body)
}

func same[T any](v T) func(*world) T { return func(*world) T { return v } }

func (s *walkStep) account(w *world) fields {
	return fields{"username": w.username(s.user), "password": s.passwords[s.user], "email": w.username(s.user) + "@Example.COM"}
}

func (s *walkStep) signUp() { s.post("/accounts/signup/", s.account) }

func (s *walkStep) logIn() { s.post("/accounts/login/", s.account) }

func (s *walkStep) wrongPassword() {
	s.post("/accounts/login/", func(w *world) fields { return fields{"username": w.username(s.user), "password": "wrong"} })
}

func (s *walkStep) logOut() { s.post("/accounts/logout/", same(fields{})) }

func (s *walkStep) profile() { s.does(s.side, http.MethodGet, "/accounts/profile/", nil) }

func (s *walkStep) writeItems() {
	items := rapid.SampledFrom([]fields{
		{"cart": []any{"ü☃😀", 1, 2.5, nil, true}},
		{"cart": nil},
		{"a": 1},
		{"a": nil, "b": map[string]any{"deep": []any{}}},
		{"long": strings.Repeat("many words ", 100)},
		{"long": nil},
		{"b": nil},
		{"not there": nil},
		{},
	}).Draw(s.T, "items")
	s.post("/twin/session/", same(items))
}

// walkDifferences are the engines under which a session that has ended is another
// matter to Coatcheck than to Django, by the entry of docs/django-differences.md.
// Their walks end no session by its expiry.
var walkDifferences = map[string]string{"file": "file-session-ended", "signed_cookies": "cookie-session-ended"}

// ended creates a session in both worlds that has ended, one of Django's and one of
// Coatcheck's, and reports whether the two are still different.
func (w *walk) ended(t *testing.T) bool {
	var got [2]seenAnswer
	for i := range got {
		one := newWorld(t, w, "ended-")
		one.send(w.side(i), 0, http.MethodPost, "/twin/expiry/", fields{"expiry": -5})
		got[i] = one.send(w.side(i), 0, http.MethodGet, "/twin/whoami/", nil)
	}
	return !got[0].equal(got[1])
}

func (s *walkStep) expiry() {
	choices := []any{nil, 0, 300, 10_000_000, -5}
	if walkDifferences[s.walk.p.engine] != "" {
		choices = choices[:4]
	}
	expiry := rapid.SampledFrom(choices).Draw(s.T, "expiry")
	s.post("/twin/expiry/", same(fields{"expiry": expiry}))
}

func (s *walkStep) expiryDate() {
	choices := []string{"2035-01-02T03:04:05.678901+00:00", "2030-06-01T12:00:00+00:00", "2020-01-01T00:00:00+00:00"}
	if walkDifferences[s.walk.p.engine] != "" {
		choices = choices[:2]
	}
	date := rapid.SampledFrom(choices).Draw(s.T, "date")
	s.post("/twin/expiry/", same(fields{"expiry": date}))
}

func (s *walkStep) answer() {
	status := rapid.SampledFrom([]int{200, 201, 302, 404, 500}).Draw(s.T, "status")
	s.post("/twin/answer/", same(fields{"status": status}))
}

// changePassword is by the user who is logged in in that browser, if anybody is.
func (s *walkStep) changePassword() {
	next := rapid.SampledFrom([]string{"a first password", "another password", "motörhead ☃"}).Draw(s.T, "password")
	who := s.does(s.side, http.MethodGet, "/twin/whoami/", nil)
	body, _ := who.Body.(map[string]any)
	for n, name := range []string{"anna", "bertram"} {
		if body["user"] == name {
			if got := s.post("/twin/password/", same(fields{"old": s.passwords[n], "new": next})); got.Status == http.StatusOK {
				s.passwords[n] = next
			}
		}
	}
}

func (s *walkStep) activate() {
	active := rapid.Bool().Draw(s.T, "active")
	s.post("/twin/active/", func(w *world) fields { return fields{"username": w.username(s.user), "active": active} })
	if !active { // inactive-user-session
		s.settle(1)
	}
}

func (s *walkStep) flush() { s.post("/twin/flush/", same(fields{})) }

func (s *walkStep) cycle() { s.post("/twin/cycle/", same(fields{})) }

// rotate returns both sides a new key. The old one verifies still, or no longer;
// before Django 4.1 it never did.
func (s *walkStep) rotate() {
	keys := []string{fmt.Sprintf("key number %d, which is long and random enough", rapid.IntRange(1, 3).Draw(s.T, "key"))}
	if s.walk.p.version >= "4.1" && rapid.IntRange(0, 3).Draw(s.T, "keep") > 0 {
		keys = append(keys, s.walk.keys[:min(2, len(s.walk.keys))]...)
	}
	s.walk.setKeys(keys)
	s.settle(s.side) // former-key-session
}

// cookie: a browser comes with a cookie that is not its own.
func (s *walkStep) cookie() {
	kind := rapid.SampledFrom([]string{"", "short", "other", "forged", "odd"}).Draw(s.T, "cookie")
	for _, w := range s.walk.worlds {
		switch kind {
		case "other":
			w.cookies[s.browser] = w.cookies[1-s.browser]
		case "forged":
			w.cookies[s.browser] = "0123456789abcdefghijklmnopqrst" + w.prefix[len(w.prefix)-2:len(w.prefix)-1] + "x"
		case "odd":
			w.cookies[s.browser] = "../../../etc/passwd"
		default:
			w.cookies[s.browser] = kind
		}
	}
}

// change does something to the row of the browser's session, in both worlds.
func (s *walkStep) change(query string, args ...any) {
	for _, w := range s.walk.worlds {
		s.walk.own.exec(query, append(args, w.cookies[s.browser])...)
	}
}

func (s *walkStep) rowExpires() {
	s.change("UPDATE django_session SET expire_date = ? WHERE session_key = ?", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01-02 15:04:05"))
}

func (s *walkStep) rowCorrupt() {
	s.change("UPDATE django_session SET session_data = ? WHERE session_key = ?", "no such data")
}

func (s *walkStep) rowGone() {
	s.change("DELETE FROM django_session WHERE session_key = ?")
}
