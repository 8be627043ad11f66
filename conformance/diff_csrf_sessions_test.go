package conformance_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// visitorsDifferential is about CSRF_USE_SESSIONS: where the secret of a visitor is kept
// and what it is compared with, by the session that they have, or do not have.
func visitorsDifferential() differential {
	cookie := explanation{
		id:      "csrf-visitors-cookie",
		example: fields{"session": nil, "cookie": nil, "token": "", "method": "GET", "use": true},
		matches: explainsVisitor,
	}
	return differential{name: "csrf_in_session", makes: makeVisitor, own: ownVisitor, rules: []explanation{cookie}}
}

// explainsVisitor reports whether the secret is in the cookie, or was compared with it,
// because the session has none. Where the session has one all is as in Django.
func explainsVisitor(d difference) bool {
	session, there := d.c["session"].(fields)
	if _, secret := session[csrf.SessionKey]; secret {
		return false
	}
	moved := !there && d.ownField("kept") == false && d.ownField("cookie") == d.theirField("kept")
	passed := d.theirField("status") == 403. && d.ownField("status") == 200. && d.c["cookie"] != nil
	return d.sameBut("kept", "cookie") && moved || passed && (there || d.ownField("kept") == false)
}

func makeVisitor(g *generator) fields {
	secret := csrf.NewSecret()
	keep := fields{csrf.SessionKey: secret.Text()}
	return fields{
		"session": pick[any](g, nil, fields{"x": 1}, keep, keep),
		"cookie":  pick[any](g, nil, secret.Text(), csrf.NewSecret().Text(), "x"),
		"token":   pick(g, "", secret.Token(), secret.Text(), csrf.NewSecret().Token()),
		"method":  pick(g, "GET", "POST", "POST"), "use": g.one(2),
	}
}

// ownVisitor sends the request to a site of its own, whose store shows what was kept.
func ownVisitor(_ *oracle, c fields) any {
	store := sessionstest.NewMemory()
	engine, err := sessions.New(sessions.Config{Store: store, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return failed(err)
	}
	guard, err := middleware.CSRF(middleware.CSRFConfig{UseSessions: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return failed(err)
	}
	h := middleware.Sessions(engine)(guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if use, _ := c["use"].(bool); use {
			if _, err := middleware.CSRFToken(r); err != nil {
				middleware.Fail(w, r, err)
			}
		}
	})))
	r := httptest.NewRequest(c["method"].(string), "/", strings.NewReader(url.Values{csrf.FormField: {c["token"].(string)}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if session := c["session"]; session != nil {
		text, _ := json.Marshal(session) // a map of texts and numbers always has JSON
		store.Put(cachedKey, string(text))
		r.Header.Add("Cookie", "sessionid="+cachedKey)
	}
	if cookie, ok := c["cookie"].(string); ok {
		r.Header.Add("Cookie", "csrftoken="+cookie)
	}
	response := httptest.NewRecorder()
	h.ServeHTTP(response, r)
	_, _ = io.Copy(io.Discard, response.Body)
	kept, set := false, false
	for _, text := range store.Sessions() {
		kept = kept || strings.Contains(text, csrf.SessionKey)
	}
	for _, line := range response.Header()["Set-Cookie"] {
		set = set || strings.HasPrefix(line, "csrftoken=") && !strings.HasPrefix(line, `csrftoken=""`)
	}
	return fields{"status": response.Code, "kept": kept, "cookie": set}
}
