package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/internal/docsite"
	"github.com/coatcheck/coatcheck/internal/errorpages"
	"github.com/coatcheck/coatcheck/internal/probe"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/views"
)

// handler is all that the server serves.
func (s *Server) handler() http.Handler {
	pages := http.NewServeMux()
	pages.Handle("/{$}", s.home())
	pages.Handle("/public/", s.Site.Views.Public())
	pages.HandleFunc("/public", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, middleware.ScriptName(r)+views.PublicURL, http.StatusMovedPermanently)
	})
	for path, document := range s.Site.Views.WellKnown() {
		pages.Handle(path, document)
	}
	pages.Handle("/api/profile", s.Site.Views.APIProfile())
	if s.Inspector != nil {
		pages.Handle(inspector.DefaultPath, s.Inspector)
		pages.Handle(strings.TrimSuffix(inspector.DefaultPath, "/"), s.Inspector)
	}
	if s.Docs != nil {
		pages.Handle(docsite.Path, s.Docs)
		pages.Handle(strings.TrimSuffix(docsite.Path, "/"), s.Docs)
	}
	pages.Handle("/", s.Site.Views) // /accounts/, and the page that says there is nothing

	// Load balancers ask these two often, by whatever host, so they stay out of log and
	// trace, and accept every host.
	mux := http.NewServeMux()
	for _, below := range slices.Compact([]string{"", s.Mounted}) {
		for _, method := range []string{http.MethodGet, http.MethodOptions} { // GET is HEAD too
			mux.HandleFunc(method+" "+below+"/healthz", s.healthz)
			mux.HandleFunc(method+" "+below+"/readyz", s.readyz)
		}
	}
	site := s.watched(s.recorded(s.observed(s.survive(s.Site.Handler(s.Site.Messages(pages))))))
	mux.HandleFunc("OPTIONS /{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "" { // HAProxy's check, unless told otherwise; browsers name a host
			s.readyz(w, r)
			return
		}
		site.ServeHTTP(w, r)
	})
	if s.Probe != nil {
		for _, below := range slices.Compact([]string{"", s.Mounted}) {
			mux.Handle("GET "+below+probe.Path, s.Probe(site))
		}
	}
	mux.Handle("/", site)
	return errorpages.Handler(s.Log, s.Site.Views.ErrorPage)(s.Headers(s.limit(mux)))
}

// home is the page at /.
func (s *Server) home() http.Handler {
	if s.Home != nil {
		return s.Home
	}
	return s.Site.Views.Home()
}

// recorded lets the inspector see each request, if there is one.
func (s *Server) recorded(h http.Handler) http.Handler {
	if s.Inspector == nil {
		return h
	}
	return s.Inspector.Record(h)
}

// observed logs or traces each request, as the flags say.
func (s *Server) observed(h http.Handler) http.Handler {
	switch {
	case s.Trace != nil:
		var mu sync.Mutex // one block at a time
		return middleware.Trace(func(block string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(s.Trace, block)
		})(h)
	case s.LogRequests:
		return s.logged(h)
	}
	return h
}

// healthz reports that the process is alive.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// readyzTimeout bounds how long each part may take to respond.
const readyzTimeout = 2 * time.Second

// readyz reports whether requests may come: the database and the store of the sessions
// respond, and the server is not stopping. A cache beside rows is named if it does not
// respond, and keeps no requests away: the rows serve anyone who is signed in, and every other
// node has the same cache.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		plain(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	for _, part := range []struct {
		name string
		ping func(context.Context) error
	}{
		{"the database", s.Site.Database.Ping},
		{"the session engine " + s.Engine, s.Site.Sessions.Ping},
	} {
		if err := answers(r.Context(), part.ping); err != nil {
			s.Log.ErrorContext(r.Context(), "not ready: "+part.name+" is unreachable", "error", err)
			plain(w, http.StatusServiceUnavailable, part.name+" is unreachable")
			return
		}
	}
	text := "ready"
	if store, ok := s.Site.Sessions.Config().Store.(*cacheddb.Store); ok {
		if err := answers(r.Context(), store.PingCache); err != nil {
			const fault = "the session cache is unreachable, so nobody can log in or out"
			s.Log.WarnContext(r.Context(), fault, "error", err)
			text = "ready, but " + fault
		}
	}
	plain(w, http.StatusOK, text)
}

// answers returns the error of a part, or that it took too long.
func answers(ctx context.Context, ping func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyzTimeout)
	defer cancel()
	return ping(ctx)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
