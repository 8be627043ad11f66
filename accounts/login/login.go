// Package login is the account pages for logging in and out, and the profile.
// It is on floor 4, the views: a feature.
package login

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Where the pages are.
const (
	URL        = safeurl.LoginURL
	LogoutURL  = pages.Path + "logout/"
	ProfileURL = safeurl.LoginRedirectURL
)

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	remember bool
}

// New returns the pages. Their login form has a box "Remember me" if remember says so.
func New(k *pages.Kit, remember bool) *Feature { return &Feature{k, remember} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	return []pages.Route{
		f.Page("login", URL, f.login, pages.GETAndPOST...),
		{
			Name: "logout", Pattern: LogoutURL, Methods: []string{http.MethodPost},
			Handler: f.HandlerOr(f.logout, f.offerLogout, http.MethodPost),
		},
		f.PrivatePage("profile", ProfileURL, f.profile, pages.GET...).InMenu(i18n.Mark("Profile")),
	}
}

// Django's sentence about accounts that are closed.
var sayInactive = i18n.Mark("This account is inactive.")

// sayInvalid is Django's sentence about a login that failed.
func (f *Feature) sayInvalid(t *i18n.Translator) string {
	name := t.T("username")
	switch f.Auth().LoginBy() {
	case identity.ByEmail:
		name = t.T("email address")
	case identity.ByEither:
		name = t.T("username or email address")
	}
	return t.T("Please enter a correct %(username)s and password. Note that both fields may be "+
		"case-sensitive.", "username", name)
}

// form has a field "username" also where that is the email address, as in
// Django.
func (f *Feature) form(t *i18n.Translator, next string) *pages.Form {
	name := &pages.Field{
		Name: "username", Label: t.T("Username"), Type: "text", Autocomplete: "username",
		MaxLength: identity.MaxUsername, Required: true,
	}
	switch f.Auth().LoginBy() {
	case identity.ByEmail:
		name.Label, name.Type, name.MaxLength = t.T("Email"), "email", pages.MaxEmail
	case identity.ByEither:
		name.Label, name.MaxLength = t.T("Username or email"), pages.MaxEmail
	}
	if f.Route("passkey_login").Name != "" { // browsers offer passkeys where a username is typed
		name.Autocomplete = "username webauthn"
	}
	form := &pages.Form{Submit: t.T("Log in"), Busy: t.T("Logging in…"), Next: next, Fields: []*pages.Field{
		name,
		{
			Name: "password", Label: t.T("Password"), Type: "password", Autocomplete: "current-password",
			Required: true,
		},
	}}
	if f.remember {
		form.Fields = append(form.Fields, rememberField(t))
	}
	return form
}

// login checks credentials and creates the session. Every failed login gets the same response,
// whether the user is unknown or inactive or the password is wrong.
func (f *Feature) login(w http.ResponseWriter, r *http.Request) {
	if f.PassBy(w, r) {
		return
	}
	if r.Method != http.MethodPost {
		if p, err := f.Auth().Continue(r); err == nil && p.Next != nil {
			f.LeadToStep(w, r, p.Next, f.Next(r, nil))
			return
		}
	}
	t := f.Translator(w, r)
	entry := pages.Entry{Status: http.StatusOK, Message: "Login successful"}
	f.ServeForm(w, r, pages.FormView{
		Template: "login.html", Shown: "login.form",
		Form: func(b pages.Body) *pages.Form {
			form := f.form(t, f.Next(r, b))
			if b == nil {
				form.Notice = f.notice(r, t)
				f.fillIn(w, r, form)
			}
			return form
		},
		Act: func(b pages.Body, form *pages.Form) (err error) {
			entry.Next, entry.Remember = form.Next, takeRemember(b, form)
			entry.User, err = f.authenticate(w, r, t, b, form)
			return err
		},
		Done: func(*pages.Form) { f.Enter(w, r, entry) },
	})
}

// authenticate reads the fields and checks the credentials. What is wrong is written into the
// form.
func (f *Feature) authenticate(
	w http.ResponseWriter, r *http.Request, t *i18n.Translator, b pages.Body, form *pages.Form,
) (*auth.User, error) {
	credentials := f.credentials(r, b, form)
	if form.Failed() {
		flow.Emit(r.Context(), "login.incomplete")
		return nil, nil
	}
	user, err := f.Auth().Authenticate(r.Context(), credentials)
	switch {
	case errors.Is(err, auth.ErrInvalidCredentials):
		f.reject(w, r, form, f.sayInvalid(t), t.T("Invalid credentials"))
		return nil, nil
	case err == nil && !user.IsActive: // a backend that accepts inactive users brought it
		f.reject(w, r, form, sayInactive, t.T(sayInactive))
	}
	return user, err
}

// reject writes into the form that the login failed: JSON has the status 401; a page gets 200
// and the form again, as in Django.
func (f *Feature) reject(
	w http.ResponseWriter, r *http.Request, form *pages.Form, forPeople, forPrograms string,
) {
	flow.Emit(r.Context(), "login.refused")
	form.Errors, form.ForPrograms, form.Status = []string{forPeople}, forPrograms, http.StatusUnauthorized
	if !negotiate.HTML(r) {
		w.Header().Set("WWW-Authenticate", httptext.LoginChallenge(f.LoginURL(r)))
	}
}

// credentials reads the fields as Django's AuthenticationForm does; the
// password is taken as it is.
func (f *Feature) credentials(r *http.Request, b pages.Body, form *pages.Form) auth.Credentials {
	c := auth.Credentials{Request: r}
	name, secret := form.Fields[0], form.Fields[1]
	if raw, ok := name.Take(b); ok {
		name.Value = raw
		clean := identity.CleanLoginName
		if f.Auth().LoginBy() != identity.ByUsername {
			clean = identity.CleanLoginEmail
		}
		username, err := clean(raw)
		if err != nil {
			name.Reject(err)
		}
		c.Username = username
	}
	c.Password, _ = secret.Take(b)
	return c
}

// fillIn fills in the name of somebody who has just signed up or chosen a new password here, once.
func (f *Feature) fillIn(w http.ResponseWriter, r *http.Request, form *pages.Form) {
	if note := f.Left(r, "login"); note.Name != "" && negotiate.HTML(r) {
		form.Fields[0].Value = note.Name
		f.Forget(w, r)
	}
}

// notice is what the form says above its fields: why a user who is signed in is to log in
// again.
func (f *Feature) notice(r *http.Request, t *i18n.Translator) string {
	user, err := auth.UserFromContext(r.Context())
	if err != nil || !user.IsAuthenticated() || !f.LoginAsked(r) {
		return ""
	}
	return t.T("You are signed in as %(username)s. The page that you want to open asks you to log in "+
		"again.", "username", user.String())
}
