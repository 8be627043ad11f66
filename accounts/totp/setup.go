package totp

import (
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// setup lets a user who must have a second factor add one, and completes the login by it.
func (f *Feature) setup(w http.ResponseWriter, r *http.Request) {
	p := f.pending(w, r, twofactor.SetupURL)
	if p == nil {
		return
	}
	session, err := sessions.FromContext(r.Context())
	var app *App
	if err == nil {
		app, err = f.offer(r, session, p.User)
	}
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	app.Login = true
	if r.Method != http.MethodPost && !negotiate.HTML(r) {
		sayApp(w, app)
		return
	}
	t, next := f.Translator(w, r), ""
	var codes []string
	f.ServeForm(w, r, pages.FormView{
		Template: "two_factor_add.html",
		Shown:    "two_factor.form", Refused: "two_factor.refused", Failed: "two_factor.failed",
		Form: func(b pages.Body) *pages.Form {
			form := addForm(t, app)
			form.Submit, form.Next = t.T("Add the app and log in"), f.Next(r, b)
			return form
		},
		Act: func(b pages.Body, form *pages.Form) (err error) {
			next = form.Next
			typed := readCode(b, form, sayWrongApp)
			if form.Failed() {
				return nil
			}
			codes, err = f.confirm(r, form, session, p.User, typed)
			return err
		},
		Done: func(*pages.Form) { f.enter(w, r, p, codes, next) },
		Fail: func(err error) {
			if errors.Is(err, twofactor.ErrHasApp) { // which another login added: this one needs its code
				f.leadBack(w, r, "")
				return
			}
			f.Fail(w, r, err)
		},
	})
}

// enter completes a login whose user has just added an app, and shows the recovery codes, which
// lead on to where the login leads.
func (f *Feature) enter(
	w http.ResponseWriter, r *http.Request, p *auth.Pending, codes []string, next string,
) {
	err := f.Auth().Prove(r, p, auth.Proof{Method: twofactor.MethodCode})
	target := f.SuccessURL(r, next)
	switch {
	case err != nil:
	case p.Next != nil: // a step of the program's own
		target = pages.WithQuery(requestinfo.Below(r, p.Next.URL()), safeurl.RedirectFieldName, next)
	default:
		err = f.Auth().Complete(r, p)
	}
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	f.showCodes(w, r, codes, "Login successful", target)
}
