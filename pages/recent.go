package pages

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
)

// defaultRecentProof is Config.RecentProof when zero.
const defaultRecentProof = 5 * time.Minute

// RecentProof is that of the configuration; negative where pages ask for no proof.
func (k *Kit) RecentProof() time.Duration { return k.config.RecentProof }

// Recent returns a view for users whose last proof of who they are is recent: see
// Config.RecentProof. Others confirm first that it is them, and come back. Of a form that they
// sent, the fields of these names are kept until then and filled in again; a field with a secret
// must not be among them.
func (k *Kit) Recent(view http.HandlerFunc, keep ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch recent, err := k.isRecent(r); {
		case err != nil:
			k.Fail(w, r, err)
		case !recent:
			k.askProof(w, r, keep)
		case r.Method == http.MethodGet:
			resumed, _, err := k.takeKept(r)
			if err != nil {
				k.Fail(w, r, err)
				return
			}
			view(w, resumed)
		default:
			view(w, r)
		}
	}
}

// RecentWithoutPassword is Recent for the view of a form that has the field of OwnPassword, which
// is a proof by itself: users who have a password are asked for nothing else.
func (k *Kit) RecentWithoutPassword(view http.HandlerFunc, keep ...string) http.HandlerFunc {
	recent := k.Recent(view, keep...)
	return func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		switch {
		case err != nil:
			k.Fail(w, r, err)
		case user.Password.Usable():
			view(w, r)
		default:
			recent(w, r)
		}
	}
}

// RecentButton is Button for a view that Recent wraps. What the button sends is kept as by Recent,
// and done once the user has confirmed.
func (k *Kit) RecentButton(view http.HandlerFunc, page string, keep ...string) http.Handler {
	posted := k.Private(k.Recent(view, keep...), http.MethodPost)
	back := k.Private(k.Recent(func(w http.ResponseWriter, r *http.Request) {
		if b := keptIn(r); b != nil {
			view(w, asPost(r, b))
			return
		}
		k.GoTo(w, r, page)
	}), http.MethodGet)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !negotiate.HTML(r) {
			posted.ServeHTTP(w, r)
			return
		}
		if Query(r)[keptField].Text == "" {
			k.GoTo(w, r, page)
			return
		}
		back.ServeHTTP(w, r)
	})
}

// isRecent reports whether the user of the request may go on without another proof.
func (k *Kit) isRecent(r *http.Request) (bool, error) {
	if k.config.RecentProof < 0 {
		return true, nil
	}
	return k.config.Auth.LoginIsFresh(r.Context(), k.config.RecentProof)
}

// Confirmed responds to a user who has confirmed, and leads back to the page that asked for it.
func (k *Kit) Confirmed(w http.ResponseWriter, r *http.Request, user *auth.User, next string) {
	flow.Emit(r.Context(), "confirm.done", slog.String("user", user.ID))
	if !negotiate.HTML(r) {
		JSON(w, http.StatusOK, map[string]string{"message": "Confirmed"})
		return
	}
	k.Redirect(w, r, k.SuccessURL(r, next))
}

// askProof leads to the page to confirm, which leads back with what was kept of a form.
func (k *Kit) askProof(w http.ResponseWriter, r *http.Request, keep []string) {
	if r.Method == http.MethodPost && negotiate.HTML(r) {
		b, err := ReadBody(w, r)
		if err != nil {
			k.Fail(w, r, err)
			return
		}
		if r, err = k.keepForm(r, b, keep); err != nil {
			k.Fail(w, r, err)
			return
		}
	}
	middleware.ChallengeAgain(w, r, requestinfo.Below(r, safeurl.ConfirmURL), safeurl.RedirectFieldName,
		k.config.RecentProof)
}
