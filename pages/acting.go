package pages

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/sessions"
)

var sayActing = &Refusal{http.StatusForbidden, i18n.Mark("You are acting as another user in this session. " +
	"Stop that on the site first, and then come back to your account.")}

// notWhileActing closes a page of the account while its session impersonates: whose
// account the page would change is not what the person in front of it sees.
func (k *Kit) notWhileActing(view http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.FromContext(r.Context())
		if err == nil {
			_, err = session.State(r.Context()) // which loads it
		}
		if err == nil && sessionkeys.Acting(sessionkeys.Loaded(session)) {
			flow.Emit(r.Context(), "acting.refused")
			k.Refuse(w, r, sayActing)
			return
		}
		if err != nil {
			k.Fail(w, r, err)
			return
		}
		view(w, r)
	}
}
