package totp

import (
	"errors"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// trustField is the box by which users trust a device.
const trustField = "trust"

// pending returns the login that waits for the step at this address. Otherwise it responds, and
// returns nil: a browser is led to the login page or to the step that comes first, and a program gets
// 403.
func (f *Feature) pending(w http.ResponseWriter, r *http.Request, url string) *auth.Pending {
	p, err := f.Auth().Continue(r)
	if err == nil && p.Next == nil { // nothing is asked for any more: the login begins anew
		err = auth.ErrNoPending
	}
	switch {
	case errors.Is(err, auth.ErrNoPending) && negotiate.HTML(r):
		notice := ""
		if r.Method == http.MethodPost {
			notice = f.Translator(w, r).T("This login has ended. Please log in again.")
		}
		f.leadBack(w, r, notice)
		return nil
	case err != nil:
		f.Fail(w, r, err)
		return nil
	case p.Next.URL() != url:
		f.LeadToStep(w, r, p.Next, f.Next(r, nil))
		return nil
	}
	return p
}

// leadBack redirects a browser to the login page.
func (f *Feature) leadBack(w http.ResponseWriter, r *http.Request, notice string) {
	f.LeadToLogin(w, r, nil, f.Next(r, nil), notice)
}

// codeForm asks for a code, or for a recovery code.
func (f *Feature) codeForm(r *http.Request, t *i18n.Translator, b pages.Body) *pages.Form {
	_, recovery := pages.Query(r)["recovery"]
	form := &pages.Form{
		Submit: t.T("Log in"), Busy: t.T("Logging in…"), Next: f.Next(r, b),
		Fields: []*pages.Field{codeField(t, recovery)},
	}
	form.About = Step{recovery, f.otherWay(r, form.Next, recovery)}
	if days := int(f.factors.TrustDevices() / (24 * time.Hour)); days > 0 {
		form.Fields = append(form.Fields, &pages.Field{
			Name: trustField, Type: pages.Checkbox,
			Label: t.N("Do not ask again on this device for %(count)d day",
				"Do not ask again on this device for %(count)d days", days, "count", days),
		})
	}
	return form
}

// Step is what login_code.html shows beside the form.
type Step struct {
	Recovery bool   // the form asks for a recovery code
	Other    string // the address of the form that asks for the other kind of code
}

// otherWay is the address of the form that asks for the other kind of code.
func (f *Feature) otherWay(r *http.Request, next string, recovery bool) string {
	target := requestinfo.Below(r, twofactor.CodeURL)
	if !recovery {
		target += "?recovery"
	}
	return pages.WithQuery(target, safeurl.RedirectFieldName, next)
}

// code asks for the code of a login, and completes it.
func (f *Feature) code(w http.ResponseWriter, r *http.Request) {
	p := f.pending(w, r, twofactor.CodeURL)
	if p == nil {
		return
	}
	t := f.Translator(w, r)
	entry := pages.Entry{Status: http.StatusOK, Message: "Login successful"}
	proof := auth.Proof{}
	f.ServeForm(w, r, pages.FormView{
		Template: "login_code.html",
		Shown:    "code.form", Refused: "code.refused", Failed: "code.failed",
		Form: func(b pages.Body) *pages.Form { return f.codeForm(r, t, b) },
		Act: func(b pages.Body, form *pages.Form) (err error) {
			entry.Next = form.Next
			proof.Method, entry.Notice, err = f.prove(w, r, t, b, form, p)
			return err
		},
		Done: func(*pages.Form) { f.EnterStep(w, r, p, proof, entry) },
	})
}

// prove checks the code of a login, and keeps what was chosen with it. It returns the method of the
// proof, and a notice for the next page.
func (f *Feature) prove(
	w http.ResponseWriter, r *http.Request, t *i18n.Translator, b pages.Body, form *pages.Form,
	p *auth.Pending,
) (method, notice string, err error) {
	user, trust := p.User, f.takeTrust(b, form)
	shown, err := f.takeCode(r, b, form, user)
	if err != nil || form.Failed() {
		return "", "", err
	}
	if shown.Method == twofactor.MethodRecovery {
		left, err := f.recovered(r, user)
		if err != nil {
			return "", "", err
		}
		notice = t.T("You used a recovery code.") + " " +
			t.N("You have %(count)d recovery code left.", "You have %(count)d recovery codes left.",
				left, "count", left)
	}
	session, err := sessions.FromContext(r.Context())
	if err == nil {
		err = shown.Keep(r.Context(), session, p)
	}
	if err == nil && trust {
		err = f.factors.Trust(w, r, user)
	}
	return shown.Method, notice, err
}

// takeTrust reads the box by which users trust a device, where the form has it.
func (f *Feature) takeTrust(b pages.Body, form *pages.Form) bool {
	for _, field := range form.Fields {
		if field.Name == trustField {
			return field.TakeChoice(b) == pages.Yes
		}
	}
	return false
}
