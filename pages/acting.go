package pages

import (
	"net/http"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/sessions"
)

// actingKeys are what the Django applications by which staff act as another user keep in
// the session concurrently: django-impersonate, django-hijack, django-loginas and django-su.
var actingKeys = [...]string{"_impersonate", "hijack_history", "loginas_from_user", "exit_users_pk"}

var sayActing = &Refusal{http.StatusForbidden, i18n.Mark("You are acting as another user in this session. " +
	"Stop that on the site first, and then come back to your account.")}

// notWhileActing closes a page of the account while its session impersonates: whose
// account the page would change is not what the person in front of it sees.
func (k *Kit) notWhileActing(view http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.FromContext(r.Context())
		for _, key := range actingKeys {
			if err != nil {
				break
			}
			var text string
			text, _, err = session.Get(r.Context(), key)
			if text != "" && text != "null" && text != "[]" && text != "false" {
				flow.Emit(r.Context(), "acting.refused")
				k.Refuse(w, r, sayActing)
				return
			}
		}
		if err != nil {
			k.Fail(w, r, err)
			return
		}
		view(w, r)
	}
}
