package coatchecktest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// Client is a client of a handler that runs behind a server of the test's own.
// It keeps cookies as a browser does. It is for one goroutine.
type Client struct {
	// URL is where the server is, "http://127.0.0.1:41234" for instance.
	URL *url.URL
	// Header goes with every request; {"Accept": {"text/html"}} makes the views
	// answer as they answer a browser.
	Header http.Header
	// FollowRedirects makes the client go where a redirect leads, up to ten times.
	FollowRedirects bool

	t    testing.TB
	site *coatcheck.Site
	http *http.Client
}

// NewClient makes a client of a handler that serves the site; the handler went
// through Site.Handler already. It speaks HTTPS where the site's cookie is
// secure. The server stops with the test.
func NewClient(t testing.TB, site *coatcheck.Site, h http.Handler) *Client {
	t.Helper()
	start := httptest.NewServer
	if site.Sessions.Config().CookieSecure {
		start = httptest.NewTLSServer
	}
	server := start(h)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal("coatchecktest: ", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal("coatchecktest: ", err)
	}
	c := &Client{URL: base, Header: http.Header{}, t: t, site: site, http: server.Client()}
	c.http.Jar = jar
	c.http.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if c.FollowRedirects && len(via) < 10 {
			return nil
		}
		return http.ErrUseLastResponse
	}
	return c
}

// Response is an answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   string
	// URL is where the answer came from, after redirects if they were followed.
	URL *url.URL

	t testing.TB
}

// JSON decodes the body into v.
func (r *Response) JSON(v any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.Body), v); err != nil {
		r.t.Fatalf("coatchecktest: the answer is not the JSON that was expected: %v\n%s", err, r.Body)
	}
}

// Location is the Location header, where a redirect leads.
func (r *Response) Location() string { return r.Header.Get("Location") }

// Cookie is the cookie of that name that the answer sets, or nil. One that is
// deleted has a negative MaxAge.
func (r *Response) Cookie(name string) *http.Cookie {
	for _, line := range r.Header["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == name {
			return c
		}
	}
	return nil
}

// Get gets a path, which may have a query.
func (c *Client) Get(path string) *Response {
	c.t.Helper()
	return c.Do(c.NewRequest(http.MethodGet, path, nil))
}

// Post sends a form.
func (c *Client) Post(path string, form url.Values) *Response {
	c.t.Helper()
	r := c.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.Do(r)
}

// PostJSON sends v as JSON.
func (c *Client) PostJSON(path string, v any) *Response {
	c.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal("coatchecktest: ", err)
	}
	r := c.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return c.Do(r)
}

// NewRequest makes a request of any kind, for Do.
func (c *Client) NewRequest(method, path string, body io.Reader) *http.Request {
	c.t.Helper()
	target, err := c.URL.Parse(path)
	if err != nil {
		c.t.Fatal("coatchecktest: ", err)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, target.String(), body)
	if err != nil {
		c.t.Fatal("coatchecktest: ", err)
	}
	return r
}

// Do sends a request, with the cookies and the Header of the client.
func (c *Client) Do(r *http.Request) *Response {
	c.t.Helper()
	for name, values := range c.Header {
		if _, ok := r.Header[name]; !ok {
			r.Header[name] = values
		}
	}
	got, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal("coatchecktest: ", err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		c.t.Fatal("coatchecktest: ", err)
	}
	return &Response{Status: got.StatusCode, Header: got.Header, Body: string(body), URL: got.Request.URL, t: c.t}
}

// ForceLogin signs the user in without a password, as a login view would
// (Django: Client.force_login).
func (c *Client) ForceLogin(user *auth.User) {
	c.t.Helper()
	session := c.Session()
	ctx := c.site.Auth.NewContext(sessions.NewContext(c.t.Context(), session), nil)
	r := c.NewRequest(http.MethodPost, safeurl.LoginURL, nil).WithContext(ctx)
	if err := c.site.Auth.Login(r, user); err != nil {
		c.t.Fatal("coatchecktest: force login: ", err)
	}
	if err := session.Save(ctx); err != nil {
		c.t.Fatal("coatchecktest: force login: ", err)
	}
	c.SetSession(session)
}

// Logout ends the session and forgets the cookie (Django: Client.logout).
func (c *Client) Logout() {
	c.t.Helper()
	session := c.Session()
	if err := session.Flush(c.t.Context()); err != nil {
		c.t.Fatal("coatchecktest: logout: ", err)
	}
	c.SetSession(session)
}

// Session is the session that the client's cookie names, or a new one (Django:
// Client.session). Changes count once they are saved; those of a new session
// need SetSession too.
func (c *Client) Session() *sessions.Session {
	name, key := c.site.Sessions.Config().CookieName, ""
	for _, cookie := range c.http.Jar.Cookies(c.cookieURL()) {
		if cookie.Name == name {
			key = cookie.Value
		}
	}
	return c.site.Sessions.Session(key)
}

// SetSession makes the session the one that the client's cookie names.
func (c *Client) SetSession(s *sessions.Session) {
	name := c.site.Sessions.Config().CookieName
	cookie := &http.Cookie{Name: name, Value: string(s.Key()), Path: c.site.CookiePath()}
	if cookie.Value == "" {
		cookie.MaxAge = -1
	}
	c.http.Jar.SetCookies(c.cookieURL(), []*http.Cookie{cookie})
}

// cookieURL is an address that the session's cookie reaches: that of a site below a path
// reaches nothing else.
func (c *Client) cookieURL() *url.URL {
	return c.URL.JoinPath(c.site.CookiePath())
}
