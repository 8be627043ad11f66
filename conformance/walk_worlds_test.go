package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
)

// A world has users and browsers of its own.
type world struct {
	t       interface{ Fatal(...any) } // of rapid, or of package testing
	walk    *walk
	prefix  string // of its usernames
	cookies [2]string
	names   map[string]string // of what is random, by what it is
	counts  map[string]int
}

func newWorld(t interface{ Fatal(...any) }, w *walk, prefix string) *world {
	return &world{t: t, walk: w, prefix: prefix, names: map[string]string{"": ""}, counts: map[string]int{}}
}

// name returns a random text a name that it would have in the other world too: the
// first key that is seen, the second one, and so on.
func (w *world) name(kind, text string) string {
	if kind == "key" && text != "" && w.walk.p.engine == "signed_cookies" {
		return "signed" // another one in each second
	}
	if w.names[text] == "" && text != "" {
		w.counts[kind]++
		w.names[text] = fmt.Sprintf("%s %d", kind, w.counts[kind])
	}
	return w.names[text]
}

// username is that of one of the world's users.
func (w *world) username(n int) string { return w.prefix + []string{"anna", "bertram"}[n] }

// A seenAnswer is what can be seen of a response, without what is random.
type seenAnswer struct {
	Status   int
	Location string
	Vary     bool // by Cookie
	Cookies  []cookieSeen
	Body     any
}

// cookieSeen is a Set-Cookie line of the session.
type cookieSeen struct {
	Line    string // without numbers and dates
	MaxAge  *int
	Expires time.Duration // from now
}

var walkClient = http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send is one request of a browser, which minds the session's cookie.
func (w *world) send(s side, browser int, method, path string, body fields) seenAnswer {
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.walk.t.Context(), method, s.URL(path), bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if method == http.MethodPost { // a JSON client is told 401, where a browser is led to the login page
		req.Header.Set("Content-Type", "application/json")
	}
	if w.cookies[browser] != "" {
		req.Header.Set("Cookie", "sessionid="+w.cookies[browser])
	}
	resp, err := walkClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	e := seenAnswer{Status: resp.StatusCode, Location: resp.Header.Get("Location")}
	e.Vary = strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Cookie")
	for _, line := range resp.Header.Values("Set-Cookie") {
		if value, ok := strings.CutPrefix(line, "sessionid="); ok {
			value, attributes, _ := strings.Cut(value, "; ")
			w.cookies[browser] = strings.Trim(value, `"`)
			e.Cookies = append(e.Cookies, w.seen(strings.Trim(value, `"`), attributes))
		}
	}
	if resp.StatusCode == http.StatusOK && strings.HasPrefix(path, "/twin/") { // the other pages are each side's own
		e.Body = w.masked(answer)
	}
	return e
}

func (w *world) seen(key, attributes string) cookieSeen {
	c := cookieSeen{Line: w.name("key", key)}
	for attribute := range strings.SplitSeq(attributes, "; ") {
		name, value, _ := strings.Cut(attribute, "=")
		switch name {
		case "expires":
			at, err := http.ParseTime(value)
			if err != nil {
				w.t.Fatal(err)
			}
			if c.Expires = time.Until(at); at.Year() == 1970 {
				c.Expires = 0
			}
			attribute = name
		case "Max-Age":
			age, err := strconv.Atoi(value)
			if err != nil {
				w.t.Fatal(err)
			}
			c.MaxAge, attribute = &age, name
		}
		c.Line += "; " + attribute
	}
	return c
}

// masked is a body without what is random in it.
func (w *world) masked(body []byte) any {
	var v map[string]any
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	for _, name := range []string{"user", "username"} {
		if text, ok := v[name].(string); ok {
			v[name] = strings.TrimPrefix(text, w.prefix)
		}
	}
	w.maskField(v, "session_key", "key")
	w.maskField(v, "user_id", "user")
	if session, ok := v["session"].(map[string]any); ok {
		w.maskSession(session)
	}
	return v
}

func (w *world) maskSession(session map[string]any) {
	if number, ok := session[sessionkeys.Ending]; ok && number == float64(0) { // session-ending-number: Coatcheck's alone
		delete(session, sessionkeys.Ending)
	}
	w.maskField(session, "_auth_user_id", "user")
	w.maskField(session, "_auth_user_hash", "hash")
}

func (w *world) maskField(v map[string]any, field, kind string) {
	if text, ok := v[field].(string); ok {
		v[field] = w.name(kind, text)
	}
}

// row is what the store has of a browser's session.
func (w *world) row(browser int) (string, time.Time) {
	text, expires := w.walk.own.row(w.cookies[browser])
	var session map[string]any
	if json.Unmarshal([]byte(text), &session) != nil {
		return text, expires
	}
	w.maskSession(session)
	masked, err := json.Marshal(session)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(masked), expires
}

// A walkStep is one step of a walk: who takes it, in which browser, for whom.
type walkStep struct {
	*rapid.T
	walk                *walk
	passwords           []string // of the users, the same in both worlds
	side, browser, user int
}

// does sends a request on a side in one world and on the other application in the other
// world, and holds that the responses are the same.
func (s *walkStep) does(side int, method, path string, body func(w *world) fields) seenAnswer {
	s.Helper()
	var got [2]seenAnswer
	for i, w := range s.walk.worlds {
		var sent fields
		if body != nil {
			sent = body(w)
		}
		got[i] = w.send(s.walk.side((side+i)%2), s.browser, method, path, sent)
	}
	if side == 1 {
		got[0], got[1] = got[1], got[0] // Django's first
	}
	if !got[0].equal(got[1]) {
		s.Fatalf("%s %s %s\nDjango    %s\nCoatcheck %s", s.walk.p, method, path, got[0], got[1])
	}
	return got[0]
}

// settle lets one side look at every session, in both worlds, where the sides would do
// something else to it at their next look.
func (s *walkStep) settle(side int) {
	s.Helper()
	for browser := range 2 {
		var got [2]seenAnswer
		for i, w := range s.walk.worlds {
			got[i] = w.send(s.walk.side(side), browser, http.MethodGet, "/twin/whoami/", nil)
		}
		if !got[0].equal(got[1]) {
			s.Fatalf("%s settles\n%s\n%s", s.walk.p, got[0], got[1])
		}
	}
}

// look compares what either side says of the session now, and what is stored.
func (s *walkStep) look() {
	s.Helper()
	first := s.does(s.side, http.MethodGet, "/twin/whoami/", nil)
	second := s.does(1-s.side, http.MethodGet, "/twin/whoami/", nil)
	if len(first.Cookies) == 0 && len(second.Cookies) == 0 && !reflect.DeepEqual(first.Body, second.Body) {
		s.Fatalf("%s: one side sees\n%v\nthe other\n%v", s.walk.p, first.Body, second.Body)
	}
	row, expires := s.walk.worlds[0].row(s.browser)
	otherRow, otherExpires := s.walk.worlds[1].row(s.browser)
	if row != otherRow || !near(expires.Sub(otherExpires)) {
		s.Fatalf("%s: the row is\n%s until %v, and in the other world\n%s until %v", s.walk.p, row, expires, otherRow, otherExpires)
	}
}

// near: two requests are never at the very same time.
func near(d time.Duration) bool { return d.Abs() < 30*time.Second }

func (e seenAnswer) equal(f seenAnswer) bool {
	if len(e.Cookies) != len(f.Cookies) {
		return false
	}
	for i, c := range e.Cookies {
		d := f.Cookies[i]
		if c.Line != d.Line || !near(c.Expires-d.Expires) || (c.MaxAge == nil) != (d.MaxAge == nil) ||
			c.MaxAge != nil && !near(time.Duration(*c.MaxAge-*d.MaxAge)*time.Second) {
			return false
		}
	}
	e.Cookies, f.Cookies = nil, nil
	return reflect.DeepEqual(e, f)
}

// String is for the message of a difference.
func (e seenAnswer) String() string {
	text, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
