package accounts

import (
	"context"
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/resettoken"
)

// RequestReset emails a link by which a new password can be chosen to every active
// user who has this address and a password, as far as anybody does. The response, its
// time included, is the same for every address: who it is for is found out from the
// queue. Lang is the language of the email. Django: PasswordResetForm.save.
func (s *Service) RequestReset(ctx context.Context, email, lang string) error {
	j := job{Kind: jobReset, To: email, Lang: lang}
	if r := hooks.RequestFromContext(ctx); r != nil {
		from := audit.OriginOf(r)
		j.IP, j.Browser, j.System = from.IP, from.Browser, from.OS
	}
	return s.enqueue(ctx, j)
}

// mailResets is the work of RequestReset. The emails go to the stored addresses: what
// was typed may only look the same (CVE-2019-19844).
func (s *Service) mailResets(ctx context.Context, j job) error {
	users, err := s.db.UsersByMailbox(ctx, j.To)
	if err != nil {
		return err
	}
	for _, user := range users {
		if !user.IsActive || !user.Password.Usable() {
			continue
		}
		if err := s.send(ctx, "password_reset", s.resetMail(user, j.Lang)); err != nil {
			return err
		}
		from := &audit.Origin{IP: j.IP, Browser: j.Browser, OS: j.System}
		told := audit.Event{Code: "password-reset-sent", User: user, From: from}
		if err := s.record(ctx, told); err != nil {
			return err
		}
	}
	return nil
}

// resetMail is an email with a link that resets the user's password.
func (s *Service) resetMail(user *auth.User, lang string) job {
	return job{
		Kind: "password_reset", To: user.Email, Lang: lang, Username: user.Username, Expires: s.auth.PasswordResetTimeout(),
		URL: s.config.BaseURL + ResetPath + resettoken.EncodeUID(user.ID) + "/" + s.auth.MakeResetToken(user) + "/", At: s.now(),
	}
}

// ResetPassword sets the password of the user whom a link named, and whose token was
// checked on this very user. Of any number who use one link at once, one does; the
// others get ErrLink. All sessions of the user end, wherever they are, because the hash
// of the password is another one, and nobody is signed in. The error is
// auth.ErrSamePassword if it is the present one: anyone else who knows that would stay in.
func (s *Service) ResetPassword(r *http.Request, user *auth.User, raw string) error {
	ctx := audit.WithCode(hooks.WithRequest(r), "password-reset")
	err := s.auth.ReplacePassword(ctx, user, raw)
	if errors.Is(err, auth.ErrPasswordChanged) {
		return ErrLink
	}
	if err != nil {
		return err
	}
	s.tidy(r.Context(), user)
	s.tell(r, "password_changed", user)
	return nil
}

// ChangePassword sets the password of the user of the request, who stays signed in;
// all other sessions of the user end, wherever they are, because the hash of the
// password is another one. The error is auth.ErrPasswordChanged where another request
// has changed it concurrently, and auth.ErrSamePassword if it is the present one. Django:
// PasswordChangeForm.save, and update_session_auth_hash.
func (s *Service) ChangePassword(r *http.Request, user *auth.User, raw string) error {
	if err := s.ensureRow(r); err != nil {
		return err
	}
	if err := s.auth.ReplacePassword(hooks.WithRequest(r), user, raw); err != nil {
		return err
	}
	s.tell(r, "password_changed", user) // also if the session has ended concurrently
	return s.auth.UpdateSessionAuthHash(r, user)
}

// tell is tellOf for a notice that has no more than its name.
func (s *Service) tell(r *http.Request, name string, user *auth.User) {
	s.tellOf(r, notice{name: name}, user)
}

// tellOf is notify at the user's address, after what cannot be undone: that an email could not be
// queued makes it no failure.
func (s *Service) tellOf(r *http.Request, n notice, user *auth.User) {
	n.to = user.Email
	if err := s.notify(r.Context(), r, n, user); err != nil {
		s.log.ErrorContext(r.Context(), "a user could not be told of a change",
			"mail", n.name, "user", user.ID, "error", err)
	}
}
