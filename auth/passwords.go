package auth

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/password/validate"
)

// ValidatePassword judges a new password by the validators of the
// configuration, with what is known of the user; nil where nothing is. It
// returns nil when the password is good, else validate.Errors, whose
// messages are for the user; or another error when a validator could not judge.
// As in Django nothing below forms and the command line calls it: CreateUser and
// SetPassword take every password. Django: validate_password.
func (s *Service) ValidatePassword(ctx context.Context, raw string, user *User) error {
	timer := flow.Start(ctx)
	err := validate.Password(ctx, raw, s.attributes(user), s.validators)
	timer.Emit(ctx, "password.validated",
		slog.Int("validators", len(s.validators)), slog.Bool("good", err == nil))
	return err
}

// PasswordHelpTexts tell in sentences what is asked of a new password; none
// where every password is good. Django: password_validators_help_texts.
func (s *Service) PasswordHelpTexts() []string { return validate.HelpTexts(s.validators) }

// PasswordHelpTextsIn are the [Service.PasswordHelpTexts] in another language.
func (s *Service) PasswordHelpTextsIn(t *i18n.Translator) []string {
	return validate.HelpTextsIn(t, s.validators)
}

// PasswordRulesIn are the rules for a new password in a few words each, in another language.
func (s *Service) PasswordRulesIn(t *i18n.Translator) []validate.Rule {
	return validate.RulesIn(t, s.validators)
}

// attributes are what the validators know of a user: Django's fields, and the site's own
// columns of the user model as text. The username is under the name of its
// column, which may be that of the email address.
func (s *Service) attributes(u *User) validate.Attributes {
	if u == nil {
		return nil
	}
	known := validate.Attributes{"first_name": u.FirstName, "last_name": u.LastName, "email": u.Email}
	username := "username"
	if m, ok := s.users.(modeler); ok {
		model := m.UserModel()
		username = cmp.Or(model.UsernameColumn, username)
		for _, column := range model.Extra {
			var text string
			if u.ScanExtra(column, &text) == nil { // else it is not from the database
				known[column] = text
			}
		}
	}
	if s.usernameIsEmail {
		username = "email"
	}
	known[username] = cmp.Or(u.Username, known[username])
	return known
}

// passwordChanged notifies the validators that want to know. The password is
// stored already, so that an error is logged and nothing else.
func (s *Service) passwordChanged(ctx context.Context, raw string, user *User) {
	if raw == "" {
		return
	}
	if err := validate.Changed(ctx, raw, s.attributes(user), s.validators); err != nil {
		s.log.ErrorContext(ctx, "a password validator did not learn of a new password", "user", user.ID, "error", err)
	}
}
