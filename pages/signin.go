package pages

import (
	"cmp"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// LeadToLogin redirects a browser to the login page, which shows the notice once. The name of
// the user, who may be nil, is filled in there.
func (k *Kit) LeadToLogin(w http.ResponseWriter, r *http.Request, u *auth.User, next, notice string) {
	k.notify(r, notice)
	if u != nil {
		name := u.Username
		if k.config.Auth.LoginBy() == identity.ByEmail {
			name = u.Email
		}
		k.Leave(w, r, Note{Page: "login", Name: name})
	}
	k.Redirect(w, r, WithQuery(k.LoginURL(r), safeurl.RedirectFieldName, next))
}

// Entry is a login by a page, for Enter.
type Entry struct {
	User *auth.User
	// Method is that of the proof; "password" when empty.
	Method string
	// Remember is Yes, No, or empty for the life of sessions that the settings say.
	Remember string
	// Origin is that of the proof: where the login began, if the method looks at it later.
	Origin  string
	Next    string // where to go on, or empty
	Status  int    // of the JSON about it
	Message string // in that JSON
	Notice  string // for the next page, in the visitor's language, or empty
}

// Enter signs in a user who has shown a password or another proof, and redirects to where they
// were, or to the step that the login still needs.
func (k *Kit) Enter(w http.ResponseWriter, r *http.Request, e Entry) {
	proof := auth.Proof{Method: cmp.Or(e.Method, "password"), Origin: e.Origin}
	p, err := k.config.Auth.Begin(r, e.User, proof)
	k.enter(w, r, p, e, err)
}

// EnterStep goes on with a login by the proof of one of its steps, as Enter does. The User of the
// entry is that of the login.
func (k *Kit) EnterStep(w http.ResponseWriter, r *http.Request, p *auth.Pending, proof auth.Proof, e Entry) {
	e.User = p.User
	k.enter(w, r, p, e, k.config.Auth.Prove(r, p, proof))
}

// enter completes a login, unless an error or a step comes before, and responds.
func (k *Kit) enter(w http.ResponseWriter, r *http.Request, p *auth.Pending, e Entry, err error) {
	if err == nil && p.Next == nil {
		err = k.config.Auth.Complete(r, p)
	}
	if err == nil {
		err = setLife(r, e.Remember)
	}
	switch {
	case err != nil:
		k.Fail(w, r, err)
	case p.Next != nil:
		k.LeadToStep(w, r, p.Next, e.Next)
	case !negotiate.HTML(r):
		k.describe(w, r, e.User, e.Status, func(u *userJSON) any { return loginJSON{e.Message, u} })
	default:
		if e.Notice != "" {
			k.notify(r, e.Notice)
		}
		target := k.SuccessURL(r, e.Next)
		flow.Emit(r.Context(), "login.redirected", slog.String("location", requestinfo.LogURL(target)))
		k.Redirect(w, r, target)
	}
}

// LeadToStep redirects to the page of a step that a login needs, which gets the return URL. A
// program gets 403 and the page's address.
func (k *Kit) LeadToStep(w http.ResponseWriter, r *http.Request, step auth.Factor, next string) {
	target := WithQuery(requestinfo.Below(r, step.URL()), safeurl.RedirectFieldName, next)
	if negotiate.HTML(r) {
		k.Redirect(w, r, target)
		return
	}
	JSON(w, http.StatusForbidden, map[string]string{
		"error": k.Translator(w, r).T((&auth.StepError{Step: step}).Sentence()),
		"step":  step.Name(), "url": target,
	})
}

// PassBy responds to browsers that are signed in already, instead of a form to log in or sign
// up: it redirects them to where they go on, where the site wants that, and else shows a page
// with both ways, on and to another account. It reports whether it responded. A page that asked
// for another login, and a form that is sent all the same, get the form.
func (k *Kit) PassBy(w http.ResponseWriter, r *http.Request) bool {
	redirects := k.config.RedirectAuthenticatedUser
	if !negotiate.HTML(r) || !redirects && r.Method == http.MethodPost {
		return false
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return true
	}
	if !user.IsAuthenticated() || k.LoginAsked(r) {
		return false
	}
	target := k.SuccessURL(r, k.Next(r, nil))
	if samePath(target, r) {
		if target = k.loginRedirectURL(r); samePath(target, r) {
			return false
		}
	}
	if !redirects {
		flow.Emit(r.Context(), "login.both_ways")
		k.Render(w, r, http.StatusOK, "signed_in.html", target)
		return true
	}
	flow.Emit(r.Context(), "login.needless", slog.String("location", requestinfo.LogURL(target)))
	k.Redirect(w, r, target)
	return true
}

// LoginAsked reports whether a page asked the signed-in user to log in again.
func (k *Kit) LoginAsked(r *http.Request) bool {
	asked, err := k.config.Auth.LoginAsked(r.Context())
	return err == nil && asked
}

// Goodbye responds to a logout: it redirects a browser to the target, or else to
// LogoutRedirectURL, or shows a page that says so.
func (k *Kit) Goodbye(w http.ResponseWriter, r *http.Request, target string) {
	if !negotiate.HTML(r) {
		JSON(w, http.StatusOK, map[string]string{"message": "Logout successful"})
		return
	}
	if _, left := httptext.Lookup(r.Header, noteCookie); left { // the next visitor may be another
		k.Forget(w, r)
	}
	if target == "" {
		target = k.config.LogoutRedirectURL
	}
	if target == "" || samePath(target, r) {
		k.Render(w, r, http.StatusOK, "logged_out.html", nil)
		return
	}
	flow.Emit(r.Context(), "logout.redirected", slog.String("location", requestinfo.LogURL(target)))
	k.Redirect(w, r, target)
}

// setLife lets the session of the request end with the browser, or live as long as
// SESSION_COOKIE_AGE says even where the site's sessions end with the browser. A
// client that did not choose leaves it as it is. The choice is kept in the session,
// so that it stays when the session gets another key. Django: set_expiry(0) and
// set_expiry(None).
func setLife(r *http.Request, remember string) error {
	if remember == "" {
		return nil
	}
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return err
	}
	if remember == No {
		flow.Emit(ctx, "login.until_close")
		return session.SetExpireAtBrowserClose(ctx)
	}
	if err := session.ClearExpiry(ctx); err != nil {
		return err
	}
	closes, err := session.ExpiresAtBrowserClose(ctx)
	if err != nil || !closes {
		return err
	}
	age, err := session.ExpiryAge(ctx)
	if err != nil {
		return err
	}
	return session.SetExpiryAge(ctx, age)
}
