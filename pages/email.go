package pages

import (
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/mail"
)

// TakeEmail reads an address that must be there, and to which an email is to be sent.
func (f *Field) TakeEmail(b Body) string {
	raw, ok := f.Take(b)
	if !ok {
		return ""
	}
	f.Value = raw
	email, err := cleanRecipient(raw)
	if email == "" && err == nil { // spaces
		err = identity.ErrRequired
	}
	if err != nil {
		f.Reject(err)
	}
	return email
}

// MaxEmail is the length of the column in characters.
const MaxEmail = 254

// CleanEmail is identity.CleanEmail, which also refuses what no mailer accepts where the site
// sends email.
func (k *Kit) CleanEmail(raw string) (string, error) {
	if k.config.SendsEmail {
		return cleanRecipient(raw)
	}
	return identity.CleanEmail(raw)
}

// cleanRecipient is identity.CleanEmail, and refuses what no mailer accepts although
// Django's form does, such as quoted local parts.
func cleanRecipient(raw string) (string, error) {
	email, err := identity.CleanEmail(raw)
	if email != "" && mail.CheckAddress(email) != nil {
		return "", identity.ErrInvalidEmail
	}
	return email, err
}
