package signup

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// openForm is the form for everybody. Where addresses are confirmed there must
// be one.
func (f *Feature) openForm(t *i18n.Translator, next string) *pages.Form {
	form := f.form(t, next)
	if f.options.Verification {
		email := form.Field("email")
		email.Required, email.Help = true, t.T("We send you a link to confirm it.")
	}
	return form
}

// begin is an opener that has a link sent, by which the account is made, in the language, and
// fills in the note for the page after it.
func (f *Feature) begin(lang string, note *pages.Note) opener {
	return func(r *http.Request, n auth.NewUser) (_ *auth.User, err error) {
		note.Again, err = f.accounts.BeginSignup(r.Context(), n, lang)
		if note.Again != "" {
			note.Email = n.Email
		}
		if err == nil {
			flow.Emit(r.Context(), "signup.link_asked")
		}
		return nil, err
	}
}

// saySent is the same whether the address has an account or not.
var saySent = i18n.Mark("We have sent you an email with a link. Open it to finish.")

// sent asks users to look at their emails, and sends the link again.
func (f *Feature) sent(w http.ResponseWriter, r *http.Request) {
	f.ServeSent(w, r, "signup_sent", saySent, func(n pages.Note) (bool, error) {
		err := f.Auth().Allow(r, attempts.KindSignup, n.Email)
		if err == nil {
			err = f.accounts.RepeatSignup(r.Context(), n.Again, f.Translator(w, r).Code())
		}
		if errors.Is(err, accounts.ErrLink) {
			return false, nil
		}
		if err == nil {
			flow.Emit(r.Context(), "signup.link_asked")
		}
		return true, err
	})
}

// ConfirmPage is what signup_confirm.html shows.
type ConfirmPage struct {
	// Username is that of the account to be made.
	Username string
}

// confirm is where the link leads: a button, by which the account is made.
func (f *Feature) confirm(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if r.Method == http.MethodPost {
		user, err := f.accounts.ConfirmSignup(hooks.WithRequest(r), token)
		if err != nil {
			f.rejectConfirm(w, r, err)
			return
		}
		flow.Emit(r.Context(), "signup.confirmed", slog.String("user", user.ID))
		f.sayCreated(w, r, user, "")
		return
	}
	name, err := f.accounts.PendingSignup(r.Context(), token)
	switch {
	case err != nil:
		f.rejectConfirm(w, r, err)
	case negotiate.HTML(r):
		flow.Emit(r.Context(), "signup.confirm_form")
		f.Render(w, r, http.StatusOK, "signup_confirm.html", ConfirmPage{name})
	default:
		pages.JSON(w, http.StatusOK, map[string]string{
			"username": name,
			"message":  "Send a POST request to create the account.",
		})
	}
}

// rejectConfirm responds where a link made no account.
func (f *Feature) rejectConfirm(w http.ResponseWriter, r *http.Request, err error) {
	t, signup := f.Translator(w, r), requestinfo.Below(r, URL)
	switch {
	case errors.Is(err, accounts.ErrLink):
		f.RejectLink(w, r, http.StatusGone, pages.LinkPage{
			Title: t.T(pages.TooOld), URL: signup, Label: t.T("Sign up"),
			Message: t.T("If you have confirmed your address already, you can log in. Otherwise sign up " +
				"again, and you get a new link."),
		})
	case errors.Is(err, auth.ErrEmailTaken),
		errors.Is(err, auth.ErrUsernameTaken) && f.Auth().UsernameIsEmail():
		f.RejectLink(w, r, http.StatusConflict, pages.LinkPage{
			Title: t.T("You have an account already"), Message: t.T(sayEmailTaken),
			URL: f.LoginURL(r), Label: t.T("Log in"),
		})
	case errors.Is(err, auth.ErrUsernameTaken):
		f.RejectLink(w, r, http.StatusConflict, pages.LinkPage{
			Title: t.T("That username was just taken"), URL: signup, Label: t.T("Sign up"),
			Message: t.T("Another user took this username first. Please sign up again with another one."),
		})
	default:
		f.Fail(w, r, err)
	}
}
