package accounts

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// notice is an email about something that happened to an account. It goes to the
// address that the account had before.
type notice struct {
	name     string // of the template
	to       string
	newEmail string // that takes the place of to, if any
	left     int    // recovery codes
	passkey  string // the name of the passkey that it is about, if any
	provider string // the name of the OpenID provider that it is about, if any
}

// NoticeLogin notifies a user by email of a login from a browser that is not one of theirs. It
// is the After of a LoggedIn hook. The first login of an account is from a new device by
// itself, and nothing to be told of; nor is one that no password was needed for. An
// email that could not be queued is logged, and does not refuse the login.
func (s *Service) NoticeLogin(ctx context.Context, e *hooks.Event) {
	user, r := e.User, e.Request
	told := s.SendsMail() && !e.LastLogin.IsZero() && user.Password.Usable() &&
		s.auth.KnowsDevices() && !s.auth.KnownDevice(r, user)
	if !told {
		return
	}
	if err := s.notify(ctx, r, notice{name: "new_device", to: user.Email}, user); err != nil {
		s.log.ErrorContext(ctx, "a user could not be told of a new device", "user", user.ID, "error", err)
		return
	}
	flow.Emit(ctx, "notice.queued", slog.String("user", user.ID))
}

// notify queues a notice with the link "this wasn't me". A user without an address gets
// none, and where no email is sent nothing happens. Where sessions cannot be ended, so
// that the link could not keep what it promises, it leads to a new password instead,
// which does end them.
func (s *Service) notify(ctx context.Context, r *http.Request, n notice, user *auth.User) error {
	if n.to == "" || s.config.Mail == nil {
		return nil
	}
	j := job{
		Kind: n.name, To: n.to, Lang: s.language(r), Username: user.Username, Email: user.Email, OldEmail: n.to,
		URL: s.config.BaseURL + PasswordResetPath, Left: n.left, Passkey: n.passkey,
		Provider: n.provider,
	}
	if n.newEmail != "" {
		j.Email = n.newEmail
	}
	if s.EndsSessions() {
		token, err := s.storeRescue(ctx, user, n.to)
		if err != nil {
			return err
		}
		j.URL, j.Expires = s.config.BaseURL+DisownPath+token+"/", s.config.NoticeTimeout
	}
	j.Browser, j.System = device.Describe(userAgent(r))
	if client := requestinfo.Client(r); client.IsValid() {
		j.IP = client.String()
	}
	return s.enqueue(ctx, j)
}

// language is that of a request.
func (s *Service) language(r *http.Request) string {
	return s.translator(r).Code()
}
