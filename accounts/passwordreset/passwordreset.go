// Package passwordreset is the pages of a forgotten password: one asks for an address, to
// which a link is sent, and the link's page for the new password.
// It is on floor 4, the views: a feature.
package passwordreset

import (
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

// Where the pages are.
const (
	URL         = accounts.PasswordResetPath
	DoneURL     = URL + "done/"
	CompleteURL = accounts.ResetPath + "done/"
)

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
}

// New returns the pages: none without a service, and those that ask for an address only if it
// sends email.
func New(k *pages.Kit, a *accounts.Service) *Feature { return &Feature{k, a} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	if f.accounts == nil {
		return nil
	}
	routes := []pages.Route{
		f.Page("password_reset_confirm", accounts.ResetPath+"{uidb64}/{token}/", f.confirm,
			pages.GETAndPOST...),
		f.Page("password_reset_complete", CompleteURL, f.complete, pages.GET...),
	}
	if f.accounts.SendsMail() {
		routes = append(
			routes,
			f.Page("password_reset", URL, f.ask, pages.GETAndPOST...),
			f.Page("password_reset_done", DoneURL, f.sent, pages.GETAndPOST...),
		)
	}
	return routes
}

// ask asks for an address and has a link sent to it, if it has an account. The response is
// the same for every address.
func (f *Feature) ask(w http.ResponseWriter, r *http.Request) {
	t, email := f.Translator(w, r), ""
	f.ServeForm(w, r, pages.FormView{
		Template: "password_reset.html", Shown: "reset.form",
		Form: func(pages.Body) *pages.Form {
			return &pages.Form{Submit: t.T("Send the link"), Fields: []*pages.Field{{
				Name: "email", Label: t.T("Email"), Type: "email", Autocomplete: "email",
				MaxLength: pages.MaxEmail, Required: true,
			}}}
		},
		Act: func(b pages.Body, form *pages.Form) error {
			email = form.Fields[0].TakeEmail(b)
			if form.Failed() {
				return nil
			}
			return f.request(r, t, email)
		},
		Done: func(*pages.Form) {
			f.Sent(w, r, pages.Note{Page: "password_reset_done", Email: email}, saySent)
		},
	})
}

// request asks for the link.
func (f *Feature) request(r *http.Request, t *i18n.Translator, email string) error {
	if err := f.Auth().Allow(r, attempts.KindReset, email); err != nil {
		return err
	}
	err := f.accounts.RequestReset(hooks.WithRequest(r), email, t.Code())
	if err == nil {
		flow.Emit(r.Context(), "reset.link_asked")
	}
	return err
}

// saySent is the same whether the address has an account or not.
var saySent = i18n.Mark("We’ve emailed you instructions for setting your password, " +
	"if an account exists with the email you entered. You should receive them shortly.")

// sent reports that an email is on its way, if it is, and sends it again.
func (f *Feature) sent(w http.ResponseWriter, r *http.Request) {
	f.ServeSent(w, r, "password_reset_done", saySent, func(n pages.Note) (bool, error) {
		return true, f.request(r, f.Translator(w, r), n.Email)
	})
}

// confirm is where the link leads. A browser gets the token out of the
// address at once, into its session, so that no Referer and no history has it. A
// program has no session: it sends the new password to the link itself.
func (f *Feature) confirm(w http.ResponseWriter, r *http.Request) {
	user, err := f.linkUser(r)
	switch {
	case err != nil:
		f.Fail(w, r, err)
	case user == nil:
		f.unsuccessful(w, r)
	case r.PathValue("token") != resettoken.Opened && negotiate.HTML(r):
		f.hideToken(w, r)
	default:
		f.choose(w, r, user)
	}
}

// linkUser is the user of the link if its token, or that in the session, is good;
// else nil. It accepts inactive users, as Django does.
func (f *Feature) linkUser(r *http.Request) (*auth.User, error) {
	ctx := r.Context()
	user, err := f.Auth().UserByUID(ctx, r.PathValue("uidb64"))
	if errors.Is(err, auth.ErrNoUser) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	token := r.PathValue("token")
	if token == resettoken.Opened {
		session, err := sessions.FromContext(ctx)
		if err == nil {
			token, err = session.Text(ctx, resettoken.SessionKey)
		}
		if err != nil {
			return nil, err
		}
	}
	if !f.Auth().CheckResetToken(user, token) {
		return nil, nil
	}
	return user, nil
}

// hideToken puts the token into the session and redirects to the same address
// without it. The session gets a new key, so that nobody who planted the old one in
// this browser has the token too.
func (f *Feature) hideToken(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err == nil {
		err = session.Renew(ctx)
	}
	token := r.PathValue("token")
	if err == nil {
		err = session.Set(ctx, resettoken.SessionKey, token)
	}
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "reset.token_good")
	target := url.URL{Path: requestinfo.Below(r, strings.ReplaceAll(r.URL.Path, token, resettoken.Opened))}
	f.Redirect(w, r, target.EscapedPath())
}

// choose asks for the new password and sets it. Nobody is signed in by it.
func (f *Feature) choose(w http.ResponseWriter, r *http.Request, user *auth.User) {
	t := f.Translator(w, r)
	f.ServeForm(w, r, pages.FormView{
		Template: "password_reset_confirm.html",
		Shown:    "reset.password_form", Refused: "reset.password_refused",
		Form: func(b pages.Body) *pages.Form {
			return &pages.Form{
				Submit: t.T("Change my password"), Username: user.Username,
				Fields: f.NewPassword(t, b),
			}
		},
		Act: func(b pages.Body, form *pages.Form) error {
			raw, err := f.TakeNewPassword(r.Context(), t, b, form.Fields, user)
			if err != nil || form.Failed() {
				return err
			}
			err = f.set(w, r, user, raw)
			if errors.Is(err, auth.ErrSamePassword) {
				form.Fields[len(form.Fields)-1].Reject(pages.ErrSamePassword)
				return nil
			}
			return err
		},
		Done: func(*pages.Form) {
			if negotiate.HTML(r) {
				f.LeadToLogin(w, r, user, "", t.T(sayComplete))
				return
			}
			pages.JSON(w, http.StatusOK, map[string]string{"message": "Password changed successfully"})
		},
		Fail: func(err error) {
			if errors.Is(err, accounts.ErrLink) { // another request was faster
				f.unsuccessful(w, r)
				return
			}
			f.Fail(w, r, err)
		},
	})
}

// set sets the password and takes the token out of the session. All
// sessions of the user end, and so does that of the request if it is one of them.
// The user has proved to own the mailbox: other people's guesses do not count any
// more, and the browser is a known one.
func (f *Feature) set(w http.ResponseWriter, r *http.Request, user *auth.User, raw string) error {
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return err
	}
	current, err := auth.UserFromContext(ctx)
	if err != nil {
		return err
	}
	known := r.WithContext(password.KnownClient(ctx, user.ID))
	if err := f.accounts.ResetPassword(known, user, raw); err != nil {
		return err
	}
	flow.Emit(r.Context(), "reset.done", slog.String("user", user.ID))
	if err := f.Auth().Unlock(ctx, user); err != nil { // the password is set all the same
		f.Logger().WarnContext(ctx, "the attempts of a user could not be made whole",
			"user", user.ID, "error", err)
	}
	if err := f.Auth().SetDeviceCookie(w, r, user); err != nil {
		return err
	}
	if current.ID == user.ID {
		return f.Auth().Logout(r)
	}
	_, err = session.Delete(ctx, resettoken.SessionKey)
	return err
}

// unsuccessful responds for a link that is no good: with a page and 200, as in
// Django, and a program with 410.
func (f *Feature) unsuccessful(w http.ResponseWriter, r *http.Request) {
	flow.Emit(r.Context(), "reset.link_bad")
	if negotiate.HTML(r) {
		f.Render(w, r, http.StatusOK, "password_reset_unsuccessful.html", nil)
		return
	}
	t := f.Translator(w, r)
	pages.JSON(w, http.StatusGone, map[string]string{"error": t.T("The password reset link was invalid, " +
		"possibly because it has already been used. Please request a new password reset.")})
}

// sayComplete is Django's sentence about a password that was set.
var sayComplete = i18n.Mark("Your password has been set. You may go ahead and log in now.")

// complete reports that the password is set.
func (f *Feature) complete(w http.ResponseWriter, r *http.Request) {
	if negotiate.HTML(r) {
		f.Redirect(w, r, f.LoginURL(r))
		return
	}
	pages.JSON(w, http.StatusOK, map[string]string{"message": sayComplete})
}
