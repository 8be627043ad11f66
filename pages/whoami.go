package pages

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// permissionsField in the query asks for the user's permissions in JSON.
const permissionsField = "permissions"

// userJSON is a user in JSON. The names are those of Django's fields.
type userJSON struct {
	ID          string `json:"id"` // a text, since user models have UUIDs too
	Username    string `json:"username"`
	Email       string `json:"email"`
	IsStaff     bool   `json:"is_staff"`
	IsSuperuser bool   `json:"is_superuser"`
	// Fields are those of the user model that the profile shows; none where it has none.
	Fields map[string]any `json:"fields,omitempty"`
	// Permissions is nil where nobody asked.
	Permissions *[]string `json:"permissions,omitempty"`
}

// profileJSON and loginJSON are what programs get of a profile and of a login.
type (
	profileJSON struct {
		Profile string    `json:"profile"`
		User    *userJSON `json:"user"`
	}
	loginJSON struct {
		Message string    `json:"message"`
		User    *userJSON `json:"user"`
	}
)

// describeUser returns a user for JSON, with permissions if the query has permissions=1.
func (k *Kit) describeUser(r *http.Request, u *auth.User) (*userJSON, error) {
	fields, err := k.fieldValues(u)
	if err != nil {
		return nil, err
	}
	described := &userJSON{u.ID, u.Username, u.Email, u.IsStaff, u.IsSuperuser, fields, nil}
	if Query(r)[permissionsField].Text != "1" {
		return described, nil
	}
	all, err := k.config.Auth.AllPermissions(r.Context(), u)
	if err != nil {
		return nil, err
	}
	all = append([]string{}, all...) // none is [] in JSON, and not null
	described.Permissions = &all
	return described, nil
}

// describe responds with JSON about a user.
func (k *Kit) describe(
	w http.ResponseWriter, r *http.Request, u *auth.User, status int, with func(*userJSON) any,
) {
	described, err := k.describeUser(r, u)
	if err != nil {
		k.Fail(w, r, err)
		return
	}
	JSON(w, status, with(described))
}

// SayProfile reports to a program who is signed in.
func (k *Kit) SayProfile(w http.ResponseWriter, r *http.Request, u *auth.User) {
	k.describe(w, r, u, http.StatusOK, func(u *userJSON) any { return profileJSON{"private data", u} })
}

// ProfileChanged ends a change of a user: it leads browsers back to the profile, which shows the
// notice once, and reports to a program, with a message, what the user is now.
func (k *Kit) ProfileChanged(
	w http.ResponseWriter, r *http.Request, u *auth.User, notice, message string,
) {
	if negotiate.HTML(r) {
		k.Finish(w, r, Path+"profile/", notice, message)
		return
	}
	k.SayUser(w, r, u, message)
}

// SayUser reports to a program, with a message, what a user is now.
func (k *Kit) SayUser(w http.ResponseWriter, r *http.Request, u *auth.User, message string) {
	k.describe(w, r, u, http.StatusOK, func(u *userJSON) any { return loginJSON{message, u} })
}
