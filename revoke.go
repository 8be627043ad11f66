package coatcheck

import (
	"context"
	"errors"

	"github.com/coatcheck/coatcheck/auth"
)

// EndSessions ends all sessions of a user, wherever they were made, and returns how many
// were removed. It needs no request, so that a job in the background or a webhook can call
// it, for instance when an employee leaves. It is Accounts.EndSessions without progress; an
// error is a failure of the database or of the store, or says that the database lacks the
// tables that coatcheck migrate makes.
func (s *Site) EndSessions(ctx context.Context, user *auth.User) (int, error) {
	if s.Accounts == nil {
		return 0, errors.New("coatcheck: the database has no tables of Coatcheck's own, so sessions cannot be ended by their user; run coatcheck migrate")
	}
	return s.Accounts.EndSessions(ctx, user, nil)
}
