package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/sessions"
)

// messageKey is the secret key of both sides.
const messageKey = "the secret key of the messages, which is long enough"

// storedMessages are where messages wait: a cookie, and in the session what is too long.
type storedMessages struct {
	Cookie  string `json:"cookie"`
	Session string `json:"session"`
}

// messageLists are what views say: nothing special, every level, and what is too long for
// a cookie in one message and in many.
func messageLists() [][]messages.Message {
	var many []messages.Message
	for i := range 60 {
		text := fmt.Sprintf("%d: %x", i, strings.Repeat(string(rune('a'+i%26)), i)+fmt.Sprint(i*7919*7919))
		many = append(many, messages.Message{Level: messages.LevelInfo, Text: text, ExtraTags: "many"})
	}
	return [][]messages.Message{
		{{Level: messages.LevelSuccess, Text: "Your profile was saved."}},
		{
			{Level: messages.LevelDebug, Text: "d"},
			{Level: messages.LevelWarning, Text: "w", ExtraTags: "a b"},
			{Level: messages.LevelError, Text: "<b>bold</b>", Safe: true},
			{Level: 27, Text: "of a program's own"},
		},
		{{Level: messages.LevelInfo, Text: "Grüße, \u2028 \"quoted\" \\ \U0001f600 \x00\x7f</script>"}},
		{{Level: messages.LevelInfo, Text: strings.Repeat("the same again, ", 100)}},
		{{Level: messages.LevelInfo, Text: incompressible(3000)}, {Level: messages.LevelInfo, Text: "short"}},
		many,
	}
}

// incompressible is a text that zlib cannot make much shorter.
func incompressible(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; {
		x = x*1664525 + 1013904223
		b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[x>>26])
	}
	return b.String()
}

// TestMessages: what a view of one side says, a page of the other shows, under every
// Django.
func TestMessages(t *testing.T) {
	t.Parallel()
	lists := messageLists()
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Keys.Secret, c.Web.Messages.Level = messageKey, 1
	})
	var stored []storedMessages
	for _, list := range lists {
		stored = append(stored, saidHere(t, site, list))
	}
	eachDjango(t, func(t *testing.T, version string) {
		answer := askDjango(t, version, lists, stored)
		for i, list := range lists {
			want := asRead(list)
			// Django keeps a cookie that says only that the messages are in the session.
			deleted := len(list[0].Text) < 2048
			if diff := cmp.Diff(want, answer.Read[i].Messages); diff != "" || answer.Read[i].Left || answer.Read[i].Deleted != deleted {
				t.Errorf("list %d: Django reads of ours (-said +read)\n%s\nleft in the session: %v, cookie deleted: %v",
					i, diff, answer.Read[i].Left, answer.Read[i].Deleted)
			}
			if diff := cmp.Diff(want, readHere(t, site, answer.Written[i])); diff != "" {
				t.Errorf("list %d: we read of Django's (-said +read)\n%s", i, diff)
			}
			if version >= "4" { // 3.2 leaves empty tags out
				sameText(t, stored[i], answer.Written[i])
			}
		}
	})
}

// sameText checks the spelling, as far as it does not come from the time or from zlib.
func sameText(t *testing.T, ours, django storedMessages) {
	t.Helper()
	if ours.Session != django.Session {
		t.Errorf("in the session we write\n%.300s\nand Django\n%.300s", ours.Session, django.Session)
	}
	payload, _, _ := strings.Cut(ours.Cookie, ":")
	theirs, _, _ := strings.Cut(django.Cookie, ":")
	compressed := strings.HasPrefix(payload, ".") || strings.HasPrefix(theirs, ".")
	if !compressed && payload != theirs {
		t.Errorf("in the cookie we write\n%s\nand Django\n%s", payload, theirs)
	}
}

type djangoMessages struct {
	Written []storedMessages `json:"written"`
	Read    []struct {
		Messages [][]any `json:"messages"`
		Left     bool    `json:"left"`
		Deleted  bool    `json:"deleted"`
	} `json:"read"`
}

func askDjango(t *testing.T, version string, lists [][]messages.Message, stored []storedMessages) (answer djangoMessages) {
	t.Helper()
	var plain [][][]any
	for _, list := range lists {
		var rows [][]any
		for _, m := range list {
			rows = append(rows, []any{m.Level, m.Text, m.ExtraTags, m.Safe})
		}
		plain = append(plain, rows)
	}
	input, err := json.Marshal(map[string]any{"key": messageKey, "lists": plain, "stored": stored})
	must(t, err)
	cmd := exec.CommandContext(t.Context(), testenv.Django(t, version), "testdata/messages.py")
	var log bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	must(t, json.Unmarshal(out, &answer))
	return answer
}

// asRead is a list as JSON has it, with the tags that a page shows.
func asRead(list []messages.Message) (rows [][]any) {
	for _, m := range list {
		m.LevelTag = map[messages.Level]string{10: "debug", 20: "info", 25: "success", 30: "warning", 40: "error"}[m.Level]
		rows = append(rows, []any{float64(m.Level), m.Text, m.ExtraTags, m.Safe, m.Tags()})
	}
	return rows
}

// saidHere has a view say the list, and returns where it waits.
func saidHere(t *testing.T, site *coatchecktest.Site, list []messages.Message) (stored storedMessages) {
	t.Helper()
	w := serveMessages(t, site, nil, func(r *http.Request) {
		for _, m := range list {
			must(t, messages.Add(r.Context(), m))
		}
	})
	for _, cookie := range w.Result().Cookies() {
		switch cookie.Name {
		case messages.CookieName:
			stored.Cookie = cookie.Value
		case sessions.DefaultCookieName:
			serveMessages(t, site, []*http.Cookie{cookie}, func(r *http.Request) {
				session, err := sessions.FromContext(r.Context())
				must(t, err)
				stored.Session, err = session.Text(r.Context(), messages.SessionKey)
				must(t, err)
			})
		}
	}
	return stored
}

// readHere is what a page shows of what waits, and holds that it is shown once.
func readHere(t *testing.T, site *coatchecktest.Site, stored storedMessages) (rows [][]any) {
	t.Helper()
	cookies := []*http.Cookie{{Name: messages.CookieName, Value: stored.Cookie}}
	if stored.Session != "" {
		w := serveMessages(t, site, nil, func(r *http.Request) {
			session, err := sessions.FromContext(r.Context())
			must(t, err)
			must(t, session.Set(r.Context(), messages.SessionKey, stored.Session))
		})
		cookies = append(cookies, w.Result().Cookies()...)
	}
	take := func(r *http.Request) {
		list, err := messages.Take(r.Context())
		must(t, err)
		for _, m := range list {
			rows = append(rows, []any{float64(m.Level), m.Text, m.ExtraTags, m.Safe, m.Tags()})
		}
	}
	w := serveMessages(t, site, cookies, take)
	if lines := w.Header().Values("Set-Cookie"); !strings.HasPrefix(strings.Join(lines, "\n"), `messages=""; expires=Thu, 01 Jan 1970`) {
		t.Errorf("the cookie is not deleted: %q", lines)
	}
	if len(cookies) == 2 { // the session has nothing more
		serveMessages(t, site, cookies, func(r *http.Request) {
			session, err := sessions.FromContext(r.Context())
			must(t, err)
			if text, err := session.Text(r.Context(), messages.SessionKey); err != nil || text != "" {
				t.Errorf("left in the session: %.100s, %v", text, err)
			}
		})
	}
	return rows
}

// serveMessages serves one request with these cookies.
func serveMessages(t *testing.T, site *coatchecktest.Site, cookies []*http.Cookie, view func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		view(r)
		w.WriteHeader(http.StatusNoContent)
	})
	site.Handler(site.Messages(handler)).ServeHTTP(w, r)
	if w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w
}
