package auth

import (
	"crypto/subtle"

	"github.com/coatcheck/coatcheck/password"
)

// authHashSalt is Django's, the path of the method.
const authHashSalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

// SessionAuthHash is what a login stores in the session to bind it to the
// user's password: a MAC of the stored hash, so that a changed password ends
// the user's other sessions (Django: get_session_auth_hash).
func (s *Service) SessionAuthHash(u *User) string {
	return s.hashes[0].Hex(u.Password.Encoded())
}

// hashMatch is the outcome of comparing a session's auth hash with a user.
type hashMatch int

const (
	hashDiffers hashMatch = iota
	hashCurrent
	hashFallback // made with an old secret key
)

func (s *Service) matchHash(stored string, hash password.Hash) hashMatch {
	if stored == "" {
		return hashDiffers
	}
	for i, mac := range s.hashes {
		if subtle.ConstantTimeCompare([]byte(stored), []byte(mac.Hex(hash.Encoded()))) == 1 {
			if i == 0 {
				return hashCurrent
			}
			return hashFallback
		}
	}
	return hashDiffers
}
