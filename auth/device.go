package auth

import (
	"net/http"

	"github.com/coatcheck/coatcheck/internal/httptext"
)

// KnownDevice reports whether the user has signed in from the request's browser
// before, with the password that is the present one.
func (s *Service) KnownDevice(r *http.Request, user *User) bool {
	_, known := s.devices.Find(r, user)
	return known
}

// KnowsDevices reports whether browsers are told apart at all: where throttling is off
// they are not, and KnownDevice is always false.
func (s *Service) KnowsDevices() bool { return !s.attempts.Off() }

// SetDeviceCookie lets the browser be known from now on as one that the user has
// signed in from: KnownDevice is true, and guesses there cost attempts of its own.
// Call it after Login and before the first byte of the response, as the account
// pages do. A browser is known to the five accounts that signed in last. Where
// throttling is off it does nothing. The error is about a setting of the cookie.
//
// The cookie names no account: who has it learns at most how many there are. A
// password that was changed, or hashed anew, makes every device unknown.
func (s *Service) SetDeviceCookie(w http.ResponseWriter, r *http.Request, user *User) error {
	if !s.KnowsDevices() {
		return nil
	}
	line, err := s.devices.Cookie(r, user)
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", line)
	httptext.Private(w.Header())
	return nil
}
