// Package closing is the page by which users close their account.
// It is on floor 4, the views: a feature.
package closing

import (
	"embed"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Where users close their account, and what they see afterwards.
const (
	URL       = pages.Path + "close/"
	ClosedURL = pages.Path + "closed/"
)

const sayClosed = "Your account is closed"

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
}

// New returns the pages; none without a service.
func New(k *pages.Kit, a *accounts.Service) *Feature { return &Feature{k, a} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	if f.accounts == nil {
		return nil
	}
	view := f.RecentWithoutPassword(f.serve, "understand")
	page := f.PrivatePage("close_account", URL, view, pages.GETAndPOST...).
		InMenu(i18n.Mark("Close your account"))
	page.Apart = true
	return []pages.Route{
		page,
		f.Page("account_closed", ClosedURL, func(w http.ResponseWriter, r *http.Request) {
			f.Arrive(w, r, safeurl.LoginURL, sayClosed)
		}, pages.GET...),
	}
}

// form asks for the present password, of users who have one, and for a tick.
func (f *Feature) form(t *i18n.Translator, user *auth.User) *pages.Form {
	return &pages.Form{
		Submit: t.T("Close my account"), Danger: true, Own: true,
		Fields: append(f.OwnPassword(t, user), &pages.Field{
			Name: "understand", Label: t.T("I understand that this cannot be undone"), Type: pages.Checkbox,
			Required: true,
		}),
	}
}

// serve closes the account of the signed-in user, and ends all sessions.
func (f *Feature) serve(w http.ResponseWriter, r *http.Request) {
	t := f.Translator(w, r)
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	f.ServeForm(w, r, pages.FormView{
		Template: "close_account.html",
		Shown:    "close.form", Refused: "close.refused", Failed: "close.failed",
		Form: func(pages.Body) *pages.Form { return f.form(t, user) },
		Act:  func(b pages.Body, form *pages.Form) error { return f.close(r, b, form, user) },
		Done: func(*pages.Form) {
			f.Finish(w, r, safeurl.LoginURL, t.T("Your account is closed, and you are signed out "+
				"everywhere. Thank you for having been here."), sayClosed)
		},
	})
}

// close checks the fields and closes the account. What is wrong with a field is
// written into the form.
func (f *Feature) close(r *http.Request, b pages.Body, form *pages.Form, user *auth.User) error {
	form.Field("understand").TakeChoice(b)
	user, err := f.TakeOwnPassword(r, b, form, user)
	if err != nil || form.Failed() {
		return err
	}
	if err := f.accounts.CloseAccount(r, user); err != nil {
		return err
	}
	flow.Emit(r.Context(), "close.done", slog.String("user", user.ID))
	return f.Auth().Logout(r) // the cookie goes too
}
