package passkeys

import (
	"errors"
	"net/http"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
)

const purposeConfirm = "confirm"

// sayOfAnother is said about a passkey of another account, by which a user cannot confirm.
var sayOfAnother = i18n.Mark("This passkey is not one of the account in which you are signed in.")

// confirm accepts a passkey of the signed-in user as a proof that it is still them, and responds to GET
// with what the script needs for that.
func (f *Feature) confirm(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	if r.Method != http.MethodPost {
		f.beginConfirm(w, r, user)
		return
	}
	b, err := pages.ReadBody(w, r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	_, err = f.attempt(r, b, purposeConfirm, user.ID)
	if err == nil {
		err = f.Auth().ProveAgain(r, auth.Proof{Method: Method})
	}
	wrong := (*refusal)(nil)
	switch {
	case errors.As(err, &wrong):
		t, page := f.Translator(w, r), requestinfo.Below(r, safeurl.ConfirmURL)
		f.refuseTo(w, r, wrong, page, Refused{
			Message:   t.T(wrong.sentence),
			BackURL:   pages.WithQuery(page, safeurl.RedirectFieldName, f.Next(r, b)),
			BackLabel: t.T("Try again"),
		})
	case err != nil:
		f.Fail(w, r, err)
	default:
		f.Confirmed(w, r, user, f.Next(r, b))
	}
}

// beginConfirm responds with the options for one of the passkeys of the user. A browser without the
// script gets the page that asks for other proofs too.
func (f *Feature) beginConfirm(w http.ResponseWriter, r *http.Request, user *auth.User) {
	if negotiate.HTML(r) {
		page := requestinfo.Below(r, safeurl.ConfirmURL)
		f.Redirect(w, r, pages.WithQuery(page, safeurl.RedirectFieldName, f.Next(r, nil)))
		return
	}
	p, err := f.party(r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	all, err := f.accounts.Passkeys(r.Context(), user)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	challenge, sealed, err := f.challenge(w, r, p, purposeConfirm, user.ID)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	a := &account{user: user, all: all}
	pages.JSON(w, http.StatusOK, offered{protocol.PublicKeyCredentialRequestOptions{
		Challenge: challenge, RelyingPartyID: p.id, UserVerification: protocol.VerificationRequired,
		Timeout:            int(accounts.ChallengeLife.Milliseconds()),
		AllowedCredentials: webauthn.Credentials(a.WebAuthnCredentials()).CredentialDescriptors(),
	}, sealed})
}
