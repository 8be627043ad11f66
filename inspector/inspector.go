package inspector

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/internal/watch"
	"github.com/coatcheck/coatcheck/pages"
)

// DefaultPath is where the inspector is unless Config.Path says otherwise.
const DefaultPath = "/inspector/"

// The bounds of what an inspector keeps.
const (
	maxRequests = 200 // in memory; the oldest go first
	maxStreams  = 16  // pages that are open
)

// Config specifies where an inspector is and who may open it. Only Kit is required.
type Config struct {
	// Kit is that of the account pages, site.Views.Kit: it knows their addresses, and what
	// visitors see where there is nothing.
	Kit *pages.Kit
	// Path is where the program mounts the inspector, with a slash at both ends; DefaultPath
	// when empty.
	Path string
	// SuperusersOnly keeps out clients of this machine that are not signed in as a superuser.
	// Set it where a proxy on this machine sends no X-Forwarded-For: its clients all seem to
	// be on this machine.
	SuperusersOnly bool
}

// Inspector records requests and shows them. It is safe for concurrent use.
type Inspector struct {
	config   Config
	files    files
	run      string // names this process, whose numbers of requests begin at 1
	browsers *browsers
	recorded buffer
	tour     tour
	mux      *http.ServeMux
	done     chan struct{} // closed by Close
	close    func()
}

// New checks the configuration and returns an inspector that has recorded nothing. It starts
// nothing.
func New(c Config) (*Inspector, error) {
	if c.Kit == nil {
		return nil, errors.New("inspector: no pages given; set Config.Kit to site.Views.Kit")
	}
	if c.Path == "" {
		c.Path = DefaultPath
	}
	if len(c.Path) < 3 || !strings.HasPrefix(c.Path, "/") || !strings.HasSuffix(c.Path, "/") ||
		strings.ContainsAny(c.Path, "{}?#") || strings.Contains(c.Path, "//") {
		return nil, fmt.Errorf("inspector: Config.Path is %q; write a path with a slash at both ends, "+
			"such as %q", c.Path, DefaultPath)
	}
	files, err := readFiles()
	if err != nil {
		return nil, fmt.Errorf("inspector: %w", err)
	}
	done := make(chan struct{})
	i := &Inspector{
		config: c, files: files, run: random(), browsers: newBrowsers(), done: done,
		close: sync.OnceFunc(func() { close(done) }),
	}
	i.mount()
	return i, nil
}

// random returns some letters and digits.
func random() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// Close ends the streams of all open pages, so that a server can stop: give it to
// http.Server.RegisterOnShutdown. Requests are recorded as before.
func (i *Inspector) Close() { i.close() }

// visit is a request that is being recorded.
type visit struct {
	came    *http.Request // as it came in, without the context of any middleware
	handler http.Handler  // what serves it
	hidden  bool          // it is one of the inspector itself
	old     bool          // it brings the old cookie of the tour
	id      uint64        // once it is recorded
}

type visitKey struct{}

// visitOf returns the visit of a request, or nil where Record is not around the handler.
func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// Record records each request that the handler serves, but those to the inspector itself and to
// the stylesheet and the script of the account pages. It belongs outermost, as middleware.Trace
// does, around the middleware of the site.
func (i *Inspector) Record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.serveVisit(w, &visit{came: r, handler: next})
	})
}

// serveVisit serves a request and records it. It returns the number of the record.
func (i *Inspector) serveVisit(w http.ResponseWriter, v *visit) uint64 {
	ctx := context.WithValue(v.came.Context(), visitKey{}, v)
	watched := watch.Requests(func(of *watch.Request) { i.keep(v, of) })(v.handler)
	watched.ServeHTTP(w, v.came.WithContext(ctx))
	return v.id
}

// keep records a visit that is done.
func (i *Inspector) keep(v *visit, of *watch.Request) {
	if v.hidden || strings.Contains(v.came.URL.Path, pages.Path+"static/") {
		return // the stylesheet and the script of the pages, which know nobody
	}
	rec := newRecord(of)
	rec.Browser = i.browsers.name(v.came, of.Header, rec.cookie)
	i.recorded.add(rec, func(rec *record) { rec.Tour = i.tour.see(rec, v) })
	v.id = rec.ID
}
