package accounts

import (
	"context"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
)

// NoticeFactorAdded notifies a user by email that their logins ask for a code from now on, and
// records it in the audit log.
func (s *Service) NoticeFactorAdded(r *http.Request, user *auth.User) {
	_ = s.record(r.Context(), audit.Event{Code: "factor-added", User: user, Request: r}) // it waits
	s.tell(r, "factor_added", user)
}

// NoticeFactorRemoved notifies a user by email that their logins ask for no code any more, and
// records it in the audit log.
func (s *Service) NoticeFactorRemoved(r *http.Request, user *auth.User) {
	_ = s.record(r.Context(), audit.Event{Code: "factor-removed", User: user, Request: r}) // it waits
	s.tell(r, "factor_removed", user)
}

// NoticeRecoveryCode notifies a user by email that a recovery code was used, and how many are left,
// and records it in the audit log.
func (s *Service) NoticeRecoveryCode(r *http.Request, user *auth.User, left int) {
	_ = s.record(r.Context(), audit.Event{Code: "recovery-code-used", User: user, Request: r}) // it waits
	s.tellOf(r, notice{name: "recovery_code_used", left: left}, user)
}

// MailFactorRemoved notifies a user by email that the operator who runs the site has removed their
// second factor, in a language of the site; its own when empty. A user without an address gets none,
// and where no email is sent nothing happens.
func (s *Service) MailFactorRemoved(ctx context.Context, user *auth.User, lang string) error {
	if user.Email == "" || s.config.Mail == nil {
		return nil
	}
	return s.enqueue(ctx, job{
		Kind: "factor_removed_for", To: user.Email, Lang: lang, Username: user.Username, Email: user.Email,
		URL: s.config.BaseURL + TwoFactorPath,
	})
}
