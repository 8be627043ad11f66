package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth/attempts"
)

// GuessCode uses an attempt of a code that the user shows beside the password, before anybody looks
// at the code. It costs one of the client's address, from the budget that guesses of passwords share,
// and one of the user's codes, which a right password does not restore. The caller then calls
// settle: a right code restores what is the user's, and a wrong one is logged like a failed login.
// The error is an attempts.ThrottledError, or a failure of a store.
func (s *Service) GuessCode(r *http.Request, user *User) (settle func(right bool), err error) {
	wrong := func() { s.log.InfoContext(r.Context(), "login failed", client(r), userAttr(user.ID)) }
	if s.attempts.Off() {
		return func(right bool) {
			if !right {
				wrong()
			}
		}, nil
	}
	nonce, _ := s.devices.Find(r, user)
	address, codes := s.attempts.Client("", r), s.attempts.Code(nonce, user.ID)
	if err := s.attempts.Take(r.Context(), address, codes); err != nil {
		if errors.Is(err, attempts.ErrThrottled) {
			s.log.InfoContext(r.Context(), "code refused: too many attempts", client(r), userAttr(user.ID))
		}
		return nil, err
	}
	return func(right bool) {
		if !right {
			wrong()
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), settleTimeout)
		defer cancel()
		s.attempts.Give(ctx, address)
		s.attempts.Settle(ctx, user.ID, codes)
	}, nil
}
