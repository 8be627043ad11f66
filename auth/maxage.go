package auth

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/sessions"
)

// errMaxAge is about the configuration.
var errMaxAge = errors.New("auth: Config.SessionMaxAge must not be negative, and have a second at least")

func checkMaxAge(d time.Duration) error {
	if d < 0 || d > 0 && d < time.Second {
		return errMaxAge
	}
	return nil
}

// stampBegin stores when the session began, if sessions have a greatest age. A session
// that knows it already keeps it, whatever happens in it.
func (s *Service) stampBegin(ctx context.Context, session *sessions.Session) error {
	if s.maxAge == 0 {
		return nil
	}
	if _, there, err := session.Get(ctx, sessionkeys.Began); there || err != nil {
		return err
	}
	return session.Set(ctx, sessionkeys.Began, time.Now().Unix())
}

// outlived reports whether a session that was loaded is older than sessions may be. One that
// does not say when it began is not.
func (s *Service) outlived(session *sessions.Session) bool {
	if s.maxAge == 0 {
		return false
	}
	text, there := session.Peek(sessionkeys.Began)
	if !there {
		return false
	}
	began, err := strconv.ParseInt(text, 10, 64)
	return err != nil || time.Since(time.Unix(began, 0)) >= s.maxAge
}
