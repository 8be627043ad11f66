// Package confirm is the page at which users who are signed in show again who they are, for pages
// that want a recent proof. It is on floor 4, the views: a feature.
package confirm

import (
	"embed"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
)

// URL is the address of the page.
const URL = safeurl.ConfirmURL

//go:embed *.html openapi.json
var files embed.FS

// Feature is the page.
type Feature struct {
	*pages.Kit
	factors  *twofactor.Service // nil for no codes
	accounts *accounts.Service  // nil for no passkeys
}

// New returns the page. Both services may be nil.
func New(k *pages.Kit, factors *twofactor.Service, a *accounts.Service) *Feature {
	return &Feature{k, factors, a}
}

// Files are the page, and its description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	return []pages.Route{f.PrivatePage("confirm", URL, f.serve, pages.GETAndPOST...)}
}

// Means are the ways in which a user can confirm.
type Means struct {
	Password, Code bool
	// Passkey is where the script asks for a passkey and sends one; empty for none.
	Passkey string
}

// None reports whether there is no way.
func (m Means) None() bool { return !m.Password && !m.Code && m.Passkey == "" }

// names lists them for programs.
func (m Means) names() []string {
	names := []string{}
	for _, one := range []struct {
		name string
		has  bool
	}{{"password", m.Password}, {"code", m.Code}, {"passkey", m.Passkey != ""}} {
		if one.has {
			names = append(names, one.name)
		}
	}
	return names
}

// means returns the ways of a user.
func (f *Feature) means(r *http.Request, user *auth.User) (m Means, err error) {
	m.Password = user.Password.Usable()
	if f.factors != nil {
		state, err := f.factors.State(r.Context(), user)
		if err != nil {
			return m, err
		}
		m.Code = state.Has() || state.Django
	}
	if url := f.URL(r, "passkey_confirm"); url != "" && f.accounts != nil {
		all, err := f.accounts.Passkeys(r.Context(), user)
		if err != nil {
			return m, err
		}
		if len(all) > 0 {
			m.Passkey = url
		}
	}
	return m, nil
}

// serve asks for one of the means, and leads back to the page that wants a recent proof.
func (f *Feature) serve(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	var m Means
	if err == nil {
		m, err = f.means(r, user)
	}
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	if m.None() {
		flow.Emit(r.Context(), "confirm.no_means", slog.String("user", user.ID))
	}
	if r.Method != http.MethodPost && !negotiate.HTML(r) {
		describe(w, m)
		return
	}
	t, next := f.Translator(w, r), ""
	f.ServeForm(w, r, pages.FormView{
		Template: "confirm.html",
		Shown:    "confirm.form", Refused: "confirm.refused", Failed: "confirm.failed",
		Form: func(b pages.Body) *pages.Form {
			form := f.form(t, m, user)
			form.Next = f.Next(r, b)
			next = form.Next
			return form
		},
		Act:  func(b pages.Body, form *pages.Form) error { return f.prove(r, b, form, m, user) },
		Done: func(*pages.Form) { f.Confirmed(w, r, user, next) },
	})
}

// describe reports to a program how to confirm.
func describe(w http.ResponseWriter, m Means) {
	said := map[string]any{
		"message": "Send password or code by POST, as a form or as JSON.", "means": m.names(),
	}
	if m.Passkey != "" {
		said["passkey_url"] = m.Passkey
	}
	pages.JSON(w, http.StatusOK, said)
}

// Page is what confirm.html shows beside the form.
type Page struct {
	Means
	Username string
}

// form asks for what the user has.
func (f *Feature) form(t *i18n.Translator, m Means, user *auth.User) *pages.Form {
	form := &pages.Form{Submit: t.T("Confirm"), Own: true, About: Page{m, user.String()}}
	if m.Password {
		field := pages.PresentPassword(t)
		field.Help, field.Required = "", !m.Code
		if m.Passkey != "" { // which browsers offer there
			field.Autocomplete = "current-password webauthn"
		}
		form.Fields = append(form.Fields, field)
	}
	if m.Code {
		field := &pages.Field{
			Name: "code", Label: t.T("Code, or a recovery code"), Type: "text",
			Autocomplete: "one-time-code", MaxLength: 64, Required: !m.Password,
		}
		if m.Password {
			field.Help = t.T("In place of your password, if you like.")
		}
		form.Fields = append(form.Fields, field)
	}
	return form
}
