package conformance_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// cacheDifferential is about what caches are told of responses with the session cookie.
func cacheDifferential() differential {
	private := explanation{
		id: "cookies-private", example: fields{"said": "public, max-age=60", "act": "set"},
		matches: func(d difference) bool {
			own, _ := d.ownField("cache").(string)
			return d.sameBut("cache") && d.ownField("cookie") == true && d.theirField("cache") == d.c["said"] &&
				strings.HasPrefix(own, "private") && !strings.Contains(own, "s-maxage")
		},
	}
	return differential{
		name: "session_cache", makes: makeSessionCache, own: ownSessionCache, rules: []explanation{private},
	}
}

func makeSessionCache(g *generator) fields {
	directive := func() string {
		return pick(g, "public", "private", "no-store", "no-cache", "max-age=60", "s-maxage=60", "immutable",
			"Public", `ext="a, public"`)
	}
	return fields{
		"said": pick[any](g, nil, "", g.join(4, directive, ", ", ","), g.join(4, directive, ", ")),
		"act":  pick(g, "set", "set", "flush", "read"),
	}
}

const cachedKey = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

var cachedSessions = sessionstest.NewMemory()

// cachedSite is a site whose view does what the request's header says.
var cachedSite = sync.OnceValues(func() (http.Handler, error) {
	engine, err := sessions.New(sessions.Config{Store: cachedSessions, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return middleware.Sessions(engine)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.FromContext(r.Context())
		switch act := r.Header.Get("Act"); {
		case err != nil:
		case act == "set":
			err = session.Set(r.Context(), "x", 1)
		case act == "flush":
			err = session.Flush(r.Context())
		default:
			_, _, err = session.Get(r.Context(), "x")
		}
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		if said, ok := r.Header["Said"]; ok {
			w.Header()["Cache-Control"] = said
		}
	})), nil
})

func ownSessionCache(_ *oracle, c fields) any {
	h, err := cachedSite()
	if err != nil {
		return failed(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Act", c["act"].(string))
	cachedSessions.Put(cachedKey, `{"x":0}`)
	r.Header.Set("Cookie", "sessionid="+cachedKey)
	if said, ok := c["said"].(string); ok {
		r.Header["Said"] = []string{said}
	}
	response := httptest.NewRecorder()
	h.ServeHTTP(response, r)
	answer := fields{"cookie": len(response.Header()["Set-Cookie"]) > 0, "vary": response.Header().Get("Vary"), "cache": nil}
	if lines, ok := response.Header()["Cache-Control"]; ok {
		answer["cache"] = strings.Join(lines, ", ")
	}
	return answer
}
