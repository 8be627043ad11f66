package conformance_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
)

// A flowCheck compares what came of a step with what is recorded.
type flowCheck struct {
	w        *flowWorld
	s        *flowStep
	now      time.Time
	response *http.Response
	body     string
	wrong    []string
}

func (c *flowCheck) fail(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *flowCheck) all() {
	if c.response.StatusCode != c.s.Response.Status {
		c.fail("the status is %d, want %d: %.300s", c.response.StatusCode, c.s.Response.Status, c.body)
		return
	}
	c.headers()
	c.cookies()
	c.text()
	c.rows()
	c.users()
}

// headers compares those that Django and its middleware set, where the response is
// a page of the site's: the pages for errors are the servers' own.
func (c *flowCheck) headers() {
	want := c.s.Response.Headers
	for _, name := range []string{"Location", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy"} {
		if got := c.response.Header.Get(name); got != want[name] {
			c.fail("%s is %q, want %q", name, got, want[name])
		}
	}
	for _, name := range []string{"Cache-Control", "Allow", "Cross-Origin-Opener-Policy"} {
		if got := c.response.Header.Get(name); want[name] != "" && got != want[name] {
			c.fail("%s is %q, want %q", name, got, want[name])
		}
	}
	if varies := strings.Contains(c.response.Header.Get("Vary"), "Cookie"); varies != strings.Contains(want["Vary"], "Cookie") {
		c.fail("Vary is %q, want %q", c.response.Header.Get("Vary"), want["Vary"])
	}
}

var (
	cookieExpires = regexp.MustCompile(`expires=([^;]*)`)
	cookieValue   = regexp.MustCompile(`^(\w+)=([^;]*)`)
)

// slack is how far apart two ends may be that were reckoned from two clocks. The
// recorded one stood still during a request, and went on ten seconds before it.
const slack = 15 * time.Second

// cookies compares the lines letter for letter, but for the random values and
// the dates.
func (c *flowCheck) cookies() {
	got, want := c.response.Header["Set-Cookie"], c.s.Response.SetCookie
	var gotLines, wantLines []string
	for _, line := range got {
		gotLines = append(gotLines, c.cookie(line, c.now))
	}
	for _, line := range want {
		wantLines = append(wantLines, c.cookie(line, c.s.Now))
	}
	if diff := cmp.Diff(wantLines, gotLines); diff != "" {
		c.fail("Set-Cookie (-want +got):\n%s", diff)
		return
	}
	for i, line := range want {
		ours, theirs := cookieValue.FindStringSubmatch(got[i]), cookieValue.FindStringSubmatch(line)
		if ours[2] != `""` && !c.w.pair(theirs[2], ours[2]) {
			c.fail("the value of %s is kept or changed where Django does otherwise", theirs[1])
		}
	}
}

// cookie is a line without its random value, its date as the time that is left.
func (c *flowCheck) cookie(line string, now time.Time) string {
	line = cookieExpires.ReplaceAllStringFunc(line, func(text string) string {
		at, err := http.ParseTime(strings.TrimPrefix(text, "expires="))
		if err != nil {
			return text
		}
		if at.Unix() == 0 {
			return "expires=1970"
		}
		return fmt.Sprintf("expires=+%v", at.Sub(now).Round(time.Minute))
	})
	if strings.Contains(line, `=""`) {
		return line
	}
	return cookieValue.ReplaceAllString(line, "$1=…")
}

// ownTitles are those of pages that we call by other words than Django, by Django's.
var ownTitles = map[string]string{
	"Enter new password":          "Choose a new password",
	"Password change":             "Change your password",
	"Password reset":              "Forgot your password?",
	"Password reset unsuccessful": "This link is used up or too old",
}

// text compares bodies: those of the site's own views as they are, and of the
// pages what a form says and where it leads on.
func (c *flowCheck) text() {
	want := c.s.Response.Body
	switch {
	case c.s.Response.Status >= 300 || c.s.Request.Method != "GET" && c.s.Request.Method != "POST":
	case title(want) != "":
		want := title(want)
		if ours := ownTitles[want]; ours != "" {
			want = ours
		}
		if !strings.Contains(c.body, want+" · Coatcheck</title>") {
			c.fail("the title is not %q: %.300s", want, c.body)
		}
	case strings.HasPrefix(want, "|"):
		if !strings.Contains(c.body, "logged out") {
			c.fail("the page says nothing about the logout: %.300s", c.body)
		}
	case !strings.HasPrefix(want, "F:"):
		if want != "" && c.body != want {
			c.fail("the body is %q, want %q", c.body, want)
		}
	}
	if !strings.HasPrefix(want, "F:") {
		return
	}
	parts := strings.Split(strings.TrimPrefix(want, "F:"), "|")
	var errors map[string][]struct{ Message string }
	if err := json.Unmarshal([]byte(parts[0]), &errors); err != nil {
		c.fail("%v", err)
	}
	page := html.UnescapeString(c.body)
	for field, list := range errors {
		for _, e := range list {
			if !strings.Contains(page, e.Message) {
				c.fail("%s: the page does not say %q", field, e.Message)
			}
		}
	}
	next := strings.TrimPrefix(parts[2], "next=")
	if has := strings.Contains(page, fmt.Sprintf(`name="next" value="%s"`, next)); has != (next != "") {
		c.fail("the form leads on to %q: %v", next, has)
	}
}

// title is that of a recorded page, or "" where it has none.
func title(body string) string {
	_, text, _ := strings.Cut(body, "|title=")
	return text
}

// rows compares the sessions.
func (c *flowCheck) rows() {
	if got := len(c.w.keys()); got != len(c.s.Sessions) {
		c.fail("%d sessions, want %d", got, len(c.s.Sessions))
	}
	for _, want := range c.s.Sessions {
		key, ok := c.w.ours[want.Key]
		if !ok {
			c.fail("no cookie named the session")
			continue
		}
		row, err := c.w.db.SessionByKey(c.w.t.Context(), key, time.Unix(0, 0))
		if err != nil {
			c.fail("the session is not there: %v", err)
			continue
		}
		c.data(want, row.Data)
		c.end("the session", key, c.w.expires, row.Expires, want.Expires, c.recordedEnd(want.Key))
	}
}

func (c *flowCheck) recordedEnd(key string) time.Time {
	for _, row := range c.w.before.Sessions {
		if row.Key == key {
			return row.Expires
		}
	}
	return time.Time{}
}

// end compares two points in time: that ours changed where the recorded one did,
// and how far it is away then.
func (c *flowCheck) end(what, key string, known map[string]time.Time, got, want, wantBefore time.Time) {
	before, judged := known[key]
	known[key] = got
	if judged && want.Equal(wantBefore) {
		if !got.Equal(before) {
			c.fail("the time of %s changed", what)
		}
		return
	}
	if off := got.Sub(c.now) - want.Sub(c.s.Now); off.Abs() > slack {
		c.fail("the time of %s is off by %v", what, off)
	}
}

// data compares what is in a session, and pairs the token in it.
func (c *flowCheck) data(want flowSession, text string) {
	got := map[string]any{}
	if decoded, err := c.w.codec(c.s).Decode(text); err == nil { // else it is empty on both sides
		if err := json.Unmarshal([]byte(decoded.JSON()), &got); err != nil {
			c.fail("%v", err)
		}
	}
	expected := map[string]any{}
	for k, v := range want.Data {
		expected[k] = v
	}
	if _, signedIn := expected[sessionkeys.UserID]; signedIn && got[sessionkeys.Ending] == float64(0) { // session-ending-number
		delete(got, sessionkeys.Ending)
	}
	if theirs, ok := expected["_csrftoken"].(string); ok {
		if ours, ok := got["_csrftoken"].(string); !ok || !c.w.pair(theirs, ours) {
			c.fail("the token in the session is kept or changed where Django does otherwise")
		}
		delete(expected, "_csrftoken")
		delete(got, "_csrftoken")
	}
	if theirs, ok := expected["_password_reset_token"].(string); ok {
		expected["_password_reset_token"] = c.w.ours[theirs]
	}
	if c.w.rehashed(c.s) { // the salt is random, so the hash in the session differs
		delete(expected, "_auth_user_hash")
		if hash, _ := got["_auth_user_hash"].(string); len(hash) != 64 {
			c.fail("the hash in the session has %d letters", len(hash))
		}
		delete(got, "_auth_user_hash")
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		c.fail("the session (-want +got):\n%s", diff)
	}
}

// rehashed reports whether a login of the flow, or a change of the password, hashed it
// anew.
func (w *flowWorld) rehashed(s *flowStep) bool {
	return s.Flow == "password change" && s.Step > 8 || strings.Contains(s.Flow, "upgrade") && s.Step > 1
}

// users compares the users.
func (c *flowCheck) users() {
	var n int
	if err := c.w.db.SQL().QueryRowContext(c.w.t.Context(), "SELECT COUNT(*) FROM auth_user").Scan(&n); err != nil {
		c.w.t.Fatal(err)
	}
	if n != len(c.s.Users) {
		c.fail("%d users, want %d", n, len(c.s.Users))
	}
	for _, want := range c.s.Users {
		got, err := c.w.user(want.ID)
		if err != nil {
			c.fail("%s: %v", want.Username, err)
			continue
		}
		if got.Username != want.Username || got.Email != want.Email || got.IsActive != want.Active {
			c.fail("the user is %s, %s, active %v; want %s, %s, %v", got.Username, got.Email, got.IsActive, want.Username, want.Email, want.Active)
		}
		c.login(want, got.LastLogin)
		c.hash(want, string(got.Password))
	}
}

// login compares the last login.
func (c *flowCheck) login(want flowUser, got time.Time) {
	if want.LastLogin == nil {
		if !got.IsZero() {
			c.fail("%s has logged in at %v", want.Username, got)
		}
		return
	}
	var before time.Time
	for _, u := range c.w.before.Users {
		if u.ID == want.ID && u.LastLogin != nil {
			before = *u.LastLogin
		}
	}
	c.end("the last login", want.Username, c.w.lastLogin, got, *want.LastLogin, before)
}

// hash compares the stored password: as it is, or where a login hashed it anew,
// its algorithm and cost, and that it stays from then on.
func (c *flowCheck) hash(want flowUser, got string) {
	for _, u := range c.w.before.Users {
		if u.ID != want.ID || u.Password == want.Password || c.w.hashes[want.Username] == want.Password {
			continue
		}
		if kind := hashKind(want.Password); got == u.Password || hashKind(got) != kind {
			c.fail("%s has a hash of %s, want %s", want.Username, hashKind(got), kind)
		}
		c.w.hashes[want.Username] = got
	}
	if got != c.w.hashes[want.Username] {
		c.fail("the hash of %s is another", want.Username)
	}
}

// hashKind is a hash without salt and digest.
func hashKind(hash string) string {
	parts := strings.Split(hash, "$")
	if len(parts) < 3 {
		return "something else"
	}
	return fmt.Sprintf("%s with %d and %d letters", strings.Join(parts[:len(parts)-2], " "), len(parts[len(parts)-2]), len(parts[len(parts)-1]))
}
