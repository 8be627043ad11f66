package passkeys

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
)

const purposeLogin = "login"

// What is said about logins by a passkey that failed.
var (
	sayUnknown = i18n.Mark("This passkey is not known here any more. Log in with your password, or with " +
		"another passkey.")
	sayLoginStale = i18n.Mark("The login page was open for too long, or was used already. Please try " +
		"again.")
	sayLoginWrong = i18n.Mark("This passkey could not be checked. Try again, or log in with your password.")
	sayInactive   = i18n.Mark("This account is inactive.")
	sayCopied     = i18n.Mark("This passkey may have been copied, so it does not sign in any more. Log in " +
		"in another way, remove it from your account, and add a new one.")
)

// refusal is a login by a passkey that failed, with the sentence about it.
type refusal struct {
	sentence string
	unknown  string // the ID of a credential that the browser may forget
	party    party
	why      error
}

func (e *refusal) Error() string { return e.sentence }

// tell reports to the flow why the login was refused.
func (e *refusal) tell(ctx context.Context) {
	why := e.why.Error()
	if wrong := (*protocol.Error)(nil); errors.As(e.why, &wrong) {
		why = wrong.Details
	}
	flow.Emit(ctx, "passkey.wrong", slog.String("why", why))
}

// Refused is what passkey_refused.html shows.
type Refused struct {
	Message string
	// BackURL leads back to the page that asked for the passkey, whose link says BackLabel.
	BackURL, BackLabel string
	// RPID and Unknown tell the browser which passkey is not known here; Unknown is mostly
	// empty.
	RPID, Unknown string
}

// login signs in the user of a passkey, and responds to GET with what the script needs for that.
func (f *Feature) login(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		f.begin(w, r)
		return
	}
	b, err := pages.ReadBody(w, r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	user, err := f.attempt(r, b, purposeLogin, "")
	wrong := (*refusal)(nil)
	switch {
	case errors.As(err, &wrong):
		f.refuse(w, r, b, wrong)
	case err != nil:
		f.Fail(w, r, err)
	default:
		flow.Emit(r.Context(), "passkey.login", slog.String("user", user.ID))
		remember := &pages.Field{Name: "remember"}
		f.Enter(w, r, pages.Entry{
			User: user, Method: Method, Next: f.Next(r, b), Remember: remember.TakeChoice(b),
			Status: http.StatusOK, Message: "Login successful",
		})
	}
}

// attempt is signedBy, which counts like a guess of a password.
func (f *Feature) attempt(r *http.Request, b pages.Body, purpose, userID string) (*auth.User, error) {
	right, err := f.Auth().Attempt(r)
	if err != nil {
		return nil, err
	}
	user, err := f.signedBy(r, b, purpose, userID)
	if wrong := (*refusal)(nil); errors.As(err, &wrong) {
		wrong.tell(r.Context())
		return nil, cmp.Or(f.Auth().FailAttempt(r), err)
	}
	right()
	return user, err
}

// begin responds with the options for a login. Nobody has to say who they are. A browser without
// the script gets the login page.
func (f *Feature) begin(w http.ResponseWriter, r *http.Request) {
	if negotiate.HTML(r) {
		f.Redirect(w, r, pages.WithQuery(f.LoginURL(r), "next", f.Next(r, nil)))
		return
	}
	p, err := f.party(r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	challenge, sealed, err := f.challenge(w, r, p, purposeLogin, "")
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	pages.JSON(w, http.StatusOK, offered{protocol.PublicKeyCredentialRequestOptions{
		Challenge: challenge, RelyingPartyID: p.id, UserVerification: protocol.VerificationRequired,
		Timeout: int(accounts.ChallengeLife.Milliseconds()),
	}, sealed})
}

// signedBy returns the user whose passkey has signed the challenge for a purpose, which is used up
// then. Where a user asked for the challenge, it is a passkey of that user. The error is a
// *refusal, or a failure.
func (f *Feature) signedBy(r *http.Request, b pages.Body, purpose, userID string) (*auth.User, error) {
	p, err := f.party(r)
	if err != nil {
		return nil, err
	}
	parsed, err := parseSigned(b["credential"].Text)
	if err != nil {
		return nil, &refusal{sentence: sayLoginWrong, why: err}
	}
	c, err := f.opened(r, p, b["state"].Text, purpose, userID)
	if err != nil {
		return nil, &refusal{sentence: sayLoginStale, why: err}
	}
	stored, err := f.accounts.PasskeyByHash(r.Context(), accounts.PasskeyHash(parsed.RawID))
	if errors.Is(err, accounts.ErrNoPasskey) {
		return nil, &refusal{sentence: sayUnknown, unknown: parsed.ID, party: p, why: err}
	}
	if err != nil {
		return nil, err
	}
	if userID != "" && stored.UserID != userID {
		return nil, &refusal{sentence: sayOfAnother, why: accounts.ErrNoPasskey}
	}
	used, err := f.checked(r, p, c, *stored, parsed)
	if err != nil {
		return nil, err
	}
	user, err := f.Auth().UserToLogin(r.Context(), used.UserID)
	switch {
	case errors.Is(err, auth.ErrInactive):
		return nil, &refusal{sentence: sayInactive, why: err}
	case errors.Is(err, auth.ErrNoUser):
		return nil, &refusal{sentence: sayUnknown, unknown: parsed.ID, party: p, why: err}
	case err != nil:
		return nil, err
	}
	err = f.accounts.UsePasskey(r, user, c, used)
	switch {
	case errors.Is(err, accounts.ErrChallenge):
		return nil, &refusal{sentence: sayLoginStale, why: err}
	case errors.Is(err, accounts.ErrPasskeyCopied):
		return nil, &refusal{sentence: sayCopied, why: err}
	case errors.Is(err, accounts.ErrNoPasskey):
		return nil, &refusal{sentence: sayUnknown, unknown: parsed.ID, party: p, why: err}
	}
	return user, err
}

// checked checks the signature of a passkey, and returns the passkey as it is after this use.
func (f *Feature) checked(
	r *http.Request, p party, c accounts.Challenge, stored own.Passkey,
	parsed *protocol.ParsedCredentialAssertionData,
) (own.Passkey, error) {
	verifier, err := f.verifier(p)
	if err != nil {
		return stored, err
	}
	handle, err := f.accounts.PasskeyHandle(r.Context(), stored.UserID, false)
	if err != nil {
		return stored, err
	}
	if c.UserID != "" && len(parsed.Response.UserHandle) == 0 {
		parsed.Response.UserHandle = handle // which authenticators may leave out of a chosen credential
	}
	owner := &account{&auth.User{ID: stored.UserID}, handle, []own.Passkey{stored}}
	_, signed, err := verifier.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) {
		return owner, nil
	}, session(c, nil), parsed)
	if err != nil {
		return stored, &refusal{sentence: sayLoginWrong, why: refused(err)}
	}
	stored.SignCount = int64(parsed.Response.AuthenticatorData.Counter)
	stored.BackedUp = signed.Flags.BackupState
	return stored, nil
}

// parseSigned parses what navigator.credentials.get returned, as JSON.
func parseSigned(response string) (*protocol.ParsedCredentialAssertionData, error) {
	if len(response) > maxCredential {
		return nil, protocol.ErrBadRequest.WithDetails("the response is too large")
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(response))
	return parsed, refused(err)
}

// refuse responds to a login that failed: with a page that leads back, or with 401.
func (f *Feature) refuse(w http.ResponseWriter, r *http.Request, b pages.Body, e *refusal) {
	t := f.Translator(w, r)
	f.refuseTo(w, r, e, f.LoginURL(r), Refused{
		Message:   t.T(e.sentence),
		BackURL:   pages.WithQuery(f.LoginURL(r), "next", f.Next(r, b)),
		BackLabel: t.T("Log in"),
	})
}

// refuseTo responds with the page, or with 401 and the challenge to a form.
func (f *Feature) refuseTo(w http.ResponseWriter, r *http.Request, e *refusal, form string, page Refused) {
	t := f.Translator(w, r)
	if negotiate.HTML(r) {
		page.RPID, page.Unknown = e.party.id, e.unknown
		f.Render(w, r, http.StatusOK, "passkey_refused.html", page)
		return
	}
	w.Header().Set("WWW-Authenticate", httptext.LoginChallenge(form))
	pages.JSON(w, http.StatusUnauthorized, map[string]string{"error": t.T(e.sentence)})
}
