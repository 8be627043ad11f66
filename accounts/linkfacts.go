package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// LinkFacts are what there is to say about a link that works once, for people who ask why it does
// not. It has neither its token nor what it holds.
type LinkFacts struct {
	// Path is where such links lead: SignupConfirmPath, InvitationPath, EmailConfirmPath or
	// DisownPath. It is empty for what is no link of an email.
	Path             string
	Created, Expires time.Time
	// Sealed means that no secret key of the configuration opens what the link holds.
	Sealed bool
	// UserID is whom it concerns, if that is a user already, and User that one; nil who is gone.
	UserID string
	User   *auth.User
	// Outlived means that the password is another one than when the user asked for the link.
	Outlived bool
}

// pathOf is where the links of a kind lead.
var pathOf = map[string]string{
	kindSignup: SignupConfirmPath, kindEmail: EmailConfirmPath, kindInvitation: InvitationPath,
	kindDisown: DisownPath,
}

// LinkFacts looks a link up by its token, also one that has expired, and changes nothing. The error
// is ErrLink if there is none, and else a failure of the store.
func (s *Service) LinkFacts(ctx context.Context, token string) (*LinkFacts, error) {
	if len(token) > maxToken {
		return nil, ErrLink
	}
	link, err := s.own.AnyLink(ctx, tokenHash(token))
	if err != nil {
		return nil, orLink(err)
	}
	facts := &LinkFacts{
		Path: pathOf[link.Kind], Created: link.Created, Expires: link.Expires, UserID: link.UserID,
	}
	if link.UserID != "" {
		facts.User, err = s.db.UserByID(ctx, link.UserID)
		if err != nil && !errors.Is(err, database.ErrNotFound) {
			return nil, err
		}
	}
	all, err := s.openLink(link, new(json.RawMessage))
	switch {
	case errors.Is(err, ErrLink):
		facts.Sealed = true
	case err != nil:
		return nil, err
	case all.Credential != "" && facts.User != nil:
		facts.Outlived = all.asked(facts.User) != nil && facts.User.IsActive
	}
	return facts, nil
}
