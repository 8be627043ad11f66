package views

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// Views are the account pages. As a handler it serves everything below Path;
// the fields are the single views, for programs that mount them elsewhere. It
// is safe for concurrent use.
type Views struct {
	Signup  http.Handler // makes a user and no session
	Login   http.Handler // makes the session
	Logout  http.Handler // by POST alone
	Profile http.Handler // for signed-in users

	PasswordChange     http.Handler // for signed-in users, who stay so
	PasswordChangeDone http.Handler // says that it is done

	// Those of a forgotten password. They are nil without Config.Accounts, and the
	// first two also where that sends no mail. PasswordResetConfirm takes {uidb64}
	// and {token} of the pattern.
	PasswordReset         http.Handler // asks for an address and has a link mailed to it
	PasswordResetDone     http.Handler // says so
	PasswordResetConfirm  http.Handler // where the link leads
	PasswordResetComplete http.Handler // says that the password is set

	config    Config
	templates map[string]*template.Template
	style     static
	script    static
	languages []Language
	security  [][2]string // headers of every answer
	mux       *http.ServeMux
	urls      map[string]string // the patterns of the routes by name
}

// New checks the configuration, reads the templates and makes the views.
func New(c Config) (*Views, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	v := &Views{config: c, mux: http.NewServeMux(), security: [][2]string{
		{"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action " +
			c.formTargets() + "; base-uri 'none'; frame-ancestors 'none'"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Referrer-Policy", "same-origin"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
	}}
	v.languages = nameLanguages(c.Languages)
	if err := v.readTemplates(c.Templates); err != nil {
		return nil, err
	}
	v.Signup = v.account(v.signup, form...)
	v.Login = v.account(v.login, form...)
	v.Logout = v.handler(neverCache(v.logout), neverCache(v.offerLogout), http.MethodPost)
	v.Profile = v.private(v.profile, page...)
	v.PasswordChange = v.private(v.passwordChange, form...)
	v.PasswordChangeDone = v.private(v.passwordChangeDone, page...)
	v.makePasswordReset()
	v.route()
	return v, nil
}

// ServeHTTP serves everything below Path.
func (v *Views) ServeHTTP(w http.ResponseWriter, r *http.Request) { v.mux.ServeHTTP(w, r) }

// account makes a handler of a view whose answers no cache may keep.
func (v *Views) account(view http.HandlerFunc, methods ...string) http.Handler {
	return v.view(neverCache(view), methods...)
}

func neverCache(view http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		httptext.NeverCache(w.Header(), time.Now())
		view(w, r)
	}
}

// view makes a handler of a view that takes the methods and no other.
func (v *Views) view(view http.HandlerFunc, methods ...string) http.Handler {
	return v.handler(view, func(w http.ResponseWriter, r *http.Request) {
		e := &refusal{http.StatusMethodNotAllowed, i18n.Mark("This address does not take such requests.")}
		if method := methodName(r); method != "" {
			e.sentence = v.translator(w, r).T("This address does not take %(method)s requests.", "method", method)
		}
		v.refuse(w, r, e)
	}, methods...)
}

// handler makes a handler of a view: every answer has the security headers, and
// a method that is not among those named goes to otherwise, with the header
// Allow set.
func (v *Views) handler(view, otherwise http.HandlerFunc, methods ...string) http.Handler {
	allow := strings.Join(append(methods, http.MethodOptions), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		v.setSecurity(header)
		if slices.Contains(methods, r.Method) {
			view(w, r)
			return
		}
		header.Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		otherwise(w, r)
	})
}

// setSecurity sets the headers of every answer.
func (v *Views) setSecurity(header http.Header) {
	for _, h := range v.security {
		header.Set(h[0], h[1])
	}
	httptext.PatchVary(header, "Accept")
}

// methodName names the method if it is a known one, or is empty.
func methodName(r *http.Request) string {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return r.Method
	}
	return ""
}

// addSlash leads to the same address with a slash at its end. The method and
// the body stay.
func addSlash(w http.ResponseWriter, r *http.Request) {
	target := requestinfo.Below(r, r.URL.Path) + "/"
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusPermanentRedirect)
}

func (v *Views) notFound(w http.ResponseWriter, r *http.Request) {
	v.refuse(w, r, &refusal{http.StatusNotFound, i18n.Mark("There is nothing at this address.")})
}

// refusal is an answer that is an error, with a sentence for the client.
type refusal struct {
	status   int
	sentence string // translated when it is shown; one that is already stays as it is
}

// refusalOf returns the refusal in an error: one of the pages, or one of a hook.
func refusalOf(err error) *refusal {
	if own := (*refusal)(nil); errors.As(err, &own) {
		return own
	}
	if hook := (*hooks.Refusal)(nil); errors.As(err, &hook) {
		return &refusal{hook.Status, hook.Sentence}
	}
	return nil
}

// Error is the sentence.
func (e *refusal) Error() string { return e.sentence }

// refuse answers with a page or with {"error": …}.
func (v *Views) refuse(w http.ResponseWriter, r *http.Request, e *refusal) {
	flow.Emit(r.Context(), "view.refused", slog.String("says", e.sentence), slog.Int("status", e.status))
	t := v.translator(w, r)
	if negotiate.HTML(r) {
		title := t.T("That did not work")
		if e.status == http.StatusNotFound {
			title = t.T("Page not found")
		}
		v.Render(w, r, e.status, "error.html", ErrorPage{title, t.T(e.sentence)})
		return
	}
	sayJSON(w, e.status, map[string]string{"error": t.T(e.sentence)})
}
