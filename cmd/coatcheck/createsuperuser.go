package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/password/validate"
)

// createsuperuserCommand creates a user who may do everything (Django:
// createsuperuser).
type createsuperuserCommand struct {
	Username  *string       `env:"-" help:"Username; asked for if absent."`
	Email     *string       `env:"-" help:"Email address; asked for if absent."`
	NoInput   bool          `name:"noinput" aliases:"no-input" env:"-" help:"Ask nothing. The values are those of the flags, or of $$DJANGO_SUPERUSER_USERNAME, _EMAIL and _PASSWORD; without a password nobody can log in by one."`
	Fields    fieldFlags    `embed:""`
	Database  databaseFlags `embed:""`
	Create    createFlag    `embed:""`
	Passwords passwordFlags `embed:""`
	Audit     auditFlag     `embed:""`
	Verbosity verbosityFlag `embed:""`
}

// Run creates the user.
func (c *createsuperuserCommand) Run(ctx context.Context, con *console.Console) (err error) {
	absent := c.Database.fileAbsent()
	if absent && !c.NoInput && !con.IsTerminal() {
		return skip(con)
	}
	open := c.Database.open
	if absent {
		open = func(ctx context.Context) (*database.DB, error) { return c.firstRun(ctx, con) }
	}
	db, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	accounts, err := c.Passwords.accounts(db, &c.Audit)
	if err != nil {
		return err
	}
	if err := warnUnapplied(ctx, con, db); err != nil {
		return err
	}
	maker := &superuserMaker{con, accounts}
	var user auth.NewUser
	switch {
	case c.NoInput:
		user, err = maker.fromEnvironment(ctx, c.Username, c.Email)
	case !con.IsTerminal():
		return skip(con)
	default:
		user, err = maker.fromPrompts(ctx, c.Username, c.Email)
	}
	if err != nil {
		return err
	}
	if user.Extra, err = c.Fields.extra(ctx, con, db.UserModel(), c.NoInput); err != nil {
		return err
	}
	c.Audit.warn(con, db)
	_, err = accounts.CreateSuperuser(ctx, user)
	if errors.Is(err, auth.ErrUsernameTaken) { // by somebody who was faster
		err = maker.taken()
	}
	if err != nil {
		return err
	}
	if c.Verbosity.Level > 0 {
		con.Say("Superuser created successfully.")
	}
	return nil
}

// skip reports in Django's words that there is nobody to ask.
func skip(con *console.Console) error {
	con.Say("Superuser creation skipped due to not running in a TTY. " +
		"You can run `coatcheck createsuperuser` in your project to create one manually.")
	return nil
}

// firstRun creates the database, as serve does, unless it is seen beforehand that there is nobody
// to put into it.
func (c *createsuperuserCommand) firstRun(ctx context.Context, con *console.Console) (*database.DB, error) {
	if err := c.Database.mayMake(c.Create.Create); err != nil {
		return nil, err
	}
	if _, ok := given(c.Username, "DJANGO_SUPERUSER_USERNAME"); c.NoInput && !ok {
		return nil, usernameMissing
	}
	if _, ok := given(c.Email, "DJANGO_SUPERUSER_EMAIL"); c.NoInput && !ok {
		return nil, emailMissing
	}
	if _, err := c.Passwords.Hasher.config(); err != nil {
		return nil, err
	}
	db, err := c.Database.connect(ctx, true)
	if err == nil {
		tellDatabase(con, &c.Database)
	}
	return db, err
}

// sentence is an error in Django's words, for the person who typed the command.
type sentence string

// Error is the sentence.
func (s sentence) Error() string { return string(s) }

// Django's sentences.
const (
	usernameTaken   sentence = "Error: That username is already taken."
	emailTaken      sentence = "Error: That email address is already taken."
	usernameBlank   sentence = "Username cannot be blank."
	emailBlank      sentence = "Email address cannot be blank."
	usernameMissing sentence = "You must use --username with --noinput."
	emailMissing    sentence = "You must use --email with --noinput."
	fieldBlank      sentence = "Error: This field cannot be blank."
	passwordsDiffer sentence = "Error: Your passwords didn't match."
	passwordsBlank  sentence = "Error: Blank passwords aren't allowed."
)

// superuserMaker gathers what a superuser is made of.
type superuserMaker struct {
	con      *console.Console
	accounts *auth.Service
}

// fromEnvironment reads flags, else the environment. As in Django the password
// is not judged.
func (m *superuserMaker) fromEnvironment(
	ctx context.Context, username, email *string,
) (user auth.NewUser, err error) {
	var name string
	var ok bool
	if !m.accounts.UsernameIsEmail() {
		if name, ok = given(username, "DJANGO_SUPERUSER_USERNAME"); !ok {
			return user, usernameMissing
		}
		if err := m.checkUsername(ctx, name); err != nil {
			return user, err
		}
	}
	// An empty flag gives way to the environment, and counts if that is empty too.
	if email != nil && *email == "" && os.Getenv("DJANGO_SUPERUSER_EMAIL") != "" {
		email = nil
	}
	address, ok := given(email, "DJANGO_SUPERUSER_EMAIL")
	if !ok {
		return user, emailMissing
	}
	if address, err = m.checkEmail(ctx, address); err != nil {
		return user, err
	}
	return auth.NewUser{Username: name, Email: address, Password: os.Getenv("DJANGO_SUPERUSER_PASSWORD")}, nil
}

// given is the value of a flag, or of the environment where there is no flag.
func given(flag *string, env string) (string, bool) {
	if flag != nil {
		return *flag, true
	}
	return os.LookupEnv(env)
}

// checkUsername reports in Django's words why nobody can get the name.
func (m *superuserMaker) checkUsername(ctx context.Context, name string) error {
	if name == "" {
		return usernameBlank
	}
	taken, err := m.accounts.UsernameTaken(ctx, name)
	switch {
	case err != nil:
		return outage{err}
	case taken:
		return usernameTaken
	}
	_, err = identity.CleanUsername(name)
	return err
}

// outage is an error that asking again does not mend.
type outage struct{ error }

func (o outage) Unwrap() error { return o.error }

// fromPrompts asks for what the flags do not say, until it is good.
func (m *superuserMaker) fromPrompts(
	ctx context.Context, username, email *string,
) (user auth.NewUser, err error) {
	if !m.accounts.UsernameIsEmail() {
		if user.Username, err = m.askUsername(ctx, username); err != nil {
			return user, err
		}
	}
	if user.Email, err = m.askEmail(ctx, email); err != nil {
		return user, err
	}
	user.Password, err = m.askPassword(ctx, &auth.User{Username: user.Username, Email: user.Email})
	return user, err
}

func (m *superuserMaker) askUsername(ctx context.Context, flag *string) (string, error) {
	suggested, err := m.suggestUsername(ctx)
	if err != nil {
		return "", err
	}
	prompt := "Username: "
	if suggested != "" {
		prompt = fmt.Sprintf("Username (leave blank to use '%s'): ", suggested)
	}
	if flag != nil {
		if *flag == "" {
			return "", usernameBlank
		}
		if ok, err := m.accept(m.checkUsername(ctx, *flag)); ok || err != nil {
			return *flag, err
		}
	}
	for {
		name, err := m.con.Ask(ctx, prompt)
		if err != nil {
			return "", err
		}
		if name == "" {
			name = suggested
		}
		err = m.checkTyped(ctx, name)
		if ok, err := m.accept(err); ok || err != nil {
			return name, err
		}
	}
}

// checkTyped reports what is wrong with a name that was typed at the prompt, where
// Django looks at the form of a name before it looks for the name.
func (m *superuserMaker) checkTyped(ctx context.Context, name string) error {
	if name == "" {
		return fieldBlank
	}
	if _, err := identity.CleanUsername(name); err != nil {
		return sentence("Error: " + err.Error())
	}
	return m.checkUsername(ctx, name)
}

// accept shows what is wrong and reports whether nothing is.
func (m *superuserMaker) accept(err error) (bool, error) {
	var fatal outage
	if err == nil || errors.As(err, &fatal) {
		return err == nil, err
	}
	m.con.Complain(err.Error())
	return false, nil
}

func (m *superuserMaker) askEmail(ctx context.Context, flag *string) (string, error) {
	if flag != nil {
		return m.checkEmail(ctx, *flag)
	}
	for {
		email, err := m.con.Ask(ctx, "Email address: ")
		if err != nil {
			return "", err
		}
		email, err = m.checkEmail(ctx, email)
		var fatal outage
		if err == nil || errors.As(err, &fatal) {
			return email, err
		}
		m.con.Complain("Error: " + strings.TrimPrefix(err.Error(), "Error: "))
	}
}

// checkEmail accepts no address too, as Django does, unless one signs in by it.
func (m *superuserMaker) checkEmail(ctx context.Context, address string) (string, error) {
	signsIn := m.accounts.UsernameIsEmail()
	if address == "" && !signsIn {
		return "", nil
	}
	email, err := identity.CleanEmail(address)
	if err != nil || !signsIn {
		return email, err
	}
	if email == "" {
		return "", emailBlank
	}
	taken, err := m.accounts.UsernameTaken(ctx, email)
	switch {
	case err != nil:
		return "", outage{err}
	case taken:
		return "", emailTaken
	}
	return email, nil
}

// taken is Django's sentence about what two users cannot share.
func (m *superuserMaker) taken() error {
	if m.accounts.UsernameIsEmail() {
		return emailTaken
	}
	return usernameTaken
}

// askPassword asks until two are the same, and good or wanted all the same.
func (m *superuserMaker) askPassword(ctx context.Context, user *auth.User) (string, error) {
	for {
		first, err := m.con.AskSecret(ctx, "Password: ")
		if err != nil {
			return "", err
		}
		second, err := m.con.AskSecret(ctx, "Password (again): ")
		if err != nil {
			return "", err
		}
		switch {
		case first != second:
			m.con.Complain(passwordsDiffer.Error())
		case strings.TrimSpace(first) == "":
			m.con.Complain(passwordsBlank.Error())
		default:
			if ok, err := m.acceptPassword(ctx, first, user); ok || err != nil {
				return first, err
			}
		}
	}
}

// acceptPassword shows what the validators say, and asks whether to pass them
// over.
func (m *superuserMaker) acceptPassword(ctx context.Context, raw string, user *auth.User) (bool, error) {
	if good, err := judge(ctx, m.con, m.accounts, raw, user); good || err != nil {
		return good, err
	}
	answer, err := m.con.Ask(ctx, "Bypass password validation and create user anyway? [y/N]: ")
	return strings.EqualFold(answer, "y"), err
}

// judge shows what is wrong with a password, and reports whether nothing is.
func judge(
	ctx context.Context, con *console.Console, accounts *auth.Service, raw string, user *auth.User,
) (bool, error) {
	err := accounts.ValidatePassword(ctx, raw, user)
	var wrong validate.Errors
	if errors.As(err, &wrong) {
		con.Complain(wrong.Error())
		return false, nil
	}
	return err == nil, err
}

// suggestUsername returns the name of the system's user in a form that Django
// takes, if nobody has it, or else nothing (Django: get_default_username).
func (m *superuserMaker) suggestUsername(ctx context.Context) (string, error) {
	name := plainUsername(systemUsername())
	if _, err := identity.CleanUsername(name); err != nil {
		return "", nil
	}
	taken, err := m.accounts.UsernameTaken(ctx, name)
	if taken || err != nil {
		return "", err
	}
	return name, nil
}
