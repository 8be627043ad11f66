package accounts

import (
	"net/http"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/locale"
)

// Where the links in emails lead, before what belongs to each. ResetPath is
// Django's, so that a link of one side works on the other.
const (
	ResetPath         = "/accounts/reset/"          // <uidb64>/<token>/
	SignupConfirmPath = "/accounts/signup/confirm/" // <token>/
	InvitationPath    = "/accounts/invitation/"     // <token>/
	EmailConfirmPath  = "/accounts/email/confirm/"  // <token>/
	DisownPath        = "/accounts/not-me/"         // <token>/

	PasswordResetPath = "/accounts/password_reset/" // asks for an address
	TwoFactorPath     = "/accounts/two_factor/"     // second factors
)

// translator speaks the language of a request.
func (s *Service) translator(r *http.Request) *i18n.Translator {
	return locale.Of(s.config.Languages, r)
}
