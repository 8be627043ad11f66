package views

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/safeurl"
)

// maxPassword is how many bytes a new password has at most. Hashing is bounded
// by the limit of the body as well; this one is for the stored account.
const maxPassword = 4096

var errPasswordTooLong = &identity.FieldError{Code: "max_length", Message: i18n.Mark("This password is too long: at most 4,096 bytes can be used.")}

// sayTaken is Django's sentence about a username that exists.
var sayTaken = i18n.Mark("A user with that username already exists.")

// sayEmailTaken is Django's sentence about an email address that exists.
var sayEmailTaken = i18n.Mark("User with this Email address already exists.")

// maxEmail is the length of the column.
const maxEmail = 254

// createdField in the query of the login page tells it to say that the account
// was made. Nothing follows from it but that sentence.
const createdField = "created"

// signupForm begins with what users sign in with, and ends with the password.
func (v *Views) signupForm(t *i18n.Translator, next string) *Form {
	name := &Field{
		Name: "username", Label: t.T("Username"), Type: "text", Autocomplete: "username", MaxLength: identity.MaxUsername, Required: true,
		Help: t.T("Letters, digits and @ . + - _ only."),
	}
	email := &Field{Name: "email", Label: t.T("Email"), Type: "email", Autocomplete: "email", MaxLength: maxEmail, Help: t.T("Optional.")}
	secret := &Field{
		Name: "password", Label: t.T("Password"), Type: "password", Autocomplete: "new-password", Required: true,
		Help: t.T("A few words that nobody would guess."),
	}
	if rules := v.config.Auth.PasswordHelpTextsIn(t); len(rules) > 0 {
		secret.Help, secret.Rules = "", rules
	}
	fields := []*Field{name, email, secret}
	if v.config.Auth.UsernameIsEmail() {
		email.Autocomplete, email.Required, email.Help = "username", true, ""
		fields = fields[1:]
	}
	return &Form{Submit: t.T("Create account"), Next: next, Fields: fields}
}

// signup makes a user, and a session only with Config.LoginAfterSignup.
func (v *Views) signup(w http.ResponseWriter, r *http.Request) {
	if refused := v.config.signupRefusal(); refused != nil {
		v.refuse(w, r, refused)
		return
	}
	if v.passBy(w, r) {
		return
	}
	t := v.translator(w, r)
	if r.Method != http.MethodPost {
		flow.Emit(r.Context(), "signup.form")
		v.invite(w, r, "signup.html", v.openSignupForm(t, v.next(r, nil)))
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	form := v.openSignupForm(t, v.next(r, b))
	open := v.createUser
	if v.config.SignupVerification {
		open = v.beginSignup(t.Code())
	}
	created, status, err := v.signUp(r, b, form, open)
	switch {
	case errors.Is(err, attempts.ErrThrottled):
		v.hold(w, r, "signup.html", form, err)
	case err != nil:
		flow.Emit(r.Context(), "signup.failed", slog.Any("error", requestinfo.LogError(err)))
		v.fail(w, r, err)
	case form.Failed():
		flow.Emit(r.Context(), "signup.refused", slog.Int("status", status))
		v.showForm(w, r, status, "signup.html", form)
	case v.config.SignupVerification:
		v.answerSignupSent(w, r)
	default:
		v.answerCreated(w, r, created, form.Next)
	}
}

// signupRefusal says why nobody may sign up by the page, or is nil.
func (c *Config) signupRefusal() *refusal {
	switch {
	case c.SignupClosed:
		return &refusal{http.StatusForbidden, i18n.Mark("Accounts are not made on this page. Ask the people who run this site for one.")}
	case c.SignupInvitation:
		return &refusal{http.StatusForbidden, i18n.Mark("Accounts are made by invitation here. Ask the people who run this site for one, and open the link in it.")}
	}
	return nil
}

// answerCreated redirects a browser to the login page, which says that the account is
// made; or signs the user in, if Config.LoginAfterSignup says so and the user has just
// chosen the password.
func (v *Views) answerCreated(w http.ResponseWriter, r *http.Request, chosen *auth.User, next string) {
	if v.config.LoginAfterSignup && chosen != nil {
		v.enterNew(w, r, chosen, next)
		return
	}
	if negotiate.HTML(r) {
		v.redirect(w, r, withQuery(withQuery(v.loginURL(r), createdField, "1"), safeurl.RedirectFieldName, next))
		return
	}
	sayJSON(w, http.StatusCreated, map[string]string{"message": "User created successfully"})
}

// enterNew signs in who has just signed up, and redirects to where they were.
func (v *Views) enterNew(w http.ResponseWriter, r *http.Request, user *auth.User, next string) {
	user.Backend = v.config.Auth.PasswordBackend()
	p, err := v.signIn(r, user, "")
	switch {
	case err != nil:
		v.fail(w, r, err)
	case p.Next != nil:
		v.leadToStep(w, r, p.Next, next)
	case negotiate.HTML(r):
		v.welcome(w, r, user, next)
	default:
		v.sayLogin(w, r, http.StatusCreated, "User created successfully", user)
	}
}

// opener makes a user of what was typed, at once, or none yet.
type opener func(r *http.Request, n auth.NewUser) (*auth.User, error)

// createUser is an opener that makes the user at once.
func (v *Views) createUser(r *http.Request, n auth.NewUser) (*auth.User, error) {
	created, err := v.config.Auth.CreateUser(hooks.WithRequest(r), n)
	if err == nil {
		flow.Emit(r.Context(), "signup.done", slog.String("user", created.ID))
	}
	return created, err
}

// signUp checks the fields and makes the user, by open. What is wrong with a field
// is written into the form; the status is that of JSON about it.
func (v *Views) signUp(r *http.Request, b body, form *Form, open opener) (created *auth.User, status int, err error) {
	ctx := r.Context()
	user := v.readNewUser(b, form)
	mailbox := user.Email
	if form.Failed() { // nobody is to be bothered with it
		mailbox = ""
	}
	if err := v.config.Auth.Allow(r, attempts.KindSignup, mailbox); err != nil {
		return nil, 0, err
	}
	if secret := form.Fields[len(form.Fields)-1]; len(secret.Errors) == 0 {
		if err := v.judge(ctx, secret, user); err != nil {
			return nil, 0, err
		}
	}
	say := sayTaken
	name := user.Username
	if v.config.Auth.UsernameIsEmail() {
		say, name = sayEmailTaken, user.Email
	}
	hidden := v.config.SignupVerification && v.config.Auth.UsernameIsEmail() // the mail tells
	if len(form.Fields[0].Errors) == 0 && !hidden {
		taken, err := v.config.Auth.UsernameTaken(ctx, name)
		if err != nil {
			return nil, 0, err
		}
		if taken {
			form.Fields[0].Errors = []string{say}
			return nil, http.StatusConflict, nil
		}
	}
	if form.Failed() {
		return nil, http.StatusBadRequest, nil
	}
	switch created, err = open(r, user); {
	case errors.Is(err, auth.ErrUsernameTaken):
		form.Fields[0].Errors = []string{say}
	case errors.Is(err, auth.ErrEmailTaken):
		form.field("email").Errors = []string{sayEmailTaken}
	case errors.Is(err, identity.ErrInvalidUsername):
		form.Fields[0].reject(err)
		return nil, http.StatusBadRequest, nil
	case errors.Is(err, identity.ErrInvalidEmail):
		form.field("email").reject(err)
		return nil, http.StatusBadRequest, nil
	default:
		return created, 0, err
	}
	return nil, http.StatusConflict, nil
}

// judge writes into the field what the validators say against the password of a
// new user. The error is an outage.
func (v *Views) judge(ctx context.Context, secret *Field, n auth.NewUser) error {
	known := &auth.User{Username: n.Username, Email: n.Email, FirstName: n.FirstName, LastName: n.LastName}
	err := v.config.Validate(ctx, n.Password, known)
	var wrong validate.Errors
	if errors.As(err, &wrong) {
		secret.reject(wrong)
		return nil
	}
	return err
}

// readNewUser reads and checks the fields one by one.
func (v *Views) readNewUser(b body, form *Form) auth.NewUser {
	var user auth.NewUser
	for _, field := range form.Fields {
		raw, ok := field.take(b)
		if !ok {
			continue
		}
		var err error
		switch field.Name {
		case "username":
			field.Value = raw
			user.Username, err = identity.CleanUsername(raw)
		case "email":
			field.Value = raw
			user.Email, err = v.cleanEmail(raw)
			if user.Email == "" && err == nil && field.Required { // blanks
				err = identity.ErrRequired
			}
		case "password":
			user.Password = raw
			if len(raw) > maxPassword {
				err = errPasswordTooLong
			}
		}
		if err != nil {
			field.reject(err)
		}
	}
	return user
}

// passBy sends browsers that are signed in away, where the site wants it. It
// says whether it answered.
func (v *Views) passBy(w http.ResponseWriter, r *http.Request) bool {
	if !v.config.RedirectAuthenticatedUser || !negotiate.HTML(r) {
		return false
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return true
	}
	if !user.IsAuthenticated() || v.loginAsked(r) {
		return false
	}
	target := v.successURL(r, v.next(r, nil))
	if samePath(target, r) {
		if target = v.loginRedirectURL(r); samePath(target, r) {
			return false
		}
	}
	flow.Emit(r.Context(), "login.needless", slog.String("location", requestinfo.LogURL(target)))
	v.redirect(w, r, target)
	return true
}
