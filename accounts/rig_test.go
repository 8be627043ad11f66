package accounts_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/mail"
)

const (
	canary  = "canary-tweets-0451"
	another = "quite-another-0452"
)

// rig is a site with email, served over HTTP. Its paths do what a program may do with
// the user of a request.
type rig struct {
	*coatchecktest.Site
	t       testing.TB
	outbox  *featuretest.Outbox
	handler http.Handler
	mux     *http.ServeMux
}

func newRig(t testing.TB, changes ...func(*coatcheck.Config)) *rig {
	t.Helper()
	r := &rig{t: t, outbox: &featuretest.Outbox{}, mux: http.NewServeMux()}
	r.Site = coatchecktest.NewSite(t, append([]func(*coatcheck.Config){func(c *coatcheck.Config) {
		r.outbox.Configure(c)
	}}, changes...)...)
	r.mux.Handle("/accounts/", r.Views)
	r.do("/me", func(_ *http.Request, user *auth.User) error {
		if !user.IsAuthenticated() {
			return http.ErrNoCookie
		}
		return nil
	})
	r.do("/public", func(*http.Request, *auth.User) error { return nil })
	r.handler = r.Handler(r.mux)
	return r
}

// do serves a path by a function of the user, whose error is a 403.
func (r *rig) do(path string, f func(*http.Request, *auth.User) error) {
	r.mux.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) {
		user := auth.AnonymousUser()
		if path != "/public" {
			var err error
			if user, err = auth.UserFromContext(q.Context()); err != nil {
				r.t.Error(err)
			}
		}
		if err := f(q, user); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
}

// login returns a client that is signed in, with a browser of its own.
func (r *rig) login(name, browser string) *coatchecktest.Client {
	r.t.Helper()
	c := r.NewClient(r.handler)
	c.Header.Set("User-Agent", browser)
	if got := c.PostJSON("/accounts/login/", map[string]string{"username": name, "password": canary}); got.Status != http.StatusOK {
		r.t.Fatalf("login: %d %s", got.Status, got.Body)
	}
	return c
}

// status asks for a path.
func (r *rig) want(c *coatchecktest.Client, path string, status int) {
	r.t.Helper()
	if got := c.Get(path); got.Status != status {
		r.t.Errorf("%s: %d %s, want %d", path, got.Status, got.Body, status)
	}
}

// deliver sends all emails that wait, and returns them.
func (r *rig) deliver() []mail.Message {
	r.t.Helper()
	for {
		sent, err := r.Accounts.SendNext(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		if !sent {
			return r.outbox.Take()
		}
	}
}

// one delivers the emails, of which there must be one, to the address.
func (r *rig) one(to, subject string) mail.Message {
	r.t.Helper()
	mails := r.deliver()
	if len(mails) != 1 || mails[0].To != to || !strings.Contains(mails[0].Subject, subject) {
		r.t.Fatalf("mails: %d %v, want one about %q", len(mails), subjects(mails), subject)
	}
	if !strings.Contains(mails[0].HTML, "</html>") || strings.Contains(mails[0].Text, "%(") || strings.Contains(mails[0].Text, "{{") {
		r.t.Errorf("the mail: %s", mails[0].Text)
	}
	return mails[0]
}

// only is the one of the emails to the address with the subject.
func (r *rig) only(mails []mail.Message, to, subject string) (found mail.Message) {
	r.t.Helper()
	n := 0
	for _, m := range mails {
		if m.To == to && strings.Contains(m.Subject, subject) {
			found, n = m, n+1
		}
	}
	if n != 1 {
		r.t.Fatalf("%d emails to %s about %q in %q", n, to, subject, subjects(mails))
	}
	return found
}

func subjects(mails []mail.Message) (all []string) {
	for _, m := range mails {
		all = append(all, m.To+": "+m.Subject)
	}
	return all
}

var linkPattern = regexp.MustCompile(`https://www\.example\.com(/accounts/[^\s]*/([^/\s]+)/)\n`)

// link returns path and token of the link in an email.
func link(t testing.TB, m mail.Message) (path, token string) {
	t.Helper()
	found := linkPattern.FindStringSubmatch(m.Text)
	if found == nil || !strings.Contains(m.HTML, `href="https://www.example.com`+found[1]+`"`) {
		t.Fatalf("no link in %s", m.Text)
	}
	return found[1], found[2]
}

// together runs f so often at once and counts the calls without an error.
func together(n int, f func() error) (good int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for range n {
		wg.Go(func() {
			<-start
			if f() == nil {
				mu.Lock()
				defer mu.Unlock()
				good++
			}
		})
	}
	close(start)
	wg.Wait()
	return good
}
