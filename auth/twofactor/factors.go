package twofactor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// factors are what a user has.
type factors struct {
	app     *own.TOTP // nil for none
	devices []database.OTPDevice
	allauth allauth
}

func (f factors) none() bool { return f.app == nil && len(f.devices) == 0 && !f.allauth.asked() }

// elsewhere reports whether no code that the user has can be checked here.
func (f factors) elsewhere() bool {
	return f.app == nil && len(f.devices) == 0 && f.allauth.elsewhere()
}

// secrets is a text that is another one when the factors are others.
func (f factors) secrets() string {
	var b strings.Builder
	if f.app != nil {
		b.WriteString(f.app.Secret)
	}
	for _, d := range f.devices {
		fmt.Fprintf(&b, " %d:%s", d.ID, d.Key)
	}
	if a := f.allauth.app; a != nil {
		fmt.Fprintf(&b, " allauth %d:%s", a.ID, a.Data)
	}
	return b.String()
}

// factorsOf returns what a user has.
func (s *Service) factorsOf(ctx context.Context, user *auth.User) (has factors, err error) {
	if s.stores {
		has.app, err = s.own.TOTP(ctx, user.ID)
	}
	if errors.Is(err, database.ErrNotFound) {
		err = nil
	}
	if err == nil {
		has.devices, err = s.db.OTPDevices(ctx, user.ID)
	}
	if err == nil {
		has.allauth, err = s.allauthOf(ctx, user)
	}
	if err != nil {
		return factors{}, fmt.Errorf("twofactor: %w", err)
	}
	return has, nil
}
