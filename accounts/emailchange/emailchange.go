// Package emailchange is the pages by which users change their email address. A link of
// accounts.EmailConfirmPath, in an email to the new one, confirms it.
// It is on floor 4, the views: a feature.
package emailchange

import (
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Where the pages are.
const (
	URL     = pages.Path + "email/"
	SentURL = URL + "sent/"
	DoneURL = URL + "done/"
)

const (
	saySent = "A link was sent to the new address"
	sayDone = "Your email address was changed"
)

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
}

// New returns the pages; none without a service that sends email.
func New(k *pages.Kit, a *accounts.Service) *Feature { return &Feature{k, a} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	if f.accounts == nil || !f.accounts.SendsMail() {
		return nil
	}
	return []pages.Route{
		f.PrivatePage("email_change", URL, f.RecentWithoutPassword(f.change, "email"), pages.GETAndPOST...).
			InMenu(i18n.Mark("Email")),
		f.PrivatePage("email_change_sent", SentURL, f.sent, pages.GETAndPOST...),
		f.Page("email_change_confirm", accounts.EmailConfirmPath+"{token}/", f.confirm, pages.GETAndPOST...),
		f.Page("email_change_done", DoneURL, func(w http.ResponseWriter, r *http.Request) {
			f.Arrive(w, r, safeurl.LoginRedirectURL, sayDone)
		}, pages.GET...),
	}
}

// form asks for the new address and for the present password, of users who have one.
func (f *Feature) form(t *i18n.Translator, user *auth.User) *pages.Form {
	address := &pages.Field{
		Name: "email", Label: t.T("New email address"), Type: "email", Autocomplete: "email",
		MaxLength: pages.MaxEmail, Required: true,
	}
	return &pages.Form{
		Submit: t.T("Send the link"), Own: true,
		Fields: append([]*pages.Field{address}, f.OwnPassword(t, user)...),
	}
}

// change sends a link to the new address. Another account of the address is revealed only to
// readers of that mailbox.
func (f *Feature) change(w http.ResponseWriter, r *http.Request) {
	t := f.Translator(w, r)
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	note := pages.Note{Page: "email_change_sent"}
	f.ServeForm(w, r, pages.FormView{
		Template: "email_change.html",
		Shown:    "email_change.form", Refused: "email_change.refused", Failed: "email_change.failed",
		Form: func(pages.Body) *pages.Form { return f.form(t, user) },
		Act: func(b pages.Body, form *pages.Form) error {
			return f.begin(r, t, b, form, user, &note)
		},
		Done: func(*pages.Form) { f.Sent(w, r, note, saySent) },
	})
}

// sent reports that the link is on its way, and sends it again.
func (f *Feature) sent(w http.ResponseWriter, r *http.Request) {
	f.ServeSent(w, r, "email_change_sent", saySent, func(n pages.Note) (bool, error) {
		user, err := auth.UserFromContext(r.Context())
		if err == nil {
			err = f.Auth().Allow(r, attempts.KindEmail, n.Email)
		}
		if err == nil {
			err = f.accounts.RepeatEmailChange(r, user, n.Again)
		}
		if errors.Is(err, accounts.ErrLink) {
			return false, nil
		}
		if err == nil {
			flow.Emit(r.Context(), "email_change.link_queued", slog.String("user", user.ID))
		}
		return true, err
	})
}

// begin checks the fields, sends the link, and fills in the note for the page after it. What is
// wrong with a field is written into the form.
func (f *Feature) begin(
	r *http.Request, t *i18n.Translator, b pages.Body, form *pages.Form, user *auth.User,
	note *pages.Note,
) error {
	address := form.Fields[0]
	email := address.TakeEmail(b)
	if email != "" && email == user.Email {
		address.Errors = []string{t.T("This is your address already.")}
	}
	user, err := f.TakeOwnPassword(r, b, form, user)
	if err != nil || form.Failed() {
		return err
	}
	if err := f.Auth().Allow(r, attempts.KindEmail, email); err != nil { // floods of emails
		return err
	}
	note.Email = email
	note.Again, err = f.accounts.BeginEmailChange(r, user, email)
	if errors.Is(err, identity.ErrInvalidEmail) {
		address.Reject(err)
		return nil
	}
	if err == nil {
		flow.Emit(r.Context(), "email_change.link_queued", slog.String("user", user.ID))
	}
	return err
}

// confirm shows what the link of an email would do, and does it by POST. It asks
// for no login: anyone who has the link can read email at the new address, and it was
// asked for with the password. The page keeps the Referrer-Policy of all pages,
// same-origin, by which no other site learns the link; with no-referrer browsers
// would send "Origin: null" with the form, which Django's check of the Origin refuses.
func (f *Feature) confirm(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if r.Method == http.MethodPost {
		if err := f.accounts.ConfirmEmail(r, token); err != nil {
			f.reject(w, r, err)
			return
		}
		flow.Emit(r.Context(), "email_change.done")
		f.Finish(w, r, safeurl.LoginRedirectURL, f.Translator(w, r).T("Your account uses your new address "+
			"from now on. We have told the old one."), sayDone)
		return
	}
	email, err := f.accounts.PendingEmail(r.Context(), token)
	switch {
	case err != nil:
		f.reject(w, r, err)
	case negotiate.HTML(r):
		f.Render(w, r, http.StatusOK, "email_change_confirm.html", email)
	default:
		pages.JSON(w, http.StatusOK, map[string]string{
			"message": "Send a POST to use this address",
			"email":   email,
		})
	}
}

// reject responds where the link did nothing.
func (f *Feature) reject(w http.ResponseWriter, r *http.Request, err error) {
	t := f.Translator(w, r)
	again := pages.LinkPage{URL: requestinfo.Below(r, URL), Label: t.T("Change your email address")}
	switch {
	case errors.Is(err, accounts.ErrLink):
		again.Title = t.T(pages.TooOld)
		again.Message = t.T("If your address has not been changed yet, ask for a new link.")
		f.RejectLink(w, r, http.StatusGone, again)
	case errors.Is(err, accounts.ErrEmailTaken):
		again.Title = t.T("Another account uses this address")
		again.Message = t.T("Please choose another one, or log in to that account.")
		f.RejectLink(w, r, http.StatusConflict, again)
	default:
		f.Fail(w, r, err)
	}
}
