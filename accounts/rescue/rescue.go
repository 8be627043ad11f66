// Package rescue is the page of the link "this wasn't me", which notices have.
// It is on floor 4, the views: a feature.
package rescue

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
)

//go:embed *.html openapi.json
var files embed.FS

// Feature is the page.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
}

// New returns the page; none without a service that sends email and ends sessions.
func New(k *pages.Kit, a *accounts.Service) *Feature { return &Feature{k, a} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	if f.accounts == nil || !f.accounts.SendsMail() || !f.accounts.EndsSessions() {
		return nil
	}
	return []pages.Route{f.Page("not_me", accounts.DisownPath+"{token}/", f.serve, pages.GETAndPOST...)}
}

// serve shows what the link "this wasn't me" of a notice does, and does it by POST. It
// asks for no login: somebody else may be signed in.
func (f *Feature) serve(w http.ResponseWriter, r *http.Request) {
	t, token := f.Translator(w, r), r.PathValue("token")
	if r.Method == http.MethodPost {
		done, err := f.accounts.Rescue(hooks.WithRequest(r), token, t.Code())
		if err != nil {
			f.reject(w, r, err)
			return
		}
		flow.Emit(r.Context(), "rescue.done", slog.Int("sessions", done.Ended))
		f.say(w, r, "not_me_done.html", rescued(t, done), done)
		return
	}
	todo, err := f.accounts.Rescuable(r.Context(), token)
	if err != nil {
		f.reject(w, r, err)
		return
	}
	f.say(w, r, "not_me.html", rescues(t, todo), todo)
}

// Page is what not_me.html and not_me_done.html show: what the link does, or has
// done, a sentence each.
type Page struct {
	Steps []string
}

// say shows the steps. A program gets what they are about.
func (f *Feature) say(
	w http.ResponseWriter, r *http.Request, page string, steps []string, about accounts.Rescue,
) {
	if negotiate.HTML(r) {
		f.Render(w, r, http.StatusOK, page, Page{steps})
		return
	}
	answer := map[string]any{
		"message": "Send a POST to end every session and the password",
		"address": about.Address, "mailbox": about.Mailbox,
	}
	if r.Method == http.MethodPost {
		answer["message"], answer["ended"] = "Every session of the account has ended", about.Ended
	}
	pages.JSON(w, http.StatusOK, answer)
}

// rescues reports what the link does.
func rescues(t *i18n.Translator, todo accounts.Rescue) []string {
	steps := []string{t.T("You are signed out everywhere, here too.")}
	if todo.Mailbox != "" {
		steps = append(steps, t.T("Your password stops working, and we send a link to a new one to "+
			"%(email)s.", "email", todo.Mailbox))
	}
	if todo.Address != "" {
		steps = append(steps, t.T("Your account gets its address %(email)s back.", "email", todo.Address))
	}
	return steps
}

// rescued reports what the link has done, and nothing else.
func rescued(t *i18n.Translator, done accounts.Rescue) []string {
	steps := []string{t.T("You are signed out everywhere.")}
	if done.Mailbox != "" {
		steps = append(steps, t.T("Your password no longer works, and a link to a new one is on its way to "+
			"%(email)s.", "email", done.Mailbox))
	}
	if done.Address != "" {
		steps = append(steps, t.T("Your account has its address %(email)s back.", "email", done.Address))
	}
	return steps
}

// reject responds where the link did nothing.
func (f *Feature) reject(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, accounts.ErrLink) {
		f.Fail(w, r, err)
		return
	}
	t := f.Translator(w, r)
	f.RejectLink(w, r, http.StatusGone, pages.LinkPage{
		Title: t.T(pages.TooOld), URL: cmp.Or(f.URL(r, "password_reset"), f.LoginURL(r)), Label: t.T("Go on"),
		Message: t.T("If somebody else may be in your account, choose a new password now: that ends every " +
			"session."),
	})
}
