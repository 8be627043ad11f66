package coatcheck_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/middleware"
)

// terms is a factor: anyone who logs in says yes to the terms once a login.
type terms struct{}

func (terms) Name() string { return "terms" }

func (terms) Wanted(_ context.Context, _ *auth.User, have []auth.Proof) (bool, error) {
	return have[len(have)-1].Method != "terms", nil
}

func (terms) URL() string { return "/terms/" }

// newTermsSite is a site with that factor, its page, and one that says who is signed in.
func newTermsSite(t *testing.T) (*coatchecktest.Site, http.Handler) {
	t.Helper()
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Logins.Factors = []auth.Factor{terms{}} })
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.HandleFunc("POST /terms/", func(w http.ResponseWriter, r *http.Request) {
		p, err := site.Auth.Continue(r)
		if err == nil {
			err = site.Auth.Prove(r, p, auth.Proof{Method: "terms"})
		}
		if err == nil {
			err = site.Auth.Complete(r, p)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusGone)
		}
	})
	mux.HandleFunc("/who/", func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(user.String()))
	})
	mux.HandleFunc("POST /own/", func(w http.ResponseWriter, r *http.Request) { // a login view of the program's own
		user, err := site.Auth.UserByUsername(r.Context(), "ada")
		if err == nil {
			err = site.Auth.Login(r, user)
		}
		if step, ok := err.(*auth.StepError); ok {
			http.Redirect(w, r, step.Step.URL(), http.StatusSeeOther)
		} else if err != nil {
			t.Error(err)
		}
	})
	return site, site.Handler(mux)
}

const termsPassword = "correct horse"

// signedIn reports whether somebody is signed in, here and for a Django beside.
func signedIn(t *testing.T, c *coatchecktest.Client) bool {
	t.Helper()
	_, django, err := c.Session().Get(t.Context(), sessionkeys.UserID)
	if err != nil {
		t.Fatal(err)
	}
	here := c.Get("/who/").Body == "ada"
	if here != django {
		t.Errorf("signed in here: %v, and for a Django beside: %v", here, django)
	}
	return here
}

// begin logs in at the page, which leads to the step.
func begin(t *testing.T, site *coatchecktest.Site, handler http.Handler) *coatchecktest.Client {
	t.Helper()
	c := site.NewClient(handler)
	got := c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": termsPassword})
	if got.Status != http.StatusForbidden || !strings.Contains(got.Body, `"step":"terms"`) || !strings.Contains(got.Body, `"url":"/terms/"`) {
		t.Fatalf("the login: %d %s", got.Status, got.Body)
	}
	if signedIn(t, c) {
		t.Error("signed in before the step")
	}
	return c
}

// TestLoginInSteps: no door signs anybody in before the last step.
func TestLoginInSteps(t *testing.T) {
	site, handler := newTermsSite(t)
	site.CreateUser("ada", termsPassword)
	c := begin(t, site, handler)
	before := c.Session().Key()
	if got := c.PostJSON("/terms/", nil); got.Status != http.StatusOK || !signedIn(t, c) {
		t.Fatalf("the step: %d %s", got.Status, got.Body)
	}
	if c.Session().Key() == before {
		t.Error("the key of the session that waited is that of the login")
	}
	stored, _, err := c.Session().Get(t.Context(), sessionkeys.Proofs)
	if err != nil || !strings.Contains(stored, `{"method":"password","at":"`) || !strings.Contains(stored, `{"method":"terms","at":"`) {
		t.Errorf("proofs: %s, %v", stored, err)
	}
	if got := c.PostJSON("/terms/", nil); got.Status != http.StatusGone {
		t.Errorf("the step once more: %d", got.Status)
	}

	own := site.NewClient(handler)
	if own.PostJSON("/own/", nil); signedIn(t, own) {
		t.Error("a view of the program's own signs in before the step")
	}
	if own.PostJSON("/terms/", nil); !signedIn(t, own) {
		t.Error("not signed in after the step")
	}
	if stranger := site.NewClient(handler); stranger.PostJSON("/terms/", nil).Status != http.StatusGone || signedIn(t, stranger) {
		t.Error("a step without a login signs in")
	}
}

// TestLoginInStepsEnds: a login that waits ends with the password, with an ending of the
// user's sessions, with the user, and with its session.
func TestLoginInStepsEnds(t *testing.T) {
	for name, end := range map[string]func(ctx context.Context, site *coatchecktest.Site, c *coatchecktest.Client, ada *auth.User) error{
		"password": func(ctx context.Context, site *coatchecktest.Site, _ *coatchecktest.Client, ada *auth.User) error {
			return site.Auth.SetPassword(ctx, ada, "another horse")
		},
		"end all sessions": func(ctx context.Context, site *coatchecktest.Site, _ *coatchecktest.Client, ada *auth.User) error {
			_, err := site.Accounts.EndSessions(ctx, ada, nil)
			return err
		},
		"deactivated": func(ctx context.Context, site *coatchecktest.Site, _ *coatchecktest.Client, ada *auth.User) error {
			_, err := site.Accounts.Deactivate(ctx, ada, nil)
			return err
		},
		"logout": func(_ context.Context, _ *coatchecktest.Site, c *coatchecktest.Client, _ *auth.User) error {
			c.PostJSON("/accounts/logout/", nil)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			site, handler := newTermsSite(t)
			ada := site.CreateUser("ada", termsPassword)
			c := begin(t, site, handler)
			if err := end(t.Context(), site, c, ada); err != nil {
				t.Fatal(err)
			}
			if got := c.PostJSON("/terms/", nil); got.Status != http.StatusGone || signedIn(t, c) {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
	}
}

// TestDeviceCookieOfEveryDoor: the browser is known after a login by a view of the
// program's own, too.
func TestDeviceCookieOfEveryDoor(t *testing.T) {
	site := coatchecktest.NewSite(t)
	site.CreateUser("ada", termsPassword)
	handler := site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := site.Auth.UserByUsername(r.Context(), "ada")
		if err == nil {
			err = site.Auth.Login(r, user)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/own/", nil))
	if cookies := strings.Join(w.Header()["Set-Cookie"], "\n"); !strings.Contains(cookies, attempts.DeviceCookieName+"=") {
		t.Errorf("cookies: %s", cookies)
	}
}

// TestRemoteUserInSteps: a user whom the web server names takes the steps too, in one login
// that waits, however many requests come concurrently.
func TestRemoteUserInSteps(t *testing.T) {
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Logins.Factors = []auth.Factor{terms{}}
		c.Web.RemoteUser = &middleware.RemoteUserConfig{Header: "X-Remote-User", Trusted: []string{"127.0.0.0/8", "::1"}}
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /terms/", func(_ http.ResponseWriter, r *http.Request) {
		p, err := site.Auth.Continue(r)
		if err == nil {
			err = site.Auth.Prove(r, p, auth.Proof{Method: "terms"})
		}
		if err == nil {
			err = site.Auth.Complete(r, p)
		}
		if err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/who/", func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(user.String()))
	})
	c := site.NewClient(site.Handler(mux))
	c.Header.Set("X-Remote-User", "ada")
	if signedIn(t, c) {
		t.Error("signed in before the step")
	}
	waiting := c.Session().Key()
	if signedIn(t, c) || c.Session().Key() != waiting {
		t.Error("the second request began another login")
	}
	if c.PostJSON("/terms/", nil); !signedIn(t, c) {
		t.Error("not signed in after the step")
	}
}

// TestStepOfNobody: a login that no user is in cannot be completed.
func TestStepOfNobody(t *testing.T) {
	site := coatchecktest.NewSite(t)
	handler := site.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := site.Auth.Complete(r, &auth.Pending{User: auth.AnonymousUser()}); err == nil {
			t.Error("an anonymous user was signed in")
		}
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
}
