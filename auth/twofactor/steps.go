package twofactor

import (
	"context"
	"slices"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// Factors returns the steps of a login: the code of those who have a factor, and adding one for those
// who must have one.
func (s *Service) Factors() []auth.Factor { return []auth.Factor{code{s}, setup{s}} }

// code is the step that asks for a code.
type code struct{ *Service }

func (code) Name() string { return MethodCode }
func (code) URL() string  { return CodeURL }

// Wanted reports whether the user has a factor that was not shown yet, on a device that is not
// trusted. It returns auth.ErrLoginElsewhere if only a Django beside can ask for it.
func (c code) Wanted(ctx context.Context, user *auth.User, have []auth.Proof) (bool, error) {
	if shown(have) {
		return false, nil
	}
	has, err := c.look(ctx, user)
	if err != nil || has.none() {
		return false, err
	}
	if has.elsewhere() {
		c.log.InfoContext(ctx, "login refused: the second factor of the user can be checked at the Django "+
			"site alone", requestinfo.LogClient(ctx), "user", user.ID)
		return false, auth.ErrLoginElsewhere
	}
	trusted, err := c.trusted(ctx, user, has)
	return !trusted, err
}

// setup is the step in which a user who must have a factor adds one.
type setup struct{ *Service }

func (setup) Name() string { return "two_factor_setup" }
func (setup) URL() string  { return SetupURL }

// Wanted reports whether the user must have a factor and has none.
func (s setup) Wanted(ctx context.Context, user *auth.User, have []auth.Proof) (bool, error) {
	if shown(have) || !s.options.Asks() {
		return false, nil
	}
	has, err := s.look(ctx, user)
	if err != nil || !has.none() {
		return false, err
	}
	return s.requires(ctx, user)
}

// shown reports whether the user has shown a second factor.
func shown(have []auth.Proof) bool {
	return slices.ContainsFunc(have, func(p auth.Proof) bool {
		return p.Method == MethodCode || p.Method == MethodRecovery || p.Method == MethodPasskey
	})
}

// lookedAt is under what the steps of one login remember what the user of this ID has.
type lookedAt struct {
	*Service
	userID string
}

// look is factorsOf for the steps of a login, all of which ask: once for a request.
func (s *Service) look(ctx context.Context, user *auth.User) (factors, error) {
	return hooks.Once(ctx, lookedAt{s, user.ID}, func() (factors, error) { return s.factorsOf(ctx, user) })
}
