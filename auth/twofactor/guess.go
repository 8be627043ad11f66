package twofactor

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/i18n"
)

// WrongCode is what pages say about a code that Guess did not accept.
var WrongCode = i18n.Mark("This code is wrong, or was used before. Wait for the next code of your app, or " +
	"check that the clock of your phone is right.")

// Guess is Check for a code that the user of a request typed: it counts like a guess of a password,
// and a wrong one is in the audit log. The error is an attempts.ThrottledError, or a failure.
func (s *Service) Guess(r *http.Request, a *auth.Service, user *auth.User, typed Typed) (Shown, error) {
	settle, err := a.GuessCode(r, user)
	if err != nil {
		return Shown{}, err
	}
	shown, err := s.Check(r.Context(), user, typed)
	if err != nil {
		return Shown{}, err
	}
	settle(shown.Method != "")
	if shown.Method == "" { // the log records it behind the response
		_ = a.Audit().Add(r.Context(), audit.Event{
			Code: "code-failed", Reason: "wrong-code", User: user, Request: r,
		})
	}
	return shown, nil
}
