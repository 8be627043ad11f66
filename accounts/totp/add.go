package totp

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/sessions"
)

// App is what the pages show of a secret that waits to be confirmed.
type App struct {
	Key     string       // in groups of four
	URL     template.URL // opens the app on a phone
	Picture *picture     // of the URL; nil where it is too long for one
	Login   bool         // the page is a step of a login
}

// offer returns what a page shows of the secret of a user.
func (f *Feature) offer(r *http.Request, session *sessions.Session, user *auth.User) (*App, error) {
	secret, err := f.factors.Waiting(r.Context(), session, user)
	if err != nil {
		return nil, err
	}
	url, err := f.factors.URL(secret, user)
	if err != nil {
		return nil, err
	}
	return &App{Key: secret.Key(), URL: template.URL(url), Picture: draw(url)}, nil
}

// addForm asks for a code of the new app.
func addForm(t *i18n.Translator, app *App) *pages.Form {
	field := codeField(t, false)
	field.Label = t.T("Code that the app shows")
	return &pages.Form{Submit: t.T("Add the app"), About: app, Fields: []*pages.Field{field}}
}

// add shows a new secret, and adds the app when a code confirms it.
func (f *Feature) add(w http.ResponseWriter, r *http.Request) {
	user, session, err := visitor(r)
	var app *App
	if err == nil {
		app, err = f.openOffer(r, session, user)
	}
	switch {
	case errors.Is(err, twofactor.ErrHasApp):
		f.leave(w, r, sayHas)
		return
	case err != nil:
		f.Fail(w, r, err)
		return
	case r.Method != http.MethodPost && !negotiate.HTML(r):
		sayApp(w, app)
		return
	}
	t := f.Translator(w, r)
	var codes []string
	f.ServeForm(w, r, pages.FormView{
		Template: "two_factor_add.html",
		Shown:    "two_factor.form", Refused: "two_factor.refused", Failed: "two_factor.failed",
		Form: func(pages.Body) *pages.Form {
			form := addForm(t, app)
			form.Own, form.Fields = true, append(form.Fields, f.OwnPassword(t, user)...)
			return form
		},
		Act: func(b pages.Body, form *pages.Form) (err error) {
			typed := readCode(b, form, sayWrongApp)
			if user, err = f.TakeOwnPassword(r, b, form, user); err != nil || form.Failed() {
				return err
			}
			codes, err = f.confirm(r, form, session, user, typed)
			return err
		},
		Done: func(*pages.Form) {
			f.showCodes(w, r, codes, "An authenticator app was added", URL)
		},
		Fail: func(err error) { f.failAdd(w, r, err) },
	})
}

// openOffer is offer for a user who has no app.
func (f *Feature) openOffer(r *http.Request, session *sessions.Session, user *auth.User) (*App, error) {
	state, err := f.factors.State(r.Context(), user)
	if err != nil {
		return nil, err
	}
	if state.Has() {
		return nil, twofactor.ErrHasApp
	}
	return f.offer(r, session, user)
}

// failAdd responds where the app was not added.
func (f *Feature) failAdd(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, twofactor.ErrHasApp) { // another request added one concurrently
		f.leave(w, r, sayHas)
		return
	}
	f.Fail(w, r, err)
}

// confirm adds the app of a user by a code, and tells them by email. A code that is wrong is
// written into the form.
func (f *Feature) confirm(
	r *http.Request, form *pages.Form, session *sessions.Session, user *auth.User, typed twofactor.Typed,
) ([]string, error) {
	codes, err := f.factors.Confirm(r.Context(), session, user, typed)
	if err != nil {
		return nil, err
	}
	if codes == nil {
		form.Field("code").Errors = []string{sayWrongApp}
		return nil, nil
	}
	flow.Emit(r.Context(), "two_factor.added", slog.String("user", user.ID))
	if f.accounts != nil {
		f.accounts.NoticeFactorAdded(r, user)
	}
	return codes, nil
}

// sayApp responds to a program with the new secret.
func sayApp(w http.ResponseWriter, app *App) {
	pages.JSON(w, http.StatusOK, map[string]string{
		"message": "Add this to an authenticator app, and send a code of it by POST", "key": app.Key,
		"url": string(app.URL),
	})
}

// Codes is what recovery_codes_shown.html shows.
type Codes struct {
	Codes []string
	Next  string // where to go on
}

// showCodes responds with new recovery codes, this once.
func (f *Feature) showCodes(w http.ResponseWriter, r *http.Request, codes []string, message, next string) {
	if negotiate.HTML(r) {
		f.Render(w, r, http.StatusOK, "recovery_codes_shown.html", Codes{codes, next})
		return
	}
	pages.JSON(w, http.StatusOK, map[string]any{"message": message, "recovery_codes": codes})
}
