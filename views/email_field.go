package views

import (
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/mail"
)

// takeEmail reads an address that must be there, and to which an email is to be sent.
func (f *Field) takeEmail(b body) string {
	raw, ok := f.take(b)
	if !ok {
		return ""
	}
	f.Value = raw
	email, err := cleanRecipient(raw)
	if email == "" && err == nil { // spaces
		err = identity.ErrRequired
	}
	if err != nil {
		f.reject(err)
	}
	return email
}

// cleanEmail is identity.CleanEmail, and cleanRecipient where the site sends email.
func (v *Views) cleanEmail(raw string) (string, error) {
	if v.config.sendsMail() {
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
