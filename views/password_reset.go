package views

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

const (
	// resetTokenKey is where a session keeps the token of a link. Django:
	// INTERNAL_RESET_SESSION_TOKEN.
	resetTokenKey = "_password_reset_token"
	// resetURLToken stands in the address in place of a token that is in the
	// session. Django: PasswordResetConfirmView.reset_url_token.
	resetURLToken = "set-password"
)

// sendsMail says whether there are pages whose end is a mail.
func (c *Config) sendsMail() bool { return c.Accounts != nil && c.Accounts.SendsMail() }

// makePasswordReset makes the views of a forgotten password: where a link leads,
// and where mails are sent also how to get one.
func (v *Views) makePasswordReset() {
	if v.config.Accounts != nil {
		v.PasswordResetConfirm = v.account(v.passwordResetConfirm, form...)
		v.PasswordResetComplete = v.account(v.passwordResetComplete, page...)
	}
	if v.config.sendsMail() {
		v.PasswordReset = v.account(v.passwordReset, form...)
		v.PasswordResetDone = v.account(v.passwordResetDone, page...)
	}
}

func (v *Views) passwordResetRoutes() (routes []Route) {
	if v.config.Accounts != nil {
		routes = []Route{
			{"password_reset_confirm", accounts.ResetPath + "{uidb64}/{token}/", form, false, v.PasswordResetConfirm},
			{"password_reset_complete", PasswordResetCompleteURL, page, false, v.PasswordResetComplete},
		}
	}
	if v.config.sendsMail() {
		routes = append(
			routes,
			Route{"password_reset", PasswordResetURL, form, false, v.PasswordReset},
			Route{"password_reset_done", PasswordResetDoneURL, page, false, v.PasswordResetDone},
		)
	}
	return routes
}

func passwordResetForm(t *i18n.Translator) *Form {
	return &Form{Submit: t.T("Reset my password"), Fields: []*Field{
		{Name: "email", Label: t.T("Email"), Type: "email", Autocomplete: "email", MaxLength: maxEmail, Required: true},
	}}
}

// passwordReset asks for an address and has a link mailed to whoever has it. The
// answer is the same for every address.
func (v *Views) passwordReset(w http.ResponseWriter, r *http.Request) {
	t := v.translator(w, r)
	form := passwordResetForm(t)
	if r.Method != http.MethodPost {
		flow.Emit(r.Context(), "reset.form")
		v.invite(w, r, "password_reset.html", form)
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	email := form.Fields[0].takeEmail(b)
	if form.Failed() {
		v.showForm(w, r, http.StatusBadRequest, "password_reset.html", form)
		return
	}
	if err := v.config.Auth.Allow(r, attempts.KindReset, email); err != nil {
		v.hold(w, r, "password_reset.html", form, err)
		return
	}
	if err := v.config.Accounts.RequestReset(r.Context(), email, t.Code()); err != nil {
		v.fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "reset.link_asked")
	if negotiate.HTML(r) {
		v.redirect(w, r, requestinfo.Below(r, PasswordResetDoneURL))
		return
	}
	v.passwordResetDone(w, r)
}

// passwordResetDone says that a mail is under way, if it is.
func (v *Views) passwordResetDone(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "password_reset_done.html", i18n.Mark("We’ve emailed you instructions for setting your password, "+
		"if an account exists with the email you entered. You should receive them shortly."))
}

// passwordResetConfirm is where the link leads. A browser gets the token out of the
// address at once, into its session, so that no Referer and no history has it. A
// program has no session: it sends the new password to the link itself.
func (v *Views) passwordResetConfirm(w http.ResponseWriter, r *http.Request) {
	user, err := v.resetUser(r)
	switch {
	case err != nil:
		v.fail(w, r, err)
	case user == nil:
		v.resetUnsuccessful(w, r)
	case r.PathValue("token") != resetURLToken && negotiate.HTML(r):
		v.hideResetToken(w, r)
	default:
		v.confirmReset(w, r, user)
	}
}

// resetUser is the user of the link if its token, or that in the session, is good;
// else nil. That the user is active is not asked, as in Django.
func (v *Views) resetUser(r *http.Request) (*auth.User, error) {
	ctx := r.Context()
	user, err := v.config.Auth.UserByUID(ctx, r.PathValue("uidb64"))
	if errors.Is(err, auth.ErrNoUser) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	token := r.PathValue("token")
	if token == resetURLToken {
		session, err := sessions.FromContext(ctx)
		if err == nil {
			token, err = session.Text(ctx, resetTokenKey)
		}
		if err != nil {
			return nil, err
		}
	}
	if !v.config.Auth.CheckResetToken(user, token) {
		return nil, nil
	}
	return user, nil
}

// hideResetToken puts the token into the session and leads to the same address
// without it. The session gets a new key, so that nobody who planted the old one in
// this browser has the token too.
func (v *Views) hideResetToken(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err == nil {
		err = session.Renew(ctx)
	}
	token := r.PathValue("token")
	if err == nil {
		err = session.Set(ctx, resetTokenKey, token)
	}
	if err != nil {
		v.fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "reset.token_good")
	target := url.URL{Path: requestinfo.Below(r, strings.ReplaceAll(r.URL.Path, token, resetURLToken))}
	v.redirect(w, r, target.EscapedPath())
}

// confirmReset asks for the new password and sets it. Nobody is signed in by it.
func (v *Views) confirmReset(w http.ResponseWriter, r *http.Request, user *auth.User) {
	t := v.translator(w, r)
	if r.Method != http.MethodPost {
		flow.Emit(r.Context(), "reset.password_form")
		v.invite(w, r, "password_reset_confirm.html", v.newPasswordForm(t, nil, user))
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	form := v.newPasswordForm(t, b, user)
	raw, err := v.takeNewPassword(r.Context(), t, b, form.Fields, user)
	if err == nil && form.Failed() {
		flow.Emit(r.Context(), "reset.password_refused")
		v.showForm(w, r, http.StatusBadRequest, "password_reset_confirm.html", form)
		return
	}
	if err == nil {
		err = v.resetPassword(w, r, user, raw)
	}
	if errors.Is(err, auth.ErrSamePassword) {
		form.Fields[len(form.Fields)-1].reject(errSamePassword)
		v.showForm(w, r, http.StatusBadRequest, "password_reset_confirm.html", form)
		return
	}
	switch {
	case errors.Is(err, accounts.ErrLink): // another request was faster
		v.resetUnsuccessful(w, r)
	case err != nil:
		v.fail(w, r, err)
	case negotiate.HTML(r):
		v.redirect(w, r, requestinfo.Below(r, PasswordResetCompleteURL))
	default:
		sayJSON(w, http.StatusOK, map[string]string{"message": "Password changed successfully"})
	}
}

func (v *Views) newPasswordForm(t *i18n.Translator, b body, user *auth.User) *Form {
	return &Form{Submit: t.T("Change my password"), Username: user.Username, Fields: v.newPasswordFields(t, b)}
}

// resetPassword sets the password and takes the token out of the session. All
// sessions of the user end, and so does that of the request if it is one of them.
// The user has proved to own the mailbox: other people's guesses do not count any
// more, and the browser is a known one.
func (v *Views) resetPassword(w http.ResponseWriter, r *http.Request, user *auth.User, raw string) error {
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
	if err := v.config.Accounts.ResetPassword(known, user, raw); err != nil {
		return err
	}
	flow.Emit(r.Context(), "reset.done", slog.String("user", user.ID))
	if err := v.config.Auth.Unlock(ctx, user); err != nil { // the password is set all the same
		slog.WarnContext(ctx, "the attempts of a user could not be made whole", "user", user.ID, "error", err)
	}
	if err := v.config.Auth.SetDeviceCookie(w, r, user); err != nil {
		return err
	}
	if current.ID == user.ID {
		return v.config.Auth.Logout(r)
	}
	_, err = session.Delete(ctx, resetTokenKey)
	return err
}

// resetUnsuccessful answers for a link that is no good: with a page and 200, as in
// Django, and a program with 410.
func (v *Views) resetUnsuccessful(w http.ResponseWriter, r *http.Request) {
	flow.Emit(r.Context(), "reset.link_bad")
	if negotiate.HTML(r) {
		v.Render(w, r, http.StatusOK, "password_reset_unsuccessful.html", nil)
		return
	}
	sayJSON(w, http.StatusGone, map[string]string{"error": v.translator(w, r).T("The password reset link was invalid, possibly because " +
		"it has already been used. Please request a new password reset.")})
}

// passwordResetComplete says that the password is set.
func (v *Views) passwordResetComplete(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "password_reset_complete.html", i18n.Mark("Your password has been set. You may go ahead and log in now."))
}
