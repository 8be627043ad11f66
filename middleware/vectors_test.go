package middleware_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// record is a record of the kind session_middleware: what a view did to the
// session, and what came of it.
type record struct {
	Action      string
	Cookie      *string
	Existing    bool
	Status      int
	Settings    map[string]any
	UpdateError bool     `json:"update_error"`
	VaryBefore  *string  `json:"vary_before"`
	SetCookie   []string `json:"set_cookie"`
	Vary        *string
	Log         []string
	Accessed    bool
	Modified    bool
	DataAfter   map[string]json.RawMessage `json:"data_after"`
	Error       *struct{ Msg string }
}

const (
	oldKey = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	newKey = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" // stands for the random one
)

// act does to the session what the recorded view did.
func act(r *http.Request, s *sessions.Session, action string) error {
	ctx := r.Context()
	write := func() error { return s.Set(ctx, "x", 1) }
	then := func(err, next error) error {
		if err != nil {
			return err
		}
		return next
	}
	switch action {
	case "noop":
		return nil
	case "read":
		_, _, err := s.Get(ctx, "a")
		return err
	case "write":
		return write()
	case "flush":
		return s.Flush(ctx)
	case "delete_last":
		_, err := s.Delete(ctx, "a")
		return err
	case "clear":
		s.Clear()
		return nil
	case "cycle":
		return s.CycleKey(ctx)
	case "modified":
		s.SetModified()
		return nil
	case "testcookie":
		return s.Set(ctx, "testcookie", "worked")
	case "expiry0":
		return then(write(), s.SetExpireAtBrowserClose(ctx))
	case "expiry60":
		return then(write(), s.SetExpiryAge(ctx, time.Minute))
	case "expiry_1h":
		return then(write(), s.SetExpiryDate(ctx, time.Now().Add(time.Hour).UTC()))
	}
	return fmt.Errorf("no such action: %s", action)
}

// config translates Django's settings.
func config(t *testing.T, settings map[string]any, store sessions.Store) sessions.Config {
	t.Helper()
	c := sessions.Config{Store: store, Logger: slog.New(slog.DiscardHandler)}
	for name, v := range settings {
		switch name {
		case "SESSION_SAVE_EVERY_REQUEST":
			c.SaveEveryRequest = v.(bool)
		case "SESSION_EXPIRE_AT_BROWSER_CLOSE":
			c.ExpireAtBrowserClose = v.(bool)
		case "SESSION_COOKIE_SAMESITE":
			c.CookieSameSite, _ = v.(string)
			if c.CookieSameSite == "" {
				c.CookieSameSite = "omit"
			}
		case "SESSION_COOKIE_HTTPONLY":
			c.CookieScriptAccess = !v.(bool)
		case "SESSION_COOKIE_SECURE":
			c.CookieSecure = v.(bool)
		case "SESSION_COOKIE_DOMAIN":
			c.CookieDomain = v.(string)
		case "SESSION_COOKIE_PATH":
			c.CookiePath = v.(string)
		case "SESSION_COOKIE_NAME":
			c.CookieName = v.(string)
		case "SESSION_COOKIE_AGE":
			c.CookieAge = time.Duration(v.(float64)) * time.Second
		default:
			t.Fatalf("unknown setting %s", name)
		}
	}
	return c
}

func TestVectors(t *testing.T) {
	agreed, notApplying := 0, map[string]int{}
	for _, v := range vectors.Load(t, "cookies") {
		if v.Kind() != "session_middleware" {
			continue // the other kinds are held in internal/httptext
		}
		var r record
		v.DecodeAll(t, &r)
		if reason := exempt(v, &r); reason != "" {
			notApplying[reason]++
			t.Logf("%v does not apply: %s", v, reason)
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Unix(1700000000, 0)))
			if wrong := replay(t, &r); wrong != "" {
				t.Errorf("%v: %s\n%s", v, wrong, v.JSON)
				return
			}
			agreed++
		})
	}
	t.Logf("%d agreed, not applying: %v", agreed, notApplying)
}

func exempt(v vectors.Record, r *record) string {
	old := strings.HasPrefix(v.Django(), "3.") || strings.HasPrefix(v.Django(), "4.")
	switch {
	case r.Settings["SESSION_COOKIE_AGE"] == 0.0:
		return "CookieAge 0 means the default here"
	case r.Action == "clear" && r.Cookie != nil && *r.Cookie == oldKey && !r.Existing:
		return "the recorded store saves a session that is not there; real ones interrupt, as here"
	case r.Action == "noop" && r.Settings["SESSION_SAVE_EVERY_REQUEST"] == true && !r.Existing && r.Cookie != nil && *r.Cookie == oldKey:
		return "Django stores a session for a made-up key where every request is saved; here strangers store nothing"
	case strings.HasPrefix(v.Django(), "3.") && (r.Status == 501 || r.Status == 503):
		return "Django 3.2 saved at 501 and 503; later ones save at no 5xx"
	case old && r.Action == "noop" && r.Settings["SESSION_SAVE_EVERY_REQUEST"] == true && len(r.SetCookie) > 0 && r.Vary == nil:
		return "Django 4.2 sent a cookie without Vary: Cookie (CVE-2026-35192)"
	case old && r.Action == "modified" && len(r.SetCookie) > 0 && r.Vary == nil:
		return "Django 4.2 sent a cookie without Vary: Cookie (CVE-2026-35192)"
	case r.Action == "flush" && (r.Cookie == nil || *r.Cookie != oldKey) && slices.Equal(r.Log, []string{"delete"}):
		return "the recorded store is told to delete a session without a key; here nothing is to be done"
	case strings.HasPrefix(v.Django(), "3.") && r.Action == "expiry_1h":
		return "Django 3.2 stores a Python datetime, which JSON cannot carry"
	}
	return ""
}

func replay(t *testing.T, r *record) string {
	store := sessionstest.NewMemory()
	if r.Existing {
		store.Put(oldKey, `{"a":1,"n":{}}`)
	}
	engine, err := sessions.New(config(t, r.Settings, store))
	if err != nil {
		return err.Error()
	}
	request := httptest.NewRequest("GET", "/", nil)
	if r.Cookie != nil {
		request.Header.Set("Cookie", engine.Config().CookieName+"="+*r.Cookie)
	}
	var session *sessions.Session
	handler := middleware.Sessions(engine)(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		session, _ = sessions.FromContext(req.Context())
		if err := act(req, session, r.Action); err != nil {
			t.Error(err)
		}
		if r.VaryBefore != nil {
			w.Header().Set("Vary", *r.VaryBefore)
		}
		if r.UpdateError {
			_ = store.Delete(req.Context(), oldKey)
		}
		w.WriteHeader(r.Status)
	}))
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	if r.Error != nil {
		if response.Code != http.StatusBadRequest || response.Header()["Set-Cookie"] != nil {
			return fmt.Sprintf("interrupted: %d %v", response.Code, response.Header())
		}
		return ""
	}
	return compare(r, store, session, response)
}

func compare(r *record, store *sessionstest.Memory, session *sessions.Session, response *httptest.ResponseRecorder) string {
	random := "" // the new key, if there is one
	after := store.Sessions()
	for key := range after {
		if key != oldKey {
			random = key
		}
	}
	anonymize := func(s string) string {
		if random == "" {
			return s
		}
		return strings.ReplaceAll(s, random, newKey)
	}
	var cookies []string
	for _, line := range response.Header()["Set-Cookie"] {
		cookies = append(cookies, anonymize(line))
	}
	var wrong strings.Builder
	check := func(what string, ok bool, got any) {
		if !ok {
			fmt.Fprintf(&wrong, "%s: got %v; ", what, got)
		}
	}
	check("status", response.Code == r.Status, response.Code)
	check("Set-Cookie", slices.Equal(cookies, r.SetCookie), cookies)
	vary := response.Header().Get("Vary")
	check("Vary", r.Vary == nil && vary == "" || r.Vary != nil && vary == *r.Vary, vary)
	log := djangoLog(store.Log())
	check("log", slices.Equal(log, r.Log), log)
	check("flags", session.Accessed() == r.Accessed && session.Modified() == r.Modified, fmt.Sprint(session.Accessed(), session.Modified()))
	for key, want := range r.DataAfter {
		got, ok := after[strings.ReplaceAll(key, newKey, random)]
		check("data", ok && got == string(want), after)
	}
	check("sessions", len(after) == len(r.DataAfter), len(after))
	return wrong.String()
}

// djangoLog returns the operations in the words of the recording. A save after a
// clear reads the session first, to replace what is there now, and a move is in one step
// what Django does in two.
func djangoLog(log []string) []string {
	words := map[string]string{"load": "load", "create": "save_create", "update": "save", "delete": "delete"}
	out := []string{}
	for i := 0; i < len(log); i++ {
		if log[i] == "update" && i+2 < len(log) && log[i+1] == "load" && log[i+2] == "update" {
			i += 2
		}
		if log[i] == "move" {
			out = append(out, "save_create", "delete")
			continue
		}
		out = append(out, words[log[i]])
	}
	return out
}
