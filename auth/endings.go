package auth

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/sessions"
)

// Endings numbers the times when all sessions of a user ended together. A
// *database.DB with our own tables is one.
type Endings interface {
	// Ending returns the number of the last one, or 0.
	Ending(ctx context.Context, userID string) (int64, error)
}

// lastEnding is the number of the last ending of the user's sessions, which a user
// who was just read by ID bears already.
func (s *Service) lastEnding(ctx context.Context, user *User) (int64, error) {
	if s.endings == nil {
		return 0, nil
	}
	if n, known := user.Ending(); known {
		return n, nil
	}
	n, err := s.endings.Ending(ctx, user.ID)
	if err != nil {
		return 0, fmt.Errorf("auth: %w", err)
	}
	return n, nil
}

// endedWith reports whether a session of the user ended with the ending of that
// number. A session that bears no number was made by a Django, or before there were
// any: then the user's last login reports whether it can have begun since.
func endedWith(v sessionkeys.Values, user *User, ending int64) bool {
	if ending == 0 {
		return false
	}
	text, ok := v.Get(sessionkeys.Ending)
	if !ok {
		return !user.LastLogin.After(time.UnixMicro(ending))
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return err != nil || n < ending
}

// over reports whether the session ended with the others of its user.
func (s *Service) over(ctx context.Context, session *sessions.Session, user *User) (bool, error) {
	ending, err := s.lastEnding(ctx, user)
	return err == nil && endedWith(sessionkeys.Loaded(session), user, ending), err
}

// Holds reports whether what a session holds signs the user in: it names the user,
// the password has not changed since, and it did not end with the ending of that
// number.
func (s *Service) Holds(data sessions.Data, user *User, ending int64) bool {
	return s.holds(data, user, ending)
}

func (s *Service) holds(v sessionkeys.Values, user *User, ending int64) bool {
	if !user.IsAuthenticated() || sessionkeys.UserOf(v) != user.ID {
		return false
	}
	stored, _ := sessionkeys.Text(v, sessionkeys.Hash)
	return s.matchHash(stored, user.Password) != hashDiffers && !endedWith(v, user, ending)
}
