// Package signup is the pages by which people make an account: openly, with an address that is
// confirmed by a link, or by an invitation. It is on floor 4, the views: a feature.
package signup

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/userfields"
)

// Where the pages are.
const (
	URL     = pages.Path + "signup/"
	SentURL = URL + "sent/" // tells new users to look at their emails
)

//go:embed *.html openapi.json
var files embed.FS

// Options say who may sign up, and how. See views.Config.
type Options struct {
	Closed, Verification, Invitation bool
	Login                            bool // sign in new users
}

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service // nil unless Verification or Invitation
	options  Options
}

// New returns the pages. The service is needed for Verification and Invitation.
func New(k *pages.Kit, a *accounts.Service, o Options) *Feature { return &Feature{k, a, o} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	routes := []pages.Route{f.Page("signup", URL, f.serve, pages.GETAndPOST...)}
	if f.options.Verification {
		routes = append(
			routes,
			f.Page("signup_sent", SentURL, f.sent, pages.GETAndPOST...),
			f.Page("signup_confirm", accounts.SignupConfirmPath+"{token}/", f.confirm, pages.GETAndPOST...),
		)
	}
	if f.options.Invitation {
		routes = append(routes, f.Page("invitation", accounts.InvitationPath+"{token}/", f.invitation,
			pages.GETAndPOST...))
	}
	return routes
}

// sayTaken is Django's sentence about a username that exists.
var sayTaken = i18n.Mark("A user with that username already exists.")

// sayEmailTaken is Django's sentence about an email address that exists.
var sayEmailTaken = i18n.Mark("User with this Email address already exists.")

// form begins with what users sign in with, and ends with the password.
func (f *Feature) form(t *i18n.Translator, next string) *pages.Form {
	name := &pages.Field{
		Name: "username", Label: t.T("Username"), Type: "text", Autocomplete: "username",
		MaxLength: identity.MaxUsername,
		Required:  true, Help: t.T("Letters, digits and @ . + - _ only."),
	}
	email := &pages.Field{
		Name: "email", Label: t.T("Email"), Type: "email", Autocomplete: "email",
		MaxLength: pages.MaxEmail, Help: t.T("Optional."),
	}
	secret := &pages.Field{
		Name: "password", Label: t.T("Password"), Type: "password", Autocomplete: "new-password",
		Required: true,
		Help:     t.T("A few words that nobody would guess."),
	}
	if rules := f.Auth().PasswordRulesIn(t); len(rules) > 0 {
		secret.Help, secret.Rules = "", rules
	}
	fields := []*pages.Field{name, email, secret}
	if f.Auth().UsernameIsEmail() {
		email.Autocomplete, email.Required, email.Help = "username", true, ""
		fields = fields[1:]
	}
	fields = slices.Insert(fields, len(fields)-1, f.UserFields(t, (*userfields.Field).OnSignup)...)
	return &pages.Form{Submit: t.T("Create account"), Next: next, Fields: fields}
}

// serve creates a user, and a session only with Options.Login.
func (f *Feature) serve(w http.ResponseWriter, r *http.Request) {
	if refused := f.options.refusal(); refused != nil {
		f.Refuse(w, r, refused)
		return
	}
	if f.PassBy(w, r) {
		return
	}
	t := f.Translator(w, r)
	var created *auth.User
	note := pages.Note{Page: "signup_sent"}
	f.ServeForm(w, r, pages.FormView{
		Template: "signup.html",
		Shown:    "signup.form", Refused: "signup.refused", Failed: "signup.failed",
		Form: func(b pages.Body) *pages.Form { return f.openForm(t, f.Next(r, b)) },
		Act: func(b pages.Body, form *pages.Form) (err error) {
			open := f.create
			if f.options.Verification {
				open = f.begin(t.Code(), &note)
			}
			created, err = f.signUp(r, b, form, open)
			return err
		},
		Done: func(form *pages.Form) {
			if f.options.Verification {
				f.Sent(w, r, note, saySent)
				return
			}
			f.sayCreated(w, r, created, form.Next)
		},
	})
}

// refusal reports why nobody may sign up by the page, or is nil.
func (o Options) refusal() *pages.Refusal {
	switch {
	case o.Closed:
		return &pages.Refusal{
			Status: http.StatusForbidden, Sentence: i18n.Mark("Accounts are not made on this page. Ask the " +
				"people who run this site for one."),
		}
	case o.Invitation:
		return &pages.Refusal{
			Status: http.StatusForbidden, Sentence: i18n.Mark("Accounts are made by invitation here. Ask " +
				"the people who run this site for one, and open the link in it."),
		}
	}
	return nil
}

// sayCreated redirects a browser to the login page, which says that the account is
// made and has the name filled in; or signs the user in, if Options.Login says so and the
// user has just chosen the password, which is never so with Options.Verification.
func (f *Feature) sayCreated(w http.ResponseWriter, r *http.Request, created *auth.User, next string) {
	const message = "User created successfully"
	switch {
	case f.options.Login && !f.options.Verification:
		created.Backend = f.Auth().PasswordBackend()
		f.Enter(w, r, pages.Entry{User: created, Next: next, Status: http.StatusCreated, Message: message})
	case negotiate.HTML(r):
		f.LeadToLogin(w, r, created, next, f.Translator(w, r).T("Your account is ready. Log in to go on."))
	default:
		pages.JSON(w, http.StatusCreated, map[string]string{"message": message})
	}
}

// opener creates a user of what was typed, at once, or none yet.
type opener func(r *http.Request, n auth.NewUser) (*auth.User, error)

// create is an opener that makes the user at once.
func (f *Feature) create(r *http.Request, n auth.NewUser) (*auth.User, error) {
	created, err := f.Auth().CreateUser(hooks.WithRequest(r), n)
	if err == nil {
		flow.Emit(r.Context(), "signup.done", slog.String("user", created.ID))
	}
	return created, err
}

// signUp checks the fields and makes the user, by open. What is wrong with a field
// is written into the form.
func (f *Feature) signUp(r *http.Request, b pages.Body, form *pages.Form, open opener) (*auth.User, error) {
	ctx := r.Context()
	user := f.read(b, form)
	mailbox := user.Email
	if form.Failed() { // nobody is to be bothered with it
		mailbox = ""
	}
	if err := f.Auth().Allow(r, attempts.KindSignup, mailbox); err != nil {
		return nil, err
	}
	if secret := form.Fields[len(form.Fields)-1]; len(secret.Errors) == 0 {
		if err := f.judge(ctx, secret, user); err != nil {
			return nil, err
		}
	}
	if err := f.lookForName(ctx, user, form); err != nil || form.Failed() {
		return nil, err
	}
	created, err := open(r, user)
	switch {
	case errors.Is(err, auth.ErrUsernameTaken):
		f.rejectTaken(form, form.Fields[0])
	case errors.Is(err, auth.ErrEmailTaken):
		form.Field("email").Errors, form.Status = []string{sayEmailTaken}, http.StatusConflict
	case errors.Is(err, identity.ErrInvalidUsername):
		form.Fields[0].Reject(err)
	case errors.Is(err, identity.ErrInvalidEmail):
		form.Field("email").Reject(err)
	case form.RejectUnstorable(err):
	default:
		return created, err
	}
	return nil, nil
}

// lookForName rejects a name that another user has. Where users sign in by an address that is
// confirmed, it says nothing: the email does.
func (f *Feature) lookForName(ctx context.Context, n auth.NewUser, form *pages.Form) error {
	name, byEmail := n.Username, f.Auth().UsernameIsEmail()
	if byEmail {
		name = n.Email
	}
	if len(form.Fields[0].Errors) > 0 || byEmail && f.options.Verification {
		return nil
	}
	taken, err := f.Auth().UsernameTaken(ctx, name)
	if taken {
		f.rejectTaken(form, form.Fields[0])
	}
	return err
}

// rejectTaken reports that another user has the name.
func (f *Feature) rejectTaken(form *pages.Form, name *pages.Field) {
	say := sayTaken
	if f.Auth().UsernameIsEmail() {
		say = sayEmailTaken
	}
	name.Errors, form.Status = []string{say}, http.StatusConflict
}

// judge writes into the field what the validators say against the password of a new user. The
// error is a failure.
func (f *Feature) judge(ctx context.Context, secret *pages.Field, n auth.NewUser) error {
	known := &auth.User{Username: n.Username, Email: n.Email, FirstName: n.FirstName, LastName: n.LastName}
	return f.Judge(ctx, secret, n.Password, known)
}

// read reads and checks the fields one by one.
func (f *Feature) read(b pages.Body, form *pages.Form) (user auth.NewUser) {
	user.Extra = pages.TakeDeclared(b, form.Fields)
	for _, field := range form.Fields {
		if field.IsDeclared() {
			continue
		}
		if field.Name == "password" {
			user.Password = field.TakeFirstPassword(b)
			continue
		}
		raw, ok := field.Take(b)
		if !ok {
			continue
		}
		field.Value = raw
		var err error
		switch field.Name {
		case "username":
			user.Username, err = identity.CleanUsername(raw)
		case "email":
			user.Email, err = f.CleanEmail(raw)
			if user.Email == "" && err == nil && field.Required { // spaces
				err = identity.ErrRequired
			}
		}
		if err != nil {
			field.Reject(err)
		}
	}
	return user
}
