package main

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/textfile"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/smtp"
)

// mailFlags say how emails are sent. The password is no flag, since everybody on a
// machine can read the flags of its processes.
type mailFlags struct {
	BaseURL      string  `group:"mail" name:"base-url" placeholder:"URL" help:"Where the site is for its visitors, https://www.example.com, for the links in emails. Needed to send emails; where they are only shown it is --addr by default."`
	Backend      string  `group:"mail" name:"email-backend" enum:"console,smtp,file,none" default:"console" help:"How emails go out: ${enum}. console prints them, for development; none leaves out the pages that need them (EMAIL_BACKEND)."`
	From         string  `group:"mail" name:"default-from-email" default:"${mail_from}" placeholder:"ADDRESS" help:"Sender of emails. An address without a name gets --site-name in front (DEFAULT_FROM_EMAIL)."`
	FilePath     string  `group:"mail" name:"email-file-path" placeholder:"DIR" help:"Folder of --email-backend file (EMAIL_FILE_PATH)."`
	Host         string  `group:"mail" name:"email-host" default:"localhost" help:"Mail server (EMAIL_HOST)."`
	Port         int     `group:"mail" name:"email-port" default:"0" help:"Its port; 0 for that of --email-tls (EMAIL_PORT)."`
	User         string  `group:"mail" name:"email-host-user" placeholder:"NAME" help:"Account at the mail server (EMAIL_HOST_USER)."`
	PasswordFile string  `group:"mail" name:"email-host-password-file" placeholder:"PATH" help:"File with its password; or set $$COATCHECK_EMAIL_HOST_PASSWORD (EMAIL_HOST_PASSWORD)."`
	TLS          string  `group:"mail" name:"email-tls" enum:"starttls,tls,insecure-plain" default:"starttls" help:"Encryption: ${enum}. With starttls a server that does not offer it gets no email (EMAIL_USE_TLS, EMAIL_USE_SSL)."`
	Timeout      float64 `group:"mail" name:"email-timeout" default:"10" help:"How long one email may take, in seconds (EMAIL_TIMEOUT)."`
}

// passwordVariable contains the password of the account at the mail server.
const passwordVariable = envPrefix + "_EMAIL_HOST_PASSWORD"

// apply configures the site.
func (f *mailFlags) apply(c *coatcheck.Config, con *console.Console) (err error) {
	c.Site.BaseURL = f.BaseURL
	from := f.from(c.Site.Name)
	switch f.Backend {
	case "none":
		return nil
	case "console":
		c.Accounts.Mail, err = mail.NewConsole(mail.ConsoleConfig{Writer: con.Out, From: from})
	case "file":
		if f.FilePath == "" {
			return usageError{errors.New("--email-backend file needs --email-file-path")}
		}
		c.Accounts.Mail, err = mail.NewDir(mail.DirConfig{Path: f.FilePath, From: from})
	case "smtp":
		c.Accounts.Mail, err = f.smtp(from)
	}
	if err != nil {
		return err
	}
	if f.BaseURL == "" && f.Backend == "smtp" {
		return usageError{errors.New("--email-backend smtp needs --base-url, where the links in emails " +
			"lead: https://www.example.com for instance")}
	}
	return nil
}

// from returns the sender of emails. A bare address gets the name of the site in front, since that
// is what people see first; another name stays.
func (f *mailFlags) from(site string) string {
	sender, err := netmail.ParseAddress(f.From)
	if err != nil || sender.Name != "" {
		return f.From
	}
	named := (&netmail.Address{Name: site, Address: sender.Address}).String()
	if mail.CheckFrom(named) != nil { // a name that no header can have
		return f.From
	}
	return named
}

func (f *mailFlags) smtp(from string) (mail.Sender, error) {
	timeout, err := span("email-timeout", f.Timeout, 0)
	if err != nil {
		return nil, err
	}
	config := smtp.Config{
		Host: f.Host, Port: f.Port, Username: f.User, Password: os.Getenv(passwordVariable),
		TLS: smtp.TLS(f.TLS), From: from,
		Timeout: timeout,
	}
	if f.PasswordFile != "" {
		if config.Password != "" {
			return nil, usageError{errors.New("there is an --email-host-password-file and a " + passwordVariable +
				"; give one of them")}
		}
		text, err := os.ReadFile(f.PasswordFile)
		if err == nil {
			text, err = textfile.Decode(text)
		}
		if err != nil {
			return nil, fmt.Errorf("the password of the mail server cannot be read: %w", err)
		}
		config.Password = strings.TrimRight(string(text), "\r\n")
	}
	return smtp.New(config)
}

// accountFlags say what people may do with their accounts.
type accountFlags struct {
	SignupVerification bool `group:"server" help:"Create accounts only once their address is confirmed by the link of an email."`
	SignupInvitation   bool `group:"server" help:"Let people sign up by an invitation only; see coatcheck invite."`
	LoginAfterSignup   bool `group:"server" help:"Sign in who has chosen a password on the page for signing up or by an invitation; by default they log in with it."`
	DeleteClosed       bool `group:"server" help:"Delete the row of an account that its user closes, instead of making it inactive; where rows of other tables refer to it, it is made inactive all the same."`
}

func (f *accountFlags) apply(c *coatcheck.Config) {
	c.Views.SignupVerification, c.Views.SignupInvitation = f.SignupVerification, f.SignupInvitation
	c.Views.LoginAfterSignup = f.LoginAfterSignup
	c.Accounts.DeleteClosed = f.DeleteClosed
}
