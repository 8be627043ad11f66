package djangosettings

import "strings"

// sendsMail reports whether the project says how emails are sent. Every project has
// the backend for SMTP and a server on its own machine by default.
func (c *conversion) sendsMail() bool {
	return c.text("EMAIL_HOST") != "localhost" || c.text("EMAIL_HOST_USER") != ""
}

// passwordVariable contains the password of the account at the mail server.
const passwordVariable = "COATCHECK_EMAIL_HOST_PASSWORD"

// emailBackendSetting converts Django's own backends.
func emailBackendSetting(c *conversion, s djangoSetting, value any) {
	text, _ := value.(string)
	name, ours := strings.CutSuffix(strings.TrimPrefix(text, "django.core.mail.backends."), ".EmailBackend")
	switch {
	case !ours || strings.Contains(name, "."):
		c.set(s.flag, "none")
		c.note(s.name, "is a backend of the project's own; in Go it is a mail.Sender. Here the pages "+
			"that need emails are left out, "+
			"until email_backend says otherwise")
	case name == "smtp" && !c.sendsMail():
		c.note(s.name, "is Django's default, a mail server on its own machine; emails are printed until "+
			"--email-backend says otherwise")
	case name == "smtp":
		c.set(s.flag, "smtp")
		c.note(s.name, "needs --base-url, where the site is for its visitors")
	case name == "console":
	case name == "filebased":
		c.set(s.flag, "file")
	default: // dummy, locmem
		c.set(s.flag, "none")
	}
}

func emailPasswordSetting(c *conversion, s djangoSetting, value any) {
	if text, ok := value.(string); !ok || text != "" {
		c.note(s.name, "is not in the config; put it into a file that you alone can read, for "+
			"--email-host-password-file, or into $"+passwordVariable)
	}
}

// emailPortSetting leaves the default alone where no email is sent.
func emailPortSetting(c *conversion, s djangoSetting, value any) {
	if c.sendsMail() {
		c.set(s.flag, value)
	}
}

// emailTLSSetting reads EMAIL_USE_SSL too. A server without either gets emails in the
// clear, which is to be said in so many words.
func emailTLSSetting(c *conversion, s djangoSetting, value any) {
	switch {
	case value == true:
	case c.dump["EMAIL_USE_SSL"] == true:
		c.set(s.flag, "tls")
	case c.sendsMail():
		c.note(s.name, "is off; emails then go by STARTTLS, or to a server on this machine by --email-tls "+
			"insecure-plain")
	}
}
