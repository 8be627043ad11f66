package conformance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// A flowWorld is Coatcheck's side of one flow: a database, and a server whose
// site takes the settings of each step.
type flowWorld struct {
	t             *testing.T
	name          string
	old, masked   bool // Django before 5, and before 4.1, which masks the CSRF secret
	db            *database.DB
	plain, secure *httptest.Server
	site          atomic.Pointer[http.Handler]
	accounts      *accounts.Service // of the last step
	outbox        flowOutbox
	ours, theirs  map[string]string // what stands for a recorded key or token, and back
	before        *flowStep         // as it was recorded
	expires       map[string]time.Time
	lastLogin     map[string]time.Time
	hashes        map[string]string
}

func newFlowWorld(t *testing.T, name string, first *flowStep) *flowWorld {
	t.Helper()
	db, err := sqlite.Config{DSN: testenv.SQLiteDatabase(t).DSN()}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &flowWorld{
		t: t, name: name, db: db, before: &flowStep{Users: first.Users},
		old: strings.HasPrefix(name, "3.") || strings.HasPrefix(name, "4."), masked: strings.HasPrefix(name, "3."),
		ours: map[string]string{}, theirs: map[string]string{},
		expires: map[string]time.Time{}, lastLogin: map[string]time.Time{}, hashes: map[string]string{},
	}
	serve := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { (*w.site.Load()).ServeHTTP(rw, r) })
	w.plain, w.secure = httptest.NewServer(serve), httptest.NewTLSServer(serve)
	t.Cleanup(func() {
		w.plain.Close()
		w.secure.Close()
		db.Close()
	})
	for _, u := range first.Users {
		if u.LastLogin != nil {
			t.Fatalf("%s begins with a user who has logged in", name)
		}
		w.exec(`INSERT INTO auth_user (id, username, password, email, is_active, is_staff, is_superuser, first_name, last_name, date_joined)
			VALUES (?, ?, ?, ?, ?, 0, 0, '', '', '2026-01-01 00:00:00')`, u.ID, u.Username, u.Password, u.Email, u.Active)
		w.hashes[u.Username] = u.Password
	}
	return w
}

func (w *flowWorld) exec(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.db.SQL().ExecContext(w.t.Context(), statement, args...); err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
}

// replay sends the request of a step and reports what is wrong with its response. It
// calls differs with each rule by which it may differ.
func (w *flowWorld) replay(s *flowStep, differs func(rule int)) []string {
	w.t.Helper()
	w.happen(s)
	recorded := *s
	for i, rule := range flowDifferences {
		if rule.applies(w, s) {
			rule.amend(w, s)
			differs(i)
		}
	}
	handler := w.handler(s)
	w.site.Store(&handler)
	began := time.Now()
	c := &flowCheck{w: w, s: s, now: began}
	c.response, c.body = w.send(s)
	c.all()
	w.catchUp(&recorded)
	w.before = &recorded
	return c.wrong
}

// send sends the request of a step with our keys and tokens in the place of the
// recorded ones.
func (w *flowWorld) send(s *flowStep) (*http.Response, string) {
	w.t.Helper()
	server := w.plain
	if s.Request.Secure {
		server = w.secure
	}
	form := url.Values{}
	for name, value := range s.Request.Body {
		if name == "csrfmiddlewaretoken" {
			value = w.translate(value)
		}
		form.Set(name, value)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), s.Request.Method, server.URL+w.path(s.Request.URL), strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Host = "testserver"
	r.Header.Set("Accept", "text/html")
	if s.Request.Method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range s.Request.Headers {
		if name != "HTTP_REFERER" {
			w.t.Fatalf("%s: an unknown header: %s", w.name, name)
		}
		r.Header.Set("Referer", value)
	}
	var cookies []string
	for name, value := range s.Request.Cookies {
		cookies = append(cookies, name+"="+w.translate(value))
	}
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	response, err := server.Client().Transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response, string(body)
}

// translate returns what stands for a recorded key or token.
func (w *flowWorld) translate(theirs string) string {
	w.t.Helper()
	if theirs == "" || strings.Trim(theirs, "z") == "" { // an arbitrary key
		return theirs
	}
	ours, ok := w.ours[theirs]
	if !ok {
		w.t.Fatalf("%s: sent before it was set: %s", w.name, theirs)
	}
	return ours
}

// pair remembers that ours stands for theirs, and reports whether each stands for
// one alone.
func (w *flowWorld) pair(theirs, ours string) bool {
	if w.ours[theirs] == "" && w.theirs[ours] == "" {
		w.ours[theirs], w.theirs[ours] = ours, theirs
	}
	return w.ours[theirs] == ours && w.theirs[ours] == theirs
}

// copyUsers replaces the users by those that are recorded after the step.
func (w *flowWorld) copyUsers(s *flowStep) {
	if len(s.Users) == 0 {
		w.exec("DELETE FROM auth_user")
	}
	for _, u := range s.Users {
		w.exec("UPDATE auth_user SET password = ?, is_active = ? WHERE username = ?", u.Password, u.Active, u.Username)
		w.hashes[u.Username] = u.Password
	}
}

// copySession copies the data and the end of the session that the request names
// those that are recorded after the step.
func (w *flowWorld) copySession(s *flowStep) {
	w.t.Helper()
	for _, recorded := range s.Sessions {
		if recorded.Key != s.Request.Cookies[sessions.DefaultCookieName] {
			continue
		}
		w.writeSession(s, recorded.Data, recorded.Expires.Sub(s.Now))
		return
	}
	w.t.Fatalf("%s, step %d: no session to copy", w.name, s.Step)
}

// editSession sets a key of the session that the request names; nil removes it.
func (w *flowWorld) editSession(s *flowStep, key string, value any) {
	w.t.Helper()
	for _, recorded := range w.before.Sessions {
		if recorded.Key != s.Request.Cookies[sessions.DefaultCookieName] {
			continue
		}
		data := map[string]any{}
		for k, v := range recorded.Data {
			data[k] = v
		}
		if data[key] = value; value == nil {
			delete(data, key)
		}
		w.writeSession(s, data, recorded.Expires.Sub(s.Now))
		return
	}
	w.t.Fatalf("%s, step %d: no session to edit", w.name, s.Step)
}

func (w *flowWorld) writeSession(s *flowStep, data map[string]any, left time.Duration) {
	w.t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		w.t.Fatal(err)
	}
	parsed, err := sessions.ParseData(string(text))
	if err != nil {
		w.t.Fatal(err)
	}
	key := w.translate(s.Request.Cookies[sessions.DefaultCookieName])
	row, err := w.db.SessionByKey(w.t.Context(), key, time.Unix(0, 0))
	if err != nil {
		w.t.Fatal(err)
	}
	encoded, err := w.codec(s).Encode(parsed)
	if err != nil {
		w.t.Fatal(err)
	}
	changed := database.Session{Key: key, Data: encoded, Expires: time.Now().Add(left)}
	if err := w.db.UpdateSession(w.t.Context(), changed, row.Data); err != nil {
		w.t.Fatal(err)
	}
	delete(w.expires, key) // which is to be judged anew
}

func (w *flowWorld) codec(s *flowStep) *sessions.Codec {
	w.t.Helper()
	key, fallbacks := flowKeys(w.t, s)
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: key, Fallbacks: fallbacks}})
	if err != nil {
		w.t.Fatal(err)
	}
	return codec
}

// catchUp removes the sessions that Django removed and we did not on purpose.
func (w *flowWorld) catchUp(recorded *flowStep) {
	w.t.Helper()
	keep := map[string]bool{}
	for _, row := range recorded.Sessions {
		keep[w.ours[row.Key]] = true
	}
	for _, key := range w.keys() {
		if !keep[key] {
			w.exec("DELETE FROM django_session WHERE session_key = ?", key)
		}
	}
}

// keys are those of all sessions.
func (w *flowWorld) keys() (keys []string) {
	w.t.Helper()
	rows, err := w.db.SQL().QueryContext(w.t.Context(), "SELECT session_key FROM django_session")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			w.t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return keys
}

// user is the row of a user.
func (w *flowWorld) user(id int) (*database.User, error) {
	return w.db.UserByID(w.t.Context(), strconv.Itoa(id))
}
