package inspector_test

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/inspector"
)

// page is what browsers accept.
const page = "text/html,application/xhtml+xml,*/*;q=0.8"

// canary is the password of every user; it must come out nowhere.
const canary = "canary-tweets-0451"

// site is a site with an inspector behind a real server, whose times are those of coatcheck serve
// but shorter.
type site struct {
	*coatchecktest.Site
	t         *testing.T
	inspector *inspector.Inspector
	server    *httptest.Server
	emails    *outbox
}

func newSite(t *testing.T, config inspector.Config, changes ...func(*coatcheck.Config)) *site {
	t.Helper()
	s := &site{t: t, emails: &outbox{}}
	s.Site = coatchecktest.NewSite(t, append([]func(*coatcheck.Config){func(c *coatcheck.Config) {
		c.Accounts.Mail, c.Site.BaseURL = s.emails, "http://site.example"
	}}, changes...)...)
	config.Kit = s.Views.Kit
	var err error
	if s.inspector, err = inspector.New(config); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(inspector.DefaultPath, s.inspector)
	mux.Handle(strings.TrimSuffix(inspector.DefaultPath, "/"), s.inspector)
	mux.Handle("/accounts/", s.Views)
	mux.Handle("/public/", s.Views.Public())
	mux.Handle("/{$}", s.Views.Home())
	mux.Handle("/members/", s.Access.RequirePermission("auth.view_user")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})))
	mux.Handle("/", s.Views.NotFound())
	s.server = httptest.NewUnstartedServer(s.inspector.Record(s.Handler(s.Messages(mux))))
	s.server.Config.ReadTimeout, s.server.Config.WriteTimeout = 10*time.Second, 10*time.Second
	s.server.Config.RegisterOnShutdown(s.inspector.Close)
	s.server.Start()
	t.Cleanup(s.server.Close)
	t.Cleanup(s.inspector.Close)
	return s
}

// outbox keeps emails.
type outbox struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (o *outbox) all() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// client is a browser.
type client struct {
	*site
	http *http.Client
}

func (s *site) browser() *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &client{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

type answer struct {
	*http.Response
	text string
}

// send sends a request, with headers in pairs; "Host" is the host.
func (c *client) send(method, path, body string, header ...string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept", page)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{response, string(text)}
}

func (c *client) get(path string, header ...string) answer {
	c.t.Helper()
	return c.send(http.MethodGet, path, "", header...)
}

func (c *client) post(path string, pairs ...string) answer {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return c.send(http.MethodPost, path, form.Encode())
}

func (c *client) login(name string) {
	c.t.Helper()
	if a := c.post("/accounts/login/", "username", name, "password", canary); a.StatusCode != http.StatusFound {
		c.t.Fatalf("login: %d %s", a.StatusCode, a.text)
	}
}

// cookie is the value of a cookie.
func (c *client) cookie(name string) string {
	at, err := url.Parse(c.server.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cookie := range c.http.Jar.Cookies(at) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// fact is what a step or a row has under a name.
type fact struct{ Name, Value string }

// step is a step of it.
type step struct {
	Code, Station, Sentence, Docs, Layer string
	Facts                                []fact
	Rows                                 []struct {
		Table   string
		Columns []fact
	}
}

// request is a request as the inspector tells of it.
type request struct {
	ID                                           uint64
	Method, Path, Verdict, Reason, User, Browser string
	Status, Queries                              int
	Row                                          string
	Tour                                         bool
	Steps                                        []step
}

// seen is all that it tells.
type seen struct {
	Requests []request
	Tour     []struct {
		Title   string
		Request uint64
	}
	Open, With request
	PartAt     []int `json:"part_at"`
}

// raw sends bytes and returns what comes.
func (s *site) raw(text string) string {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		s.t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(got)
}
