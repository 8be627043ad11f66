package conformance_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/accounts/passwordreset"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/views"
)

// handler is the recorded site, made anew with the settings of the step.
func (w *flowWorld) handler(s *flowStep) http.Handler {
	key, fallbacks := flowKeys(w.t, s)
	loginURL := s.text("LOGIN_URL")
	if loginURL == "login" { // the name of a view, which is refused here
		loginURL = safeurl.LoginURL
	}
	site, err := coatcheck.New(coatcheck.Config{
		Database: w.db,
		Keys:     coatcheck.Keys{Secret: key, Fallbacks: fallbacks},
		Site: coatcheck.SiteOptions{
			LoginURL: loginURL,
			Logger:   slog.New(slog.DiscardHandler),
			BaseURL:  "http://testserver",
		},
		Web: coatcheck.WebOptions{
			Guard:    coatcheck.GuardDjango,
			Security: &middleware.SecurityConfig{},
			CSRF:     middleware.CSRFConfig{CookieMasked: w.masked, UseSessions: s.Flow == "csrf in session"},
		},
		Logins: coatcheck.LoginOptions{ThrottleOff: true},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{
				Hashers: append([]password.Hasher{password.PBKDF2SHA256{Iterations: 1000}, password.MD5{}}, password.DefaultHashers()[1:]...),
				Update:  password.Exact,
			},
		},
		Accounts: accounts.Options{Mail: &w.outbox},
		Views: views.Options{
			LoginRedirectURL:  s.text("LOGIN_REDIRECT_URL"),
			LogoutRedirectURL: s.text("LOGOUT_REDIRECT_URL"),
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.accounts = site.Accounts
	mux := w.mux(site, s)
	if s.Flow != "LoginRequiredMiddleware" {
		return site.Handler(mux)
	}
	return site.Handler(middleware.LoginRequired(loginURL, "", func(r *http.Request) bool {
		_, known := mux.Handler(r)
		return known == "" || r.URL.Path == safeurl.LoginURL || r.URL.Path == passwordreset.URL || r.URL.Path == "/staff/" // which has a guard of its own
	})(mux))
}

func (w *flowWorld) mux(site *coatcheck.Site, s *flowStep) *http.ServeMux {
	redirecting, err := views.New(views.Config{Auth: site.Auth, Options: views.Options{
		RedirectAuthenticatedUser: true,
		LoginRedirectURL:          s.text("LOGIN_REDIRECT_URL"),
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	leading, err := views.New(views.Config{Auth: site.Auth, Options: views.Options{LogoutRedirectURL: "/plain/"}})
	if err != nil {
		w.t.Fatal(err)
	}
	staff, err := access.New(access.Config{Auth: site.Auth, LoginURL: "/other-login/", RedirectFieldName: "go"})
	if err != nil {
		w.t.Fatal(err)
	}
	adds := func(r *http.Request, u *auth.User) (bool, error) {
		return site.Auth.HasPermissions(r.Context(), u, "auth.add_user")
	}
	isStaff := func(_ *http.Request, u *auth.User) (bool, error) { return u.IsStaff, nil }
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("/login-redir/", redirecting.Route("login").Handler)
	mux.Handle("/logout-next/", leading.Route("logout").Handler)
	mux.Handle("/plain/", says("plain"))
	mux.Handle("/private/", site.RequireUser(says("private")))
	mux.Handle("/perm/", site.Require(adds)(says("perm")))
	mux.Handle("/perm403/", site.RequirePermission("auth.add_user")(says("perm403")))
	mux.Handle("/staff/", staff.Require(isStaff)(says("staff")))
	mux.Handle("/whoami/", flowView(func(r *http.Request, _ *sessions.Session) (string, error) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			return "", err
		}
		return fmt.Sprintf(`{"user": %q, "auth": %v}`, user.Username, user.IsAuthenticated()), nil
	}))
	mux.Handle("/setx/", flowView(func(r *http.Request, session *sessions.Session) (string, error) {
		value := "1"
		if r.URL.Query().Has("v") {
			value = r.URL.Query().Get("v")
		}
		return "set", session.Set(r.Context(), "x", value)
	}))
	mux.Handle("/getx/", flowView(func(r *http.Request, session *sessions.Session) (string, error) {
		text, err := session.Text(r.Context(), "x")
		if text == "" {
			text = "None"
		}
		return text, err
	}))
	mux.Handle("/boom/", flowView(func(r *http.Request, session *sessions.Session) (string, error) {
		return "!e", session.Set(r.Context(), "x", "boom")
	}))
	mux.Handle("/race/", flowView(func(r *http.Request, session *sessions.Session) (string, error) {
		if err := session.Set(r.Context(), "x", "race"); err != nil {
			return "", err
		}
		return "race", w.db.DeleteSession(r.Context(), string(session.Key()))
	}))
	return mux
}

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
}

// flowView is a view that responds with a text; one that begins with ! with 500.
func flowView(view func(*http.Request, *sessions.Session) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.FromContext(r.Context())
		if err == nil {
			var text string
			if text, err = view(r, session); err == nil {
				body, broken := strings.CutPrefix(text, "!")
				if broken {
					w.WriteHeader(http.StatusInternalServerError)
				}
				io.WriteString(w, body)
				return
			}
		}
		middleware.Fail(w, r, err)
	})
}
