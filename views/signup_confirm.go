package views

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// signupConfirmRoutes are those of Config.SignupVerification.
func (v *Views) signupConfirmRoutes() []Route {
	return []Route{
		{"signup_sent", SignupSentURL, page, false, v.account(v.signupSent, page...)},
		{"signup_confirm", accounts.SignupConfirmPath + "{token}/", form, false, v.account(v.signupConfirm, form...)},
	}
}

// openSignupForm is the form for everybody. Where addresses are confirmed there must
// be one.
func (v *Views) openSignupForm(t *i18n.Translator, next string) *Form {
	form := v.signupForm(t, next)
	if v.config.SignupVerification {
		email := form.field("email")
		email.Required, email.Help = true, t.T("We send you a link to confirm it.")
	}
	return form
}

// beginSignup has a link mailed by which the account is made, in the language.
func (v *Views) beginSignup(lang string) opener {
	return func(r *http.Request, n auth.NewUser) (*auth.User, error) {
		err := v.config.Accounts.BeginSignup(r.Context(), n, lang)
		if err == nil {
			flow.Emit(r.Context(), "signup.link_asked")
		}
		return nil, err
	}
}

// answerSignupSent says the same whether the address has an account or not.
func (v *Views) answerSignupSent(w http.ResponseWriter, r *http.Request) {
	if negotiate.HTML(r) {
		v.redirect(w, r, requestinfo.Below(r, SignupSentURL))
		return
	}
	v.signupSent(w, r)
}

// signupSent tells to look at the mails.
func (v *Views) signupSent(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "signup_sent.html", i18n.Mark("We have sent you a mail with a link. Open it to finish."))
}

// SignupConfirmPage is what signup_confirm.html shows.
type SignupConfirmPage struct {
	// Username is that of the account to be made.
	Username string
}

// signupConfirm is where the link leads: a button, by which the account is made.
func (v *Views) signupConfirm(w http.ResponseWriter, r *http.Request) {
	ctx, token := r.Context(), r.PathValue("token")
	if r.Method == http.MethodPost {
		user, err := v.config.Accounts.ConfirmSignup(hooks.WithRequest(r), token)
		if err != nil {
			v.rejectSignup(w, r, err)
			return
		}
		flow.Emit(r.Context(), "signup.confirmed", slog.String("user", user.ID))
		v.answerCreated(w, r, nil, "")
		return
	}
	name, err := v.config.Accounts.PendingSignup(ctx, token)
	switch {
	case err != nil:
		v.rejectSignup(w, r, err)
	case negotiate.HTML(r):
		flow.Emit(r.Context(), "signup.confirm_form")
		v.Render(w, r, http.StatusOK, "signup_confirm.html", SignupConfirmPage{name})
	default:
		sayJSON(w, http.StatusOK, map[string]string{"username": name, "message": "Send a POST request to create the account."})
	}
}

// rejectSignup answers where a link made no account.
func (v *Views) rejectSignup(w http.ResponseWriter, r *http.Request, err error) {
	t := v.translator(w, r)
	switch {
	case errors.Is(err, accounts.ErrLink):
		v.rejectLink(w, r, http.StatusGone, LinkPage{
			Title: t.T("This link is used up or too old"), URL: requestinfo.Below(r, SignupURL), Label: t.T("Sign up"),
			Message: t.T("If you have confirmed your address already, you can log in. Otherwise sign up again, and you get a new link."),
		})
	case errors.Is(err, auth.ErrEmailTaken), errors.Is(err, auth.ErrUsernameTaken) && v.config.Auth.UsernameIsEmail():
		v.rejectLink(w, r, http.StatusConflict, LinkPage{
			Title: t.T("You have an account already"), URL: v.loginURL(r), Label: t.T("Log in"), Message: t.T(sayEmailTaken),
		})
	case errors.Is(err, auth.ErrUsernameTaken):
		v.rejectLink(w, r, http.StatusConflict, LinkPage{
			Title: t.T("Somebody was faster"), URL: requestinfo.Below(r, SignupURL), Label: t.T("Sign up"),
			Message: t.T("Meanwhile another user took this username. Please sign up again with another one."),
		})
	default:
		v.fail(w, r, err)
	}
}

// LinkPage is what link.html says about a link that did not do what it is for, and
// where to go on.
type LinkPage struct {
	Title, Message, URL, Label string
}

// rejectLink answers with a page or with {"error": …}.
func (v *Views) rejectLink(w http.ResponseWriter, r *http.Request, status int, p LinkPage) {
	flow.Emit(r.Context(), "link.refused", slog.Int("status", status))
	if negotiate.HTML(r) {
		v.Render(w, r, status, "link.html", p)
		return
	}
	sayJSON(w, status, map[string]string{"error": p.Title + ". " + p.Message})
}
