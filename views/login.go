package views

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Django's sentence about accounts that are closed.
var sayInactive = i18n.Mark("This account is inactive.")

// sayInvalidLogin is Django's sentence about a login that failed.
func (v *Views) sayInvalidLogin(t *i18n.Translator) string {
	name := t.T("username")
	switch v.config.Auth.LoginBy() {
	case identity.ByEmail:
		name = t.T("email address")
	case identity.ByEither:
		name = t.T("username or email address")
	}
	return t.T("Please enter a correct %(username)s and password. Note that both fields may be case-sensitive.", "username", name)
}

// loginForm has a field "username" also where that is the e-mail address, as in
// Django.
func (v *Views) loginForm(t *i18n.Translator, next string) *Form {
	name := &Field{Name: "username", Label: t.T("Username"), Type: "text", Autocomplete: "username", MaxLength: identity.MaxUsername, Required: true}
	switch v.config.Auth.LoginBy() {
	case identity.ByEmail:
		name.Label, name.Type, name.MaxLength = t.T("Email"), "email", maxEmail
	case identity.ByEither:
		name.Label, name.MaxLength = t.T("Username or email"), maxEmail
	}
	form := &Form{Submit: t.T("Log in"), Next: next, Fields: []*Field{
		name,
		{Name: "password", Label: t.T("Password"), Type: "password", Autocomplete: "current-password", Required: true},
	}}
	if !v.config.NoRememberMe {
		form.Fields = append(form.Fields, rememberField(t))
	}
	return form
}

// login checks credentials and makes the session. Whoever fails gets the same
// answer, be the user unknown, inactive, or the password wrong.
func (v *Views) login(w http.ResponseWriter, r *http.Request) {
	if v.passBy(w, r) {
		return
	}
	t := v.translator(w, r)
	if r.Method != http.MethodPost {
		if p, err := v.config.Auth.Continue(r); err == nil && p.Next != nil {
			v.leadToStep(w, r, p.Next, v.next(r, nil))
			return
		}
		flow.Emit(r.Context(), "login.form")
		form := v.loginForm(t, v.next(r, nil))
		form.Notice = v.loginNotice(r, t)
		v.invite(w, r, "login.html", form)
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	form := v.loginForm(t, v.next(r, b))
	credentials := v.readCredentials(r, b, form)
	remember := takeRemember(b, form)
	if form.Failed() {
		flow.Emit(r.Context(), "login.incomplete")
		v.showForm(w, r, http.StatusBadRequest, "login.html", form)
		return
	}
	user, err := v.config.Auth.Authenticate(r.Context(), credentials)
	switch {
	case errors.Is(err, auth.ErrInvalidCredentials):
		v.rejectLogin(w, r, form, v.sayInvalidLogin(t), t.T("Invalid credentials"))
	case errors.Is(err, attempts.ErrThrottled):
		v.hold(w, r, "login.html", form, err)
	case err != nil:
		v.fail(w, r, err)
	case !user.IsActive: // a backend that takes inactive users brought it
		v.rejectLogin(w, r, form, sayInactive, t.T(sayInactive))
	default:
		v.enter(w, r, user, form.Next, remember)
	}
}

// loginNotice is what the form of a login says above its fields: whose account is new, or who
// is signed in already, since another application may lead users here who may not open one
// of its pages.
func (v *Views) loginNotice(r *http.Request, t *i18n.Translator) string {
	if query(r)[createdField].text != "" {
		return t.T("Your account is ready. Log in to go on.")
	}
	if user, err := auth.UserFromContext(r.Context()); err == nil && user.IsAuthenticated() {
		if v.loginAsked(r) {
			return t.T("You are signed in as %(username)s. The page that you want to open asks you to log in again.", "username", user.String())
		}
		return t.T("You are signed in as %(username)s. Log in here to use another account.", "username", user.String())
	}
	return ""
}

// loginAsked reports whether a page asked the signed-in user to log in again.
func (v *Views) loginAsked(r *http.Request) bool {
	asked, err := v.config.Auth.LoginAsked(r.Context())
	return err == nil && asked
}

// enter signs the user in for as long as was chosen, and redirects to where they were, or
// to the step that the login still needs.
func (v *Views) enter(w http.ResponseWriter, r *http.Request, user *auth.User, next, remember string) {
	p, err := v.signIn(r, user, remember)
	switch {
	case err != nil:
		v.fail(w, r, err)
	case p.Next != nil:
		v.leadToStep(w, r, p.Next, next)
	default:
		v.welcome(w, r, user, next)
	}
}

// signIn signs a user in who has shown a password, unless the login needs a step more.
func (v *Views) signIn(r *http.Request, user *auth.User, remember string) (*auth.Pending, error) {
	p, err := v.config.Auth.Begin(r, user, auth.Proof{Method: "password"})
	if err == nil && p.Next == nil {
		err = v.config.Auth.Complete(r, p)
	}
	if err == nil {
		err = setLife(r, remember)
	}
	return p, err
}

// leadToStep redirects to the page of a step, which gets the way back. A program gets 403
// and the page's address.
func (v *Views) leadToStep(w http.ResponseWriter, r *http.Request, step auth.Factor, next string) {
	target := withQuery(requestinfo.Below(r, step.URL()), safeurl.RedirectFieldName, next)
	if negotiate.HTML(r) {
		v.redirect(w, r, target)
		return
	}
	sayJSON(w, http.StatusForbidden, map[string]string{
		"error": v.translator(w, r).T("Your login needs one more step."), "step": step.Name(), "url": target,
	})
}

// welcome answers a login that is complete.
func (v *Views) welcome(w http.ResponseWriter, r *http.Request, user *auth.User, next string) {
	if !negotiate.HTML(r) {
		v.sayLogin(w, r, http.StatusOK, "Login successful", user)
		return
	}
	target := v.successURL(r, next)
	flow.Emit(r.Context(), "login.redirected", slog.String("location", requestinfo.LogURL(target)))
	v.redirect(w, r, target)
}

// rejectLogin answers with 401 in JSON; a page gets 200 and the form again, as
// in Django.
func (v *Views) rejectLogin(w http.ResponseWriter, r *http.Request, form *Form, forPeople, forPrograms string) {
	flow.Emit(r.Context(), "login.refused")
	if !negotiate.HTML(r) {
		w.Header().Set("WWW-Authenticate", httptext.LoginChallenge(v.loginURL(r)))
		sayJSON(w, http.StatusUnauthorized, map[string]string{"error": forPrograms})
		return
	}
	form.Errors = []string{forPeople}
	v.showForm(w, r, http.StatusUnauthorized, "login.html", form)
}

// readCredentials reads the fields as Django's AuthenticationForm does; the
// password is taken as it is.
func (v *Views) readCredentials(r *http.Request, b body, form *Form) auth.Credentials {
	c := auth.Credentials{Request: r}
	name, secret := form.Fields[0], form.Fields[1]
	if raw, ok := name.take(b); ok {
		name.Value = raw
		clean := identity.CleanLoginName
		if v.config.Auth.LoginBy() != identity.ByUsername {
			clean = identity.CleanLoginEmail
		}
		username, err := clean(raw)
		if err != nil {
			name.reject(err)
		}
		c.Username = username
	}
	c.Password, _ = secret.take(b)
	return c
}
