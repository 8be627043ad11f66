package views

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
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
func (v *Views) describeUser(r *http.Request, u *auth.User) (*userJSON, error) {
	fields, err := v.fieldValues(u)
	if err != nil {
		return nil, err
	}
	described := &userJSON{u.ID, u.Username, u.Email, u.IsStaff, u.IsSuperuser, fields, nil}
	if query(r)[permissionsField].text != "1" {
		return described, nil
	}
	all, err := v.config.Auth.AllPermissions(r.Context(), u)
	if err != nil {
		return nil, err
	}
	all = append([]string{}, all...) // none is [] in JSON, and not null
	described.Permissions = &all
	return described, nil
}

// sayProfile tells a program who is signed in.
func (v *Views) sayProfile(w http.ResponseWriter, r *http.Request, u *auth.User) {
	described, err := v.describeUser(r, u)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	sayJSON(w, http.StatusOK, profileJSON{"private data", described})
}

// sayLogin tells a program that a login is complete, and whose it is.
func (v *Views) sayLogin(w http.ResponseWriter, r *http.Request, status int, message string, u *auth.User) {
	described, err := v.describeUser(r, u)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	sayJSON(w, status, loginJSON{message, described})
}
