package oidc

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// refusal is a reason why somebody who comes from a provider gets no further.
type refusal struct {
	code flow.Code
	why  string // in a word or two, for the flow
}

// Error is the code.
func (e refusal) Error() string { return "oidc: refused: " + string(e.code) + " " + e.why }

// failure is an error of a provider, or of the network on the way to it: nothing that a visitor did.
type failure struct{ error }

// Unwrap returns the error.
func (e failure) Unwrap() error { return e.error }

// sentence is what is said about a refusal, or about a provider that failed.
type sentence struct {
	code     flow.Code
	status   int
	sentence string
}

// sentences are those about refusals.
var sentences = []sentence{
	{"oidc.state", http.StatusBadRequest, i18n.Mark(
		"This took too long, was done already, or began in another " +
			"browser. Please try again.",
	)},
	{"oidc.refused", http.StatusUnauthorized, i18n.Mark(
		"%(provider)s did not sign you in: you cancelled it, or it " +
			"does not let you use this site.",
	)},
	{"oidc.invalid", http.StatusUnauthorized, i18n.Mark(
		"The response of %(provider)s could not be checked. Please " +
			"try again.",
	)},
	{"oidc.unlinked", http.StatusUnauthorized, i18n.Mark(
		"Your account at %(provider)s is not linked to an account " +
			"here. Log in in another way, and link it on the page “Linked accounts”.",
	)},
	{"oidc.inactive", http.StatusUnauthorized, i18n.Mark(
		"This account is inactive.",
	)},
	{"oidc.taken", http.StatusConflict, i18n.Mark(
		"Your account at %(provider)s cannot be linked: another account " +
			"here has it, or you have 20 already.",
	)},
	{"oidc.exists", http.StatusConflict, i18n.Mark(
		"There is an account here already with your name or address at " +
			"%(provider)s. If it is yours, log in to it, and link %(provider)s on the page " +
			"“Linked accounts”.",
	)},
	{"oidc.nameless", http.StatusConflict, i18n.Mark(
		"%(provider)s does not say what you are called in a way that " +
			"can be a username here. Sign up in another way, and link %(provider)s then.",
	)},
	{"oidc.failed", http.StatusServiceUnavailable, i18n.Mark(
		"%(provider)s cannot be reached, or does not work at " +
			"the moment. Please try again later, or log in in another way.",
	)},
}

// saying returns what is said about an error, or nil for one of the store.
func saying(err error) *sentence {
	code, refused := flow.Code("oidc.failed"), refusal{}
	switch {
	case errors.As(err, &refused):
		code = refused.code
	case errors.As(err, new(wrong)):
		code = "oidc.invalid"
	case !errors.As(err, new(failure)):
		return nil
	}
	for i := range sentences {
		if sentences[i].code == code {
			return &sentences[i]
		}
	}
	return nil
}

// guessed reports whether an error may be of somebody who tries what they have not: those count as
// failed logins.
func guessed(err error) bool {
	return errors.As(err, new(wrong)) || errors.Is(err, refusal{"oidc.state", "unknown"}) ||
		errors.Is(err, refusal{"oidc.state", "used"})
}

// tell reports a refusal to the flow.
func (s *sentence) tell(r *http.Request, p *party, err error) {
	why, refused := "", refusal{}
	if bad := wrong(""); errors.As(err, &bad) {
		why = string(bad)
	} else if errors.As(err, &refused) {
		why = refused.why
	}
	attr := slog.String("why", requestinfo.LogText(why))
	if s.code == "oidc.failed" {
		attr = slog.Any("error", requestinfo.LogError(err))
	}
	flow.Emit(r.Context(), s.code, slog.String("provider", p.Name), attr)
}
