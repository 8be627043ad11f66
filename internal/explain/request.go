package explain

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
)

// csrfToken explains a token by itself, or the secret that a cookie has.
func csrfToken(text string) *Report {
	r := newReport(CSRFToken, "CSRF token")
	if _, err := csrf.Parse(text); err != nil {
		return r.bad("form", "csrf.token_malformed", "it "+err.Error(), "take the token anew from the page "+
			"or the cookie, and send it as it is")
	}
	if len(text) == csrf.SecretLength {
		r.good("form", "32 characters: a bare secret, as the cookie of Django 4.1 and later has it")
	} else {
		r.good("form", "64 characters: a secret behind a mask, as forms have it")
	}
	r.Unchecked = []string{"secret"}
	return r.passed("", "it has the form of a token; whether it is that of a browser, the whole request "+
		"shows: give the curl command")
}

// cookies explains what a browser sends in the header Cookie.
func (w *World) cookies(ctx context.Context, header string) (*Report, error) {
	return w.parts(ctx, newReport(CookieHeader, "cookie header"), http.Header{"Cookie": {header}})
}

// parts explains the cookies that a request has. The session's decides.
func (w *World) parts(ctx context.Context, r *Report, header http.Header) (*Report, error) {
	name := w.Site.Sessions.Config().CookieName
	value, sent := httptext.Lookup(header, name)
	if !sent {
		reason := "there is no session cookie: none is named " + name + ", and there are " + names(header)
		r.bad("cookie", "session.none", reason, "the browser did not send it, or --session-cookie-name "+
			"(SESSION_COOKIE_NAME) is another")
	} else {
		session, err := w.session(ctx, SessionCookie, value)
		if err != nil {
			return nil, err
		}
		if n := times(header, name); n > 1 {
			r.good("cookie", "%s is there %d times, of several paths or domains, and the last one counts; "+
				"the browser should forget the others", name, n)
		}
		r.Parts = append(r.Parts, session)
		r.as(session)
		r.Unchecked = session.Unchecked
	}
	if secret, sent := httptext.Lookup(header, w.CSRFCookie); sent {
		token := csrfToken(secret)
		token.Name, token.Unchecked = "CSRF cookie", nil
		if token.Valid {
			token.Reason = "it has the form of a secret, with which tokens of forms are compared"
		}
		r.Parts = append(r.Parts, token)
	}
	return r, nil
}

// names lists the names of the cookies that were sent.
func names(header http.Header) string {
	var all []string
	for name := range eachName(header) {
		if len(all) < 20 && len(name) <= 64 {
			all = append(all, shown(name))
		}
	}
	if len(all) == 0 {
		return "no others"
	}
	return strings.Join(all, ", ")
}

// times is how often a cookie of that name was sent.
func times(header http.Header, name string) (n int) {
	for each := range eachName(header) {
		if each == name {
			n++
		}
	}
	return n
}

// eachName yields the name of each cookie that was sent, those that are there twice twice.
func eachName(header http.Header) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range header["Cookie"] {
			for pair := range strings.SplitSeq(line, ";") {
				name, _, ok := strings.Cut(strings.TrimSpace(pair), "=")
				if ok && !yield(name) {
					return
				}
			}
		}
	}
}

// request explains a whole request: what the middleware says of it, and whose session it has.
func (w *World) request(ctx context.Context, from *request) (*Report, error) {
	r := newReport(Curl, "request "+shown(from.method)+" to "+shown(from.url.Host))
	link, err := w.linkOf(ctx, from)
	if err != nil {
		return nil, err
	}
	if from.jarFile && len(from.header["Cookie"]) == 0 {
		r.good("cookie", "-b names a file, which is not read: put the cookies into the command")
	}
	refused, err := w.refused(ctx, from)
	if err != nil {
		return nil, err
	}
	if r, err = w.parts(ctx, r, from.header); err != nil {
		return nil, err
	}
	if link != nil { // which needs no session
		r.Steps, r.Parts = []Step{}, append(r.Parts, link)
		r.as(link)
	}
	if refused != nil {
		return r.bad("middleware", refused.Code, says(refused), refused.Code.Remedy()), nil
	}
	r.Steps = append([]Step{{"middleware", true, "lets the request pass"}}, r.Steps...)
	return r, nil
}

// linkOf explains the link to which a request goes, or returns nil. Where it was opened, its token is
// in the session.
func (w *World) linkOf(ctx context.Context, from *request) (*Report, error) {
	m := linkForm.FindStringSubmatch(from.url.Path)
	if m == nil || w.NoDatabase {
		return nil, nil
	}
	token := m[2]
	key, sent := httptext.Lookup(from.header, w.Site.Sessions.Config().CookieName)
	if sent && token == resettoken.Opened {
		kept, err := w.Site.Sessions.Session(key).Text(ctx, resettoken.SessionKey)
		if err != nil {
			return nil, err
		}
		token = cmp.Or(kept, token)
	}
	return w.link(ctx, m[1], token)
}

// nowhere is the address of a client that is no proxy: of a network for documentation.
const nowhere = "192.0.2.1:1"

// refused returns the event by which the middleware of the site refuses the request, or nil. A
// handler that does nothing stands in for the site's pages.
func (w *World) refused(ctx context.Context, from *request) (*flow.Event, error) {
	trace := flow.NewTrace()
	ctx = flow.WithSink(ctx, trace)
	target := from.url.RequestURI()
	r, err := http.NewRequestWithContext(ctx, from.method, target, strings.NewReader(from.body))
	if err != nil {
		return nil, err
	}
	for name, lines := range from.header {
		r.Header[http.CanonicalHeaderKey(name)] = lines
	}
	r.Host = cmp.Or(from.header.Get("Host"), from.url.Host)
	r.Header.Del("Host")
	r.RequestURI, r.RemoteAddr = target, nowhere
	if from.url.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	w.Site.Handler(nothing).ServeHTTP(&discard{header: http.Header{}}, r)
	for _, event := range trace.Events() {
		if event.Code == "session.failed" {
			return nil, fmt.Errorf("the session store failed: %s", attribute(event, "error"))
		}
		if ends(event.Code) {
			return &event, nil
		}
	}
	return nil, nil
}

// ends reports whether the middleware ends a request by the code.
func ends(c flow.Code) bool {
	refuses := c.Layer() == flow.Middleware && c.Verdict() == flow.Refused
	return refuses && !strings.HasPrefix(string(c), "user.") // which leaves the visitor anonymous
}

// says is the sentence of a refusal.
func says(event *flow.Event) string {
	return "the request is " + event.Sentence(shown)
}

func attribute(event flow.Event, name string) string {
	for _, attr := range event.Attrs {
		if attr.Key == name {
			return flow.Text(attr)
		}
	}
	return ""
}

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
