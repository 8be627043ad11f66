package pages

import (
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
)

// anotherField in the query of the pages for visitors asks for their form although somebody
// is signed in.
const anotherField = "another"

// signedIn is the data of signed_in.html: both ways on.
type signedIn struct {
	Next    string // where a login would have led
	Another string // the address of the form
	Label   string // of the link to it
}

// PassBy responds to browsers that are signed in and ask for a page of visitors. It tells them
// who is signed in, with a link to where a login would lead, and one to the form, whose text
// is marked by i18n.Mark. Where the site wants it, it redirects them instead. It reports
// whether it responded: a form that was sent is not its concern, nor a login that a page
// asked for.
func (k *Kit) PassBy(w http.ResponseWriter, r *http.Request, another string) bool {
	redirects := k.config.RedirectAuthenticatedUser
	wanted := r.Method == http.MethodPost || Query(r)[anotherField].Text != "" // the form
	if !negotiate.HTML(r) || wanted && !redirects {
		return false
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return true
	}
	if !user.IsAuthenticated() || k.LoginAsked(r) {
		return false
	}
	next := k.Next(r, nil)
	target := k.successURL(r, next)
	if samePath(target, r) {
		if target = k.loginRedirectURL(r); samePath(target, r) {
			return false
		}
	}
	if redirects {
		flow.Emit(r.Context(), "login.needless", slog.String("location", requestinfo.LogURL(target)))
		k.Redirect(w, r, target)
		return true
	}
	flow.Emit(r.Context(), "login.offered", slog.String("location", requestinfo.LogURL(target)))
	form := WithQuery(requestinfo.Below(r, r.URL.Path), safeurl.RedirectFieldName, next)
	k.Render(w, r, http.StatusOK, "signed_in.html", signedIn{
		Next: target, Another: WithQuery(form, anotherField, "1"), Label: k.Translator(w, r).T(another),
	})
	return true
}
