package accounts

import (
	"context"
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// disowned is what the link "this wasn't me" undoes.
type disowned struct {
	// Session is the hash of the key of the one session to end; all when empty.
	Session string `json:"session,omitempty"`
	// Email is the address to bring back, if any, and NewEmail the one in its place.
	Email    string `json:"email,omitempty"`
	NewEmail string `json:"new_email,omitempty"`
}

// NoticeNewDevice tells a user by mail of a login from a device that is not known.
// It is for the session of the request, which has just been made; the link in the
// mail ends it.
func (s *Service) NoticeNewDevice(r *http.Request, user *auth.User) error {
	return s.notify(r, "new_device", user, "")
}

// notify mails a notice with the link "this wasn't me" to the user, or to the
// address that the user had before. Whoever has no address gets none, and where no
// mail is sent nothing happens.
func (s *Service) notify(r *http.Request, name string, user *auth.User, oldEmail string) error {
	undo, to := disowned{}, user.Email
	if oldEmail != "" {
		undo, to = disowned{Email: oldEmail, NewEmail: user.Email}, oldEmail
	}
	if to == "" || s.config.Mail == nil {
		return nil
	}
	ctx := r.Context()
	if name == "new_device" {
		session, err := sessions.FromContext(ctx)
		if err == nil && session.Key() == "" { // the session of another user was emptied for the login
			err = session.Save(ctx)
		}
		if err != nil {
			return err
		}
		undo.Session = keyHash(string(session.Key()))
	}
	token, err := s.newLink(ctx, kindDisown, user.ID, undo, s.config.NoticeTimeout)
	if err != nil {
		return err
	}
	j := job{
		Kind: name, To: to, Lang: s.language(r), Username: user.Username, Email: user.Email, OldEmail: oldEmail,
		URL: s.config.BaseURL + DisownPath + token + "/", Expires: s.config.NoticeTimeout,
	}
	j.Browser, j.System = device.Describe(userAgent(r))
	if client := requestinfo.Client(r); client.IsValid() {
		j.IP = client.String()
	}
	return s.enqueue(ctx, j)
}

// Undo is what a link "this wasn't me" would do, beside mailing a link to a new
// password.
type Undo struct {
	// OneSession says that the session of the notice ends; otherwise all do.
	OneSession bool
	// Email is the address that comes back, or empty.
	Email string
}

// Disownable says what the link "this wasn't me" would do. It changes nothing. The
// error is ErrLink, or an outage.
func (s *Service) Disownable(ctx context.Context, token string) (Undo, error) {
	var undo disowned
	_, err := s.readLink(ctx, kindDisown, token, &undo)
	return Undo{undo.Session != "", undo.Email}, err
}

// Disown does what the link "this wasn't me" is for: the session that it is about
// ends, or every session of the user; an address that was replaced comes back; and a
// link to a new password is mailed to the user. The error is ErrLink, or an outage.
// Lang is the language of the mail.
func (s *Service) Disown(ctx context.Context, token, lang string) error {
	var undo disowned
	link, err := s.readLink(ctx, kindDisown, token, &undo)
	if err != nil {
		return err
	}
	err = s.useLink(ctx, link, func(ctx context.Context, tx *database.DB) error {
		if undo.Email == "" {
			return nil
		}
		_, err := tx.ReplaceEmail(ctx, link.UserID, undo.NewEmail, undo.Email)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.endDisowned(ctx, link.UserID, undo.Session); err != nil {
		return err
	}
	user, err := s.db.UserByID(ctx, link.UserID)
	if errors.Is(err, database.ErrNotFound) || err == nil && (!user.IsActive || user.Email == "") {
		return nil
	}
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "a notice was disowned by the user", "user", user.ID)
	return s.enqueue(ctx, s.resetMail(user, lang))
}

func (s *Service) endDisowned(ctx context.Context, userID, session string) error {
	if session == "" {
		_, err := s.removeAll(ctx, userID)
		return err
	}
	rows, err := s.db.IndexedSessions(ctx, userID, maxListed)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.KeyHash == session {
			return s.remove(ctx, row)
		}
	}
	return nil
}

// remove ends an indexed session, whoever is signed in to it, and removes its row.
func (s *Service) remove(ctx context.Context, row database.IndexedSession) error {
	key, err := s.find(ctx, row)
	if err != nil {
		return err
	}
	if key != "" {
		if err := s.sessions.Session(key).Flush(ctx); err != nil {
			return err
		}
		s.recent.forget(key)
	}
	return s.db.DeleteIndexedSession(ctx, row.KeyHash)
}

// language is that of a request.
func (s *Service) language(r *http.Request) string {
	return s.translator(r).Code()
}
